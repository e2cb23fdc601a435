"""What the live tests found out, beside what was believed: a file to contribute back."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from simulator.behaviour.switches import SWITCHES, show


@dataclass(slots=True)
class Facts:
    """Observations, each by the name of the simulator's switch that it is about.

    Attributes:
        observed: The value that the switch would have, or what was seen where it has none.
        details: What else was seen, such as the body of an error. Never a credential.
    """

    observed: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)

    def note(self, switch: str, value: object, details: str = "") -> None:
        """Write down one observation."""
        assert switch in SWITCHES, switch
        self.observed[switch] = str(value).lower()
        if details:
            self.details[switch] = details

    def rows(self) -> list[dict[str, str | bool]]:
        """Return each observation with what was believed."""
        return [
            {
                "switch": name,
                "meaning": SWITCHES[name].meaning,
                "was": SWITCHES[name].certainty.value,
                "believed": show(SWITCHES[name].default),
                "observed": value,
                "holds": value == show(SWITCHES[name].default),
                "details": self.details.get(name, ""),
            }
            for name, value in sorted(self.observed.items())
        ]

    def write(self, file: Path) -> None:
        """Write them as JSON, and as rows of Markdown beside it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        document = {"version": 1, "date": today, "facts": self.rows()}
        file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        lines = ["| switch | was | believed | observed | holds | details |", "|" + " --- |" * 6]
        lines += [
            f"| `{row['switch']}` | {row['was']} | {row['believed']} | {row['observed']} |"
            f" {'yes' if row['holds'] else '**no**'} | {_cell(str(row['details']))} |"
            for row in self.rows()
        ]
        text = f"Observed on {today}.\n\n" + "\n".join(lines) + "\n"
        file.with_suffix(".md").write_text(text, encoding="utf-8")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
