"""Complete logs of scenarios; `python -m tests.unit.reports.golden` writes them again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from simulator.faults import Answer
from tests.support.world import World, listed, run_with

FOLDER: Final = Path(__file__).with_name("golden")

PRODUCTION: Final = {
    "ENVIRONMENT_NAME": "Production",
    "ENVIRONMENT_TYPE": "Production",
    "ADMIN_ONLY": "true",
    **listed("BRANCHES", "main", "release/*"),
    "VARIABLES": '{"API_URL": "https://api.acme.example", "EMPTY": "", "NOTE": "two  spaces "}',
    **listed("SECURED_VARIABLES", "DB_PASSWORD=canary-password"),
}
FLEET: Final = """
version: 1
repositories: ['svc-*', gone]
environments:
  - {name: Test, type: Test}
  - {name: Production, type: Production, admin_only: true}
overrides:
  - repositories: [svc-b]
    environments: [{name: Test, type: Staging}]
"""


def _run(world: World, **variables: str) -> str:
    lines = run_with(world, variables).log.splitlines(keepends=True)
    # Whether the run is slow enough for progress depends on the machine.
    return "".join(line for line in lines if not line.startswith("INFO: In progress"))


def created_then_unchanged() -> Iterator[str]:
    world = World()
    yield _run(world, **PRODUCTION, NO_COLOR="")
    yield _run(world, **PRODUCTION)
    yield _run(world, ENVIRONMENT_NAME="Production", ADMIN_ONLY="true")


def planned_and_checked() -> Iterator[str]:
    world = World()
    environment = world.shop.add_environment("Live", "Production")
    environment.set_variable("API_URL", "https://api.acme.example/version/1/of/the/interface/old")
    environment.set_variable("OLD", "x")
    environment.set_variable("NOW_SECRET", "x")
    wanted = {
        "ENVIRONMENT_NAME": "Production",
        "RENAME_FROM": "Live",
        "ADMIN_ONLY": "true",
        **listed("VARIABLES", "API_URL=https://api.acme.example/version/1/of/the/interface/new"),
        **listed("SECURED_VARIABLES", "NOW_SECRET=canary-password"),
        "PRUNE": "variables",
    }
    yield _run(world, **wanted, MODE="plan")
    yield _run(world, **wanted, MODE="check")
    yield _run(world, **wanted, PLAN_CHECKSUM="sha256:" + "0" * 64)


def deleted() -> Iterator[str]:
    world = World()
    world.shop.add_environment("Old")
    yield _run(world, ENVIRONMENT_NAME="Old", STATE="absent", MODE="plan")
    yield _run(world, ENVIRONMENT_NAME="Old", STATE="absent")
    yield _run(world, ENVIRONMENT_NAME="Old", STATE="absent")


def everything_deleted() -> Iterator[str]:
    world = World()
    for name in ("Test", "Staging", "QA", "Old"):
        environment = world.shop.add_environment(name)
        environment.set_variable("API_URL", f"https://{name.lower()}.acme.example")
        environment.set_variable("DB_PASSWORD", "canary-password", secured=True)
    wanted = {"ENVIRONMENT_NAME": "*", "STATE": "absent"}
    yield _run(world, **wanted, MODE="plan", NO_COLOR="")
    yield _run(world, **wanted, MODE="plan", FORCE="true", NO_COLOR="")
    yield _run(world, **wanted, FORCE="true")


def found_otherwise() -> Iterator[str]:
    """Give an environment by its slug, by its uuid, in another case, and by an unknown uuid."""
    world = World()
    environment = world.shop.add_environment("Prod Europe")
    unknown = "{00000000-0000-4000-8000-000000000000}"
    for name in ("prod-europe", environment.uuid.upper(), "PROD EUROPE", unknown):
        yield _run(world, ENVIRONMENT_NAME=name, ENVIRONMENT_TYPE="Test", MODE="plan")


def repository_variables() -> Iterator[str]:
    world = World()
    first = {
        **listed("REPOSITORY_VARIABLES", "REGION=eu-west-1", "OLD=x"),
        **listed("SECURED_REPOSITORY_VARIABLES", "NPM_TOKEN=canary-password"),
    }
    second = {**listed("REPOSITORY_VARIABLES", "REGION=eu-west-2"), "PRUNE": "repository-variables"}
    yield _run(world, **first)
    yield _run(world, **second, MODE="check")


def refused() -> Iterator[str]:
    world = World()
    world.shop.add_environment("Production", "Production")
    yield _run(world, ENVIRONMENT_NAME="Production", ENVIRONMENT_TYPE="Test")
    yield _run(world, ENVIRONMENT_NAME="Production", STATE="absent")
    yield _run(world, ENVIRONMENT_NAME="Missing")


def wrong_settings() -> Iterator[str]:
    yield _run(World(), ENVIRONMENT_NAME="Test", ADMIN_ONLY="maybe", MODE="go", ADMIN_ONLI="true")
    yield _run(World(), ENVIRONMENT_NAME="Test", MAX_ATTEMPTS="0")
    yield _run(World(), ENVIRONMENT_NAME="Test", ENVIRONMENT_TYPE="Test", ADMIN_ONLI="true")


def harmful_settings() -> Iterator[str]:
    """Settings that look right in a pipeline and would do something else, or nothing."""
    one = {"ENVIRONMENT_NAME": "Test"}
    for settings in (
        {**listed("SECURED_VARIABLES", "DB_PASSWORD=", "API_KEY="), **listed("VARIABLES", "A=")},
        {"VARIABLES": "API_URL=https://api.acme.example\nREGION=eu-west-1"},
        listed("ADMIN_ONLY", "true"),
        {"ENVIRONMENT_NAME": '["Test", "Staging"]'},
        {"DRY_RUN": "true"},
        {"PLAN_CHECKSUM": "sha256:"},
        listed("BRANCHES", "release branch", "hotfix/", "refs/heads/main", "main,develop"),
        {"PRUNE": "variables"},
    ):
        yield _run(World(), **{**one, **settings})


def not_permitted() -> Iterator[str]:
    yield _run(World(), ENVIRONMENT_NAME="Test", BITBUCKET_ACCESS_TOKEN="wrong")
    yield _run(World(), ENVIRONMENT_NAME="Test", REPO_SLUG="nope")


def half_done() -> Iterator[str]:
    world = World(plan="ignored")
    world.shop.add_environment("Test")
    world.simulator.faults.add(
        Answer(status=400, body=b'{"error": {"message": "Too long"}}'),
        path="*/variables",
        method="POST",
    )
    yield _run(
        world, ENVIRONMENT_NAME="Test", ADMIN_ONLY="true", **listed("VARIABLES", "A=1", "B=2")
    )


def many_repositories() -> Iterator[str]:
    world = World()
    world.files["environments.yml"] = FLEET
    for slug in ("svc-a", "svc-b", "svc-c"):
        repository = world.simulator.add_repository("acme", slug)
        repository.add_environment("Test")
        repository.add_environment("Production", "Production", admin_only=slug == "svc-c")
    wanted = {"CONFIG_FILE": "environments.yml", "BITBUCKET_REPO_SLUG": ""}
    yield _run(world, **wanted, MODE="check")
    yield _run(world, **wanted)


def hostile_names() -> Iterator[str]:
    world = World()
    for name in ("\x1b[2J\x1b[31mred", "two\nlines", "\u202eleft", "<script>`|`</script>"):
        world.shop.add_environment(name).set_variable("A", f"{name}\x07")
    yield _run(world, ENVIRONMENT_NAME="*", ADMIN_ONLY="true", **listed("VARIABLES", "A=\x1b[0mx"))


def unavailable() -> Iterator[str]:
    """Every write is answered with 503, and to wait two minutes."""
    world = World()
    world.shop.add_environment("Test", admin_only=True)
    world.simulator.faults.add(
        Answer(status=503, headers=(("Retry-After", "120"),)), path="*changes*", times=50
    )
    yield _run(world, ENVIRONMENT_NAME="Test", ADMIN_ONLY="false")
    yield _run(world, ENVIRONMENT_NAME="Test", ADMIN_ONLY="false", MAX_ATTEMPTS="1")


def debugged() -> Iterator[str]:
    world = World()
    world.shop.add_environment("Test")
    world.simulator.faults.add(Answer(status=503), method="GET")
    yield _run(
        world,
        ENVIRONMENT_NAME="Test",
        ADMIN_ONLY="true",
        DEBUG="true",
        **listed("VARIABLES", "A=1"),
    )


SCENARIOS: Final[dict[str, Callable[[], Iterator[str]]]] = {
    each.__name__: each
    for each in (
        created_then_unchanged,
        planned_and_checked,
        deleted,
        everything_deleted,
        found_otherwise,
        repository_variables,
        refused,
        wrong_settings,
        harmful_settings,
        not_permitted,
        half_done,
        many_repositories,
        hostile_names,
        unavailable,
        debugged,
    )
}


def text(name: str) -> str:
    """Return the logs of a scenario, colour made visible."""
    return "\n".join(SCENARIOS[name]()).replace("\x1b", "␛")


def path(name: str) -> Path:
    return FOLDER / f"{name}.txt"


if __name__ == "__main__":
    for each in SCENARIOS:
        path(each).write_text(text(each), encoding="utf-8")
