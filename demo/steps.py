"""What the demonstration shows, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of the pipe.

    Attributes:
        title: What it shows.
        story: What the situation is, and what is going to happen.
        variables: What the pipe is given, beside the credentials and the repository.
        by_hand: What somebody changes on the web page before.
        exit_code: How the pipe must end.
        outcome: How the last line of its log must begin.
        writes: What Bitbucket must be sent, beside what only reads: method and body.
    """

    title: str
    story: str
    variables: Mapping[str, str]
    by_hand: Mapping[str, object] = field(default_factory=dict)
    exit_code: int = 0
    outcome: str
    writes: tuple[tuple[str, str], ...] = ()


_DECLARED: Final = {
    "ENVIRONMENT_NAME": "Test-Env",
    "ENVIRONMENT_TYPE": "Test",
    "ADMIN_ONLY": "true",
}
_OPENED: Final = {**_DECLARED, "ADMIN_ONLY": "false"}

_CREATION: Final = (
    '{"type":"deployment_environment","name":"Test-Env",'
    '"environment_type":{"name":"Test"},"restrictions":{"admin_only":true}}'
)

STEPS: Final = (
    Step(
        title="Create",
        story="The repository has no environment of this name, so it is created: one request to\n"
        "look, one to create it with its type and its restriction.",
        variables=_DECLARED,
        outcome="✔ Changed",
        writes=(("POST", _CREATION),),
    ),
    Step(
        title="Unchanged",
        story="The same variables again. All is as declared: one request to look, and no write.",
        variables=_DECLARED,
        outcome="✔ Unchanged",
    ),
    Step(
        title="Update",
        story="Now everyone with write access may deploy. Only what differs is sent, and then\n"
        "read back, because Bitbucket only queues such a change.",
        variables=_OPENED,
        outcome="✔ Changed",
        writes=(("POST", '{"change":{"restrictions":{"admin_only":false}}}'),),
    ),
    Step(
        title="Drift",
        story="Somebody restricts the environment on the web page. MODE=check writes nothing,\n"
        "says what differs, and ends with 4, so that the step of a nightly pipeline fails.",
        variables={**_OPENED, "MODE": "check"},
        by_hand={"environment": "Test-Env", "admin_only": True},
        exit_code=4,
        outcome="✖ Drift",
    ),
    Step(
        title="Rename",
        story="The environment gets another name and keeps all it holds. ADMIN_ONLY is not given,\n"
        "so the restriction stays as somebody left it.",
        variables={
            "ENVIRONMENT_NAME": "Test-42",
            "ENVIRONMENT_TYPE": "Test",
            "RENAME_FROM": "Test-Env",
        },
        outcome="✔ Changed",
        writes=(("POST", '{"change":{"name":"Test-42"}}'),),
    ),
    Step(
        title="Refused",
        story="Bitbucket can't change the type of an environment. The pipe says so, ends with 7,\n"
        "and writes nothing.",
        variables={"ENVIRONMENT_NAME": "Test-42", "ENVIRONMENT_TYPE": "Production"},
        exit_code=7,
        outcome="✖ Refused",
    ),
)
