"""The standard scenarios: requests and seconds of a whole run, next to peers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench import interpreters
from bench.measure import Measured, ended_with, measured
from bench.simulated import WHO, repository, simulator
from bench.table import Goal, Section, Table, ratio

Environ = dict[str, str]

_SECURED: Final = 20
_PLAIN: Final = 40
_KEY: Final = {"FINGERPRINT_KEY": "a-key-of-sixteen-characters-or-more"}


_ABOUT_ENVIRONMENTS: Final = """
- *list, then always write* is the script that teams begin with: one list, then a POST that creates,
  or a change that carries the whole body, whether or not anything differs.
- *official shape* is a pipe on `bitbucket-pipes-toolkit`; it writes only what differs.
- Neither reads back what it changed, which is the third request of this pipe: Bitbucket answers a
  change with 202, *queued*. And neither tries again, walks pages, or notices that a name exists in
  another case.
"""

_ABOUT_VARIABLES: Final = """
- *this pipe* has no `FINGERPRINT_KEY` here: it writes secured values each time, as everyone has to
  who can't read them back. With a key (`on-change`) it writes those that changed.
- *`atlassian-python-api`* is a script on that package: it lists, creates what is missing,
  updates plain values that differ, and writes secured ones each time. Its first request fetches the
  repository, as the package asks for.
