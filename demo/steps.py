"""The steps of the demonstration, in order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of the pipe.

    Attributes:
        title: What the step shows.
        story: The situation, and what happens next.
        variables: The variables of the pipe, besides credentials and repository.
        by_hand: A manual change before the run.
        exit_code: The expected exit code.
        outcome: The expected beginning of the last log line.
        writes: Method and body of each expected write.
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
        "list, one to create it with its type and its restriction.",
        variables=_DECLARED,
        outcome="✔ Changed",
        writes=(("POST", _CREATION),),
    ),
    Step(
        title="Unchanged",
        story="The same variables again. Everything is as declared: one read, no write.",
        variables=_DECLARED,
        outcome="✔ Unchanged",
    ),
    Step(
        title="Update",
        story="Now everyone with write access may deploy. Only the difference is sent, and then\n"
        "read back, because Bitbucket only queues such a change.",
        variables=_OPENED,
        outcome="✔ Changed",
        writes=(("POST", '{"change":{"restrictions":{"admin_only":false}}}'),),
    ),
    Step(
        title="Drift",
        story="Somebody restricts the environment on the web page. MODE=check writes nothing,\n"
        "reports the drift and exits with 4, so that a nightly pipeline fails.",
        variables={**_OPENED, "MODE": "check"},
        by_hand={"environment": "Test-Env", "admin_only": True},
        exit_code=4,
        outcome="✖ Drift",
    ),
    Step(
        title="Rename",
        story="The environment gets a new name and keeps its variables. ADMIN_ONLY is not given,\n"
        "so the restriction stays as it is.",
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
        story="Bitbucket can't change the type of an environment. The pipe says so, exits with 7,\n"
        "and writes nothing.",
        variables={"ENVIRONMENT_NAME": "Test-42", "ENVIRONMENT_TYPE": "Production"},
        exit_code=7,
        outcome="✖ Refused",
    ),
)
