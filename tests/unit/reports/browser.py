"""Open a page in a real browser, run a script on it, and return what the script found."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
NOT_RUN: Final = (
    "the web page was NOT tried in a browser: there is no Chromium (apt-get install chromium)"
)
_FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--allow-file-access-from-files",
    "--virtual-time-budget=5000",
)
_SECONDS: Final = 120
# The page forbids scripts of others, so that a page around it does the trying.
_AROUND: Final = """<!DOCTYPE html>
<iframe src="%s" style="width: %dpx; height: 900px; border: 0"></iframe>
<pre id="found"></pre>
<script>
document.querySelector("iframe").addEventListener("load", (event) => {
  const view = event.target.contentWindow;
  const page = view.document;
  const found = {};
  try { %s } catch (error) { found.error = String(error); }
  document.querySelector("#found").textContent = JSON.stringify(found);
});
</script>
"""


def try_page(
    folder: Path, page: str, script: str, *, width: int = 1280, dark: bool = False
) -> dict[str, Any]:
    """Open a page of a width, run a script with `view`, `page` and `found`; return `found`."""
    (folder / "page.html").write_text(page, encoding="utf-8")
    around = folder / "around.html"
    around.write_text(_AROUND % ("page.html", width, script), encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - found on the path
        [
            CHROMIUM or "chromium",
            *_FLAGS,
            f"--user-data-dir={folder / 'profile'}",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            "--dump-dom",
            around.as_uri(),
        ],
        capture_output=True,
        check=True,
        timeout=_SECONDS,
    )
    output = re.search(r'<pre id="found">(.*?)</pre>', done.stdout.decode(), re.DOTALL)
    assert output, done.stderr.decode()
    found: dict[str, Any] = json.loads(html.unescape(output[1]))
    assert "error" not in found, found
    return found