- Bitbucket has no call that writes several variables. This pipe sends up to `WORKERS` (4) requests
  at the same time; the script writes one variable after the other.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A program that does the job.

    Attributes:
        name: As it stands in the table.
        module: What is run with `python -m`.
        python: Gives the interpreter with its packages.
        more: Variables that only this program takes.
    """

    name: str
    module: str
    python: Callable[[], str]
    more: Mapping[str, str]

    def run(self, url: str, variables: Mapping[str, str]) -> Measured:
        """Run it once, to a good end.

        Raises:
            UnexpectedEndError: It failed.
        """
        where = {"REPO_SLUG": "shop", "BITBUCKET_API_URL": url}
        environ = {**WHO, **where, **variables, **self.more}
        return ended_with(0, measured([self.python(), "-m", self.module], environ))


PIPE: Final = Contender(
    name="this pipe", module="pipe", python=interpreters.ours, more={"NO_COLOR": "1"}
)
CUSTOMER: Final = Contender(
    name="list, then always write",
    module="bench.contenders.customer",
    python=interpreters.contenders,
    more={},
)
TOOLKIT: Final = Contender(
    name="official shape",
    module="bench.contenders.toolkit_pipe",
    python=interpreters.contenders,
    more={},
)
PIPE_WITH_KEY: Final = Contender(
    name="this pipe, `on-change`",
    module="pipe",
    python=interpreters.ours,
    more={"NO_COLOR": "1", **_KEY},
)
ATLASSIAN: Final = Contender(
    name="`atlassian-python-api`",
    module="bench.contenders.atlassian_client",
    python=interpreters.contenders,
    more={},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A state, and what is asked for.

    Attributes:
        name: As it stands in the table.
        environments: What the repository holds at the beginning.
        before: Variables of a run that is not measured; `None`: there is none.
        variables: Variables of the run that is.
    """

    name: str
    environments: tuple[Mapping[str, object], ...]
    before: Mapping[str, str] | None
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a run took: requests in all, writes among them, seconds of the whole process."""

    requests: int
    writes: int
    seconds: float


def cost(contender: Contender, scenario: Scenario, *, latency: float) -> Cost:
    """Run a scenario once, on a simulator of its own."""
    # Under the default, Bitbucket refuses a change that mentions more than the two fields; the
    # script that sends its whole body works where that is ignored, so it is ignored for all.
    options = ("--latency", str(latency), "--switch", "extra_changes=ignored")
    with simulator({"repositories": [repository(*scenario.environments)]}, *options) as bitbucket:
        if scenario.before is not None:
            contender.run(bitbucket.url, scenario.before)
        earlier = len(bitbucket.sent())
        run = contender.run(bitbucket.url, scenario.variables)
        sent = bitbucket.sent()[earlier:]
    writes = sum(each["method"] != "GET" for each in sent)
    return Cost(requests=len(sent), writes=writes, seconds=run.seconds)


def _environment_scenarios() -> tuple[Scenario, ...]:
    wanted = {"ENVIRONMENT_NAME": "Test-Env", "ENVIRONMENT_TYPE": "Test", "ADMIN_ONLY": "true"}
    there = {"name": "Test-Env", "type": "Test", "admin_only": True}
    return (
        Scenario(name="create", environments=(), before=None, variables=wanted),
        Scenario(name="nothing to do", environments=(there,), before=None, variables=wanted),
        Scenario(
            name="change",
            environments=({**there, "admin_only": False},),
            before=None,
            variables=wanted,
        ),
    )


def _variable_scenarios() -> tuple[Scenario, ...]:
    there = ({"name": "Production", "type": "Production", "admin_only": True},)
    wanted = _variables()
    changed = _variables(changed="VALUE_7")
    return (
        Scenario(
            name=f"{_PLAIN + _SECURED} variables from nothing",
            environments=there,
            before=None,
            variables=wanted,
        ),
        Scenario(name="nothing to do", environments=there, before=wanted, variables=wanted),
        Scenario(name="one value changed", environments=there, before=wanted, variables=changed),
    )


def _variables(changed: str = "", *, plain: int = _PLAIN, secured: int = _SECURED) -> Environ:
    values = {f"VALUE_{number}": f"value {number}" for number in range(plain)}
    secrets = {f"SECRET_{number}": f"secret-{number}" for number in range(secured)}
    if changed:
        values[changed] = "another value"
    return {
        "ENVIRONMENT_NAME": "Production",
        "VARIABLES": json.dumps(values),
        "SECURED_VARIABLES": json.dumps(secrets),
    }


ENVIRONMENT_SCENARIOS: Final = _environment_scenarios()
VARIABLE_SCENARIOS: Final = _variable_scenarios()
ENVIRONMENT_CONTENDERS: Final = (PIPE, CUSTOMER, TOOLKIT)
VARIABLE_CONTENDERS: Final = (PIPE, PIPE_WITH_KEY, ATLASSIAN)


def environments(*, latency: float, times: int) -> Section:
    """Compare what one environment costs."""
    return Section(
        title="One environment",
        intro=f"Requests (writes among them), and seconds of the whole process with"
        f" {latency * 1000:.0f} ms for each answer: the median of {times} runs, each on a fresh"
        " simulator. The ratio is of the seconds, to this pipe.",
        table=_table(_costs(ENVIRONMENT_SCENARIOS, ENVIRONMENT_CONTENDERS, latency, times)),
        notes=_ABOUT_ENVIRONMENTS,
    )


def variables(*, latency: float, times: int) -> Section:
    """Compare what the variables of an environment cost."""
    costs = _costs(VARIABLE_SCENARIOS, VARIABLE_CONTENDERS, latency, times)
    create, nothing, _ = VARIABLE_SCENARIOS

    def compared(scenario: Scenario, contender: Contender) -> float:
        seconds = {each: cost.seconds for each, cost in costs[scenario.name].items()}
        return seconds[contender.name] / seconds[ATLASSIAN.name]

    return Section(
        title=f"{_PLAIN + _SECURED} variables, {_SECURED} of them secured",
        intro=f"In an environment that exists; measured as above, {times} runs each.",
        table=_table(costs),
        notes=_ABOUT_VARIABLES,
        goals=(
            Goal(f"{create.name} ÷ {ATLASSIAN.name}", compared(create, PIPE), 0.35),
            Goal(
                f"nothing to do, `on-change` ÷ {ATLASSIAN.name}",
                compared(nothing, PIPE_WITH_KEY),
                0.2,
            ),
        ),
    )


def variables_from_nothing(number: int) -> Scenario:
    """Return the scenario that creates so many variables, a third of them secured."""
    secured = number // 3
    return Scenario(
        name=str(number),
        environments=({"name": "Production", "type": "Production", "admin_only": True},),
        before=None,
        variables=_variables(plain=number - secured, secured=secured),
    )


def _costs(
    scenarios: tuple[Scenario, ...],
    contenders: tuple[Contender, ...],
    latency: float,
    times: int,
) -> dict[str, dict[str, Cost]]:
    """Return the costs by the names of scenario and contender."""
    return {
        scenario.name: {each.name: _median(each, scenario, latency, times) for each in contenders}
        for scenario in scenarios
    }


def _table(costs: Mapping[str, Mapping[str, Cost]]) -> Table:
    rows = tuple(
        (
            scenario,
            contender,
            f"{each.requests} ({each.writes})",
            f"{each.seconds:.2f}",
            ratio(each.seconds, of_scenario[PIPE.name].seconds),
        )
        for scenario, of_scenario in costs.items()
        for contender, each in of_scenario.items()
    )
    return Table(("scenario", "program", "requests", "seconds", "ratio"), rows)


def _median(contender: Contender, scenario: Scenario, latency: float, times: int) -> Cost:
    runs = [cost(contender, scenario, latency=latency) for _ in range(times)]
    return Cost(
        requests=runs[0].requests,
        writes=runs[0].writes,
        seconds=median(each.seconds for each in runs),
    )
