"""Make the pictures of the documentation from real runs: `make pictures`.

Each picture has its text next to it in `docs/images/`, and a test compares that text with new runs.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from msgspec import Struct

from scripts.log_page import log_page
from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_API_TOKEN, DEMO_EMAIL

PROJECT: Final = Path(__file__).parents[1]
IMAGES: Final = PROJECT / "docs" / "images"
_FLAGS: Final = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--hide-scrollbars", "--blink-settings=preferredColorScheme=1"),
)
_COMMENT_PAGE: Final = """<!DOCTYPE html>
<meta charset="utf-8">
<style>
body {{ margin: 0; padding: 16px 20px; color: #172b4d; font: 14px/1.5 "DejaVu Sans", sans-serif; }}
div {{ border: 1px solid #dfe1e6; border-radius: 4px; padding: 4px 16px; }}
table {{ border-collapse: collapse; }}
td, th {{ border: 1px solid #dfe1e6; padding: 3px 8px; text-align: left; }}
code, pre {{ background: #f4f5f7; font: 13px/1.5 "DejaVu Sans Mono", monospace; }}
pre {{ padding: 8px; overflow: hidden; }}
</style>
<div>{}</div>
"""

ENVIRONMENT: Final = {
    "REPO_SLUG": "shop",
    "ENVIRONMENT_NAME": "Test-Env",
    "ENVIRONMENT_TYPE": "Test",
    "ADMIN_ONLY": "true",
}
DECLARATION: Final = """\
version: 1
repositories: ['*']
environments:
  - name: Test
    type: Test
    variables: {API_URL: https://test.acme.example}
  - name: Production
    type: Production
    admin_only: true
    branches: [main]
    variables: {API_URL: https://api.acme.example, LOG_LEVEL: info}
"""


class Picture(Struct, frozen=True):
    """A picture before it is drawn.

    Attributes:
        text: What it shows, as text.
        page: The web page that is photographed.
        size: Width and height in pixels.
    """

    text: str
    page: str
    size: tuple[int, int]


def pictures(folder: Path) -> dict[str, Picture]:
    """Run the pipe in an empty folder; return the pictures by name."""
    log = _log(folder)
    report, comment = _report_and_comment(folder)
    shown = re.sub(r"\x1b\[\d*m", "", log)
    html = MarkdownIt("commonmark").enable("table").render(comment)
    return {
        "log": Picture(shown, log_page(log), (960, 21 * len(shown.splitlines()) + 32)),
        "report": Picture(_text(report), report, (1100, 490)),
        "comment": Picture(comment, _COMMENT_PAGE.format(html), (860, 580)),
    }


def _log(folder: Path) -> str:
    """Return the coloured logs of a creation, a run without changes, and a check after a change."""
    simulator = Simulator()
    simulator.add_repository("acme", "shop")
    with Server(simulator) as server:
        runs = [_run(folder, server, ENVIRONMENT) for _ in range(2)]
        with simulator.lock:
            simulator.repository("acme/shop").environment("Test-Env").restrict(admin_only=False)
        runs.append(_run(folder, server, {**ENVIRONMENT, "MODE": "check"}))
    return "\n".join(runs)


def _report_and_comment(folder: Path) -> tuple[str, str]:
    """Return the HTML report and the pull request's comment of a plan over four repositories."""
    simulator = Simulator()
    for slug in ("billing", "payments", "shop", "web"):
        repository = simulator.add_repository("acme", slug)
        test = repository.add_environment("Test", "Test")
        test.set_variable("API_URL", "https://test.acme.example")
        if slug != "web":
            live = repository.add_environment("Production", "Production", admin_only=True)
            live.add_branch("main")
            live.set_variable("LOG_LEVEL", "info")
            live.set_variable("API_URL", "https://api.acme.example")
    opened = simulator.repository("acme/payments").environment("Production")
    opened.restrict(admin_only=False)
    opened.set_variable("LOG_LEVEL", "debug")
    simulator.repository("acme/shop").add_pull_request(12)
    (folder / "environments.yml").write_text(DECLARATION, "utf-8")
    plan = {
        "CONFIG_FILE": "environments.yml",
        "MODE": "plan",
        "REPORT_FILES": "report.html",
        "COMMENT": "true",
        "BITBUCKET_REPO_FULL_NAME": "acme/shop",
        "BITBUCKET_PR_ID": "12",
    }
    with Server(simulator) as server:
        _run(folder, server, plan)
    [comment] = simulator.repository("acme/shop").comments[12].values()
    content = comment["content"]
    raw = str(content["raw"]) if isinstance(content, dict) else ""
    return _timeless((folder / "report.html").read_text("utf-8")), _timeless(raw)


def _run(folder: Path, server: Server, variables: Mapping[str, str]) -> str:
    """Run the pipe; return its log with colours."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT),
        "BITBUCKET_API_URL": server.url,
        "ATLASSIAN_ACCOUNT_EMAIL": DEMO_EMAIL,
        "ATLASSIAN_API_TOKEN": DEMO_API_TOKEN,
        "WORKSPACE": "acme",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-m", "pipe"],
        cwd=folder,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return _timeless(done.stderr)


def _timeless(text: str) -> str:
    """Return a text in which every run happened at the same time, and took as long."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "2026-11-30 06:00 UTC", text)
    return re.sub(r"\b\d+\.\d s\b", "0.4 s", text)


def _text(page: str) -> str:
    """Return the text of a web page, a line for each of its parts."""
    body = re.sub(r"(?s)<(style|script)\b.*?</\1>", "", page)
    parts = (" ".join(unescape(part).split()) for part in re.split(r"<[^>]*>", body))
    return "\n".join(part for part in parts if part) + "\n"


def draw(picture: Picture, target: Path) -> None:
    """Photograph a picture's page with a headless Chromium.

    Raises:
        FileNotFoundError: There is no Chromium.
    """
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        message = "Chromium is required (apt-get install chromium)"
        raise FileNotFoundError(message)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(picture.page, "utf-8")
        width, height = picture.size
        subprocess.run(
            [
                browser,
                *_FLAGS,
                f"--user-data-dir={folder}/profile",
                f"--window-size={width},{height}",
                f"--screenshot={target}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


def main() -> None:
    """Write all pictures and their texts."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made = pictures(Path(folder))
    for name, picture in made.items():
        (IMAGES / f"{name}.txt").write_text(picture.text, "utf-8")
        draw(picture, IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
