"""The table of variables, as the README shows it: `python -m scripts.reference` prints it."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic.fields import FieldInfo

from pipe.settings.model import Variables
from pipe.settings.setting import setting


def variables_table() -> str:
    """Return the table in Markdown, in the order of the model; `(*)` marks what is required."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "| Variable | Usage |"
    yield "| --- | --- |"
    for name, info in Variables.model_fields.items():
        yield _row(name.upper(), info)
    yield ""
    yield "_(*) = required variable._"


def _row(name: str, info: FieldInfo) -> str:
    about = setting(info)
    mark = " (*)" if about.required else ""
    usage = f"{about.meaning} Default: {about.default or 'none'}."
    return f"| {name}{mark} | {usage.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    print(variables_table(), end="")  # noqa: T201 - printing is what it is for
