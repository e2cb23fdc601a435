"""Open pages in a real browser, run a script on each, and return what the scripts found."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
# A page forbids scripts of others, so that a page around it does the trying.
_AROUND: Final = """<!DOCTYPE html>
%s
<pre id="found"></pre>
<script>
const scripts = [%s];
addEventListener("load", () => {
  const all = [...document.querySelectorAll("iframe")].map((frame, index) => {
    const view = frame.contentWindow;
    const found = {};
    try {
      scripts[index](view, view.document, found);
    } catch (error) {
      found.error = String(error);
    }
    return found;
  });
  document.querySelector("#found").textContent = JSON.stringify(all);
});
</script>
"""

_FRAME: Final = "height: 900px; border: 0; display: block"

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Try:
    """A page of a width, and a script that reads `view` and `page` and sets keys of `found`."""

    page: Callable[[], str]
    script: str
    width: int
    dark: bool


def try_pages(folder: Path, tries: Sequence[Try]) -> list[Found]:
    """Open all pages in one browser for light and one for dark; return what each script found."""
    found: dict[int, Found] = {}
    for dark in {each.dark for each in tries}:
        numbers = [index for index, each in enumerate(tries) if each.dark is dark]
        found |= zip(numbers, _run(folder, [tries[index] for index in numbers]), strict=True)
    return [found[index] for index in range(len(tries))]


def _run(folder: Path, tries: Sequence[Try]) -> list[Found]:
    for index, each in enumerate(tries):
        (folder / f"{index}.html").write_text(each.page(), encoding="utf-8")
    frames = "".join(
        f'<iframe src="{index}.html" style="{_FRAME}; width: {each.width}px"></iframe>'
        for index, each in enumerate(tries)
    )
    scripts = ",".join(f"(view, page, found) => {{ {each.script} }}" for each in tries)
    around = folder / "around.html"
    around.write_text(_AROUND % (frames, scripts), encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM or "chromium",
            *_FLAGS,
            f"--user-data-dir={folder / 'profile'}",
            f"--blink-settings=preferredColorScheme={0 if tries[0].dark else 1}",
            "--dump-dom",
            around.as_uri(),
        ],
        capture_output=True,
        check=True,
        timeout=_SECONDS,
    )
    output = re.search(r'<pre id="found">(.*?)</pre>', done.stdout.decode(), re.DOTALL)
    assert output, done.stderr.decode()
    found: list[Found] = json.loads(html.unescape(output[1]))
    assert not [each for each in found if "error" in each], found
    return found
