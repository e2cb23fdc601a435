"""Writes what repeats the pipe's variables: `python -m scripts.reference`.

These are the table of `docs/reference.md`, the rows of it that README.md shows, and the variables
of `pipe.yml`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

from pipe.settings.model import Options

PROJECT: Final = Path(__file__).parent.parent
DOCUMENTS: Final = (PROJECT / "docs" / "reference.md", PROJECT / "README.md")
PIPE_YML: Final = PROJECT / "pipe.yml"
MARKS: Final = {
    "ATLASSIAN_ACCOUNT_EMAIL": " (**)",
    "ATLASSIAN_API_TOKEN": " (**)",
    "WORKSPACE": " (**)",
    "REPO_SLUG": " (**)",
    "ENVIRONMENT_NAME": " (*)",
}
"""What the simplest run requires; `(**)`: it has a default from the context."""

_ROW: Final = re.compile(r"^\| ([A-Z_]+)(?: \(\*+\))? \| .* Default: .* \|$", re.MULTILINE)
_TABLE: Final = re.compile(
    r"(?<=^\| Variable \| Usage \|\n\| --- \| --- \|\n)(?:\|.*\n)*", re.MULTILINE
)
_VARIABLES: Final = re.compile(r"(?<=^variables:\n)(?:  .*\n)*", re.MULTILINE)


def rows() -> dict[str, str]:
    """Return the row of each variable in Markdown, in the order of the model."""
    return {name.upper(): _row(name.upper(), info) for name, info in Options.model_fields.items()}


def with_rows(text: str, *, every: bool) -> str:
    """Return a document with its rows of variables as they should be.

    Args:
        text: The document in Markdown.
        every: Whether the table has a row for every variable, or only those it has already.
    """
    known = rows()
    if every:
        return _TABLE.sub("".join(f"{row}\n" for row in known.values()), text, count=1)
    return _ROW.sub(lambda found: known.get(found[1], found[0]), text)


def with_variables(text: str) -> str:
    """Return `pipe.yml` with its variables as they should be."""
    return _VARIABLES.sub("".join(f"{line}\n" for line in _pipe_yml()), text, count=1)


def default_of(info: FieldInfo) -> str | None:
    """Return the default of a field as a user would write it; `None`: words describe it."""
    match info.default:
        case None | ():
            return None
        case bool(value):
            return str(value).lower() if "Default:" not in _description(info) else None
        case value:
            return str(value)


def _row(name: str, info: FieldInfo) -> str:
    usage = _description(info)
    if "Default: " not in usage:
        default = default_of(info)
        usage += f" Default: `{default}`." if default else " Default: none."
    return f"| {name}{MARKS.get(name, '')} | {usage} |"


def _pipe_yml() -> Iterator[str]:
    for name, info in Options.model_fields.items():
        variable = name.upper()
        yield f"  - name: {variable}"
        # A secret of the repository reaches the pipe without being passed.
        passed = f"${variable}" if f"Default: `${variable}`" in _description(info) else None
        default = passed or default_of(info)
        if default is not None:
            yield f"    default: '{default}'"


def _description(info: FieldInfo) -> str:
    return (info.description or "").replace("|", r"\|")


def main() -> None:
    """Write all of them."""
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        every = path != DOCUMENTS[1]
        path.write_text(with_rows(text, every=every), encoding="utf-8")
    PIPE_YML.write_text(with_variables(PIPE_YML.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
