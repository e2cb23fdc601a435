"""Turn a log with colours into a web page: `python -m scripts.log_page <log >page.html`."""

import re
import sys
from html import escape
from typing import Final

_COLOR: Final = re.compile(r"\x1b\[(\d*)m")
_CLASSES: Final = {
    "31": "bad",
    "32": "good",
    "33": "warning",
    "34": "info",
    "2": "faint",
}
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Log</title>
<style>
body {{ margin: 0; background: #101214; }}
pre {{
  display: inline-block; margin: 0; padding: 1rem 1.25rem; color: #dee4ea;
  font: 14px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
}}
.good {{ color: #4bce97; }}
.bad {{ color: #f87168; }}
.warning {{ color: #f5cd47; }}
.info {{ color: #579dff; }}
.faint {{ color: #8c9bab; }}
</style>
<pre>{}</pre>
</html>
"""


def log_page(log: str) -> str:
    """Return a page that shows a log as Pipelines does, colours included."""
    text, *parts = _COLOR.split(log)
    shown = [escape(text)]
    for color, part in zip(parts[::2], parts[1::2], strict=True):
        kind = _CLASSES.get(color)
        shown.append(f'<span class="{kind}">{escape(part)}</span>' if kind else escape(part))
    return _PAGE.format("".join(shown))


if __name__ == "__main__":
    sys.stdout.write(log_page(sys.stdin.read()))
