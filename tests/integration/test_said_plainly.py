"""What a run says about what is probably not meant, what it found, and what it waits for."""

import pytest

from tests.support.world import World, listed, run_pipe

KEY = "0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "state", "warned"),
    [
        ("Prodution*", "present", True),
        ("Prod*", "present", False),
        ("*", "present", False),
        ("Prodution*", "absent", False),
    ],
)
def test_a_pattern_that_matches_nothing_gets_a_warning(
    name: str, state: str, *, warned: bool
) -> None:
    world = World()
    world.shop.add_environment("Production")
    ran = run_pipe(world, ENVIRONMENT_NAME=name, STATE=state, MODE="plan")
    assert (f"WARNING: No environment matches '{name}'" in ran.log) is warned


@pytest.mark.parametrize(
    "partial",
    [
        {"ENABLE_PIPELINES": "true"},
        {"START_AT": "acme/shop", "REPOSITORIES": "*"},
        {
            "BITBUCKET_PARALLEL_STEP": "0",
            "BITBUCKET_PARALLEL_STEP_COUNT": "2",
            "REPOSITORIES": "*",
        },
    ],
)
def test_a_pattern_is_no_misspelling_if_environments_were_not_seen(partial: dict[str, str]) -> None:
    world = World()
    world.shop.pipelines_enabled = False
    ran = run_pipe(world, ENVIRONMENT_NAME="Prod*", ADMIN_ONLY="true", **partial)
    assert "No environment matches" not in ran.log


def test_a_pattern_is_no_misspelling_if_the_repository_could_not_be_read() -> None:
    ran = run_pipe(World(), REPO_SLUG="gone", ENVIRONMENT_NAME="Prod*", ADMIN_ONLY="true")
    assert "No environment matches" not in ran.log


def test_a_former_name_that_does_not_exist_is_mentioned() -> None:
    created = run_pipe(World(), ENVIRONMENT_NAME="New", RENAME_FROM="Odl", ENVIRONMENT_TYPE="Test")
    warning = "WARNING: 'Odl' (rename_from, RENAME_FROM) does not exist in acme/shop, so 'New' is"
    assert created.log.count(warning) == 1
    assert created.log.index(warning) < created.log.index("Plan: 1 to create")


def test_fingerprints_say_why_a_value_is_written_and_that_they_are_removed() -> None:
    world = World()
    world.shop.add_environment("Live").set_variable("A", "x", secured=True)
    wanted = {"ENVIRONMENT_NAME": "Live", **listed("SECURED_VARIABLES", "A=canary-password")}
    first = run_pipe(world, **wanted, FINGERPRINT_KEY=KEY, MODE="check")
    assert "secured value, not written with this key yet" in first.log
    run_pipe(world, **wanted, FINGERPRINT_KEY=KEY)
    changed = wanted | listed("SECURED_VARIABLES", "A=canary-other")
    assert (
        "secured value → new secured value" in run_pipe(world, **changed, FINGERPRINT_KEY=KEY).log
    )
    without = run_pipe(world, **wanted, MODE="plan")
    assert "fingerprints of the secured values, removed" in without.log


def test_the_last_line_of_a_dry_run_says_what_it_found() -> None:
    world = World()
    live = world.shop.add_environment("Live")
    live.set_variable("A", "1")
    wanted = {"ENVIRONMENT_NAME": "Live", "VARIABLES": "A=1"}
    checked = run_pipe(world, **wanted, ADMIN_ONLY="true", MODE="check")
    assert "✖ Drift: 1 environment differs; 1 variable unchanged;" in checked.log
    planned = run_pipe(world, **wanted, ADMIN_ONLY="true", MODE="plan")
    assert "✔ Planned: nothing was written; 1 variable unchanged;" in planned.log
    secret = '[{"key": "S", "secured": true}]'
    failed = run_pipe(world, **wanted, SECURED_VARIABLES=secret, MODE="plan")
    assert "Plan: 0 to create, 0 to change, 0 to delete, 0 unchanged, 1 impossible" in failed.log
    assert "✖ Failed: 1 environment can't be applied; 1 variable unchanged;" in failed.log
    in_part = run_pipe(world, **wanted, SECURED_VARIABLES=secret, ADMIN_ONLY="true", MODE="plan")
    assert "✖ Failed: 1 environment can be applied in part only;" in in_part.log


def test_drift_of_the_repository_alone_is_no_difference_of_an_environment() -> None:
    world = World()
    world.shop.add_environment("Live")
    wanted = {"ENVIRONMENT_NAME": "Live", "REPOSITORY_VARIABLES": "A=1"}
    checked = run_pipe(world, **wanted, MODE="check")
    assert "✖ Drift: nothing was written; 1 environment unchanged;" in checked.log


def test_the_line_about_branches_is_not_logged_for_what_is_absent() -> None:
    ran = run_pipe(World(), ENVIRONMENT_NAME="Live", STATE="absent", BRANCHES="main")
    assert "BRANCHES is ignored: STATE is absent" in ran.log
    assert "BRANCHES uses an endpoint" not in ran.log


def test_a_plan_that_was_applied_already_is_said_to_be_empty() -> None:
    world = World()
    wanted = {"ENVIRONMENT_NAME": "Live", "ENVIRONMENT_TYPE": "Test"}
    reviewed = run_pipe(world, **wanted, MODE="plan").report["plan_checksum"]
    run_pipe(world, **wanted)
    again = run_pipe(world, **wanted, PLAN_CHECKSUM=reviewed)
    assert again.exit_code == 7
    assert "the current plan is empty: nothing is left to do." in again.words
    assert "What to do: Nothing, if this plan was applied before; otherwise:" in again.log


def test_the_log_says_what_the_run_waits_for() -> None:
    world = World(plan="ignored")
    for name in ("Live", "Live 2"):
        world.shop.add_environment(name)
    ran = run_pipe(world, ENVIRONMENT_NAME="Live*", ADMIN_ONLY="true")
    assert ran.log.count("INFO: Waiting: Bitbucket's list may not be up to date\n") == 1
    new = run_pipe(world, REPO_SLUG="gone", ENVIRONMENT_NAME="Live", ENABLE_PIPELINES="true")
    assert new.log.count("INFO: Waiting up to 10 seconds for acme/gone, which may be new") == 1
    both = {"REPO_SLUG": "", **listed("REPOSITORIES", "gone", "shop")}
    fleet = run_pipe(world, **both, ENVIRONMENT_NAME="Live", ENABLE_PIPELINES="true")
    assert "Waiting" not in fleet.log


def test_the_log_says_why_not_all_repositories_are_handled() -> None:
    world = World()
    for slug in ("svc-a", "svc-b"):
        world.simulator.add_repository("acme", slug)
    chosen = {"REPO_SLUG": "", "REPOSITORIES": "svc-*", "START_AT": "acme/svc-b"}
    ran = run_pipe(world, **chosen, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert "INFO: 1 of 2 repositories (from START_AT on)\n" in ran.log


def test_an_override_of_no_selected_repository_gets_a_warning() -> None:
    world = World()
    world.simulator.add_repository("acme", "web")
    world.files["env.yml"] = (
        "repositories: [shop, web]\n"
        "environments: [{name: Test, type: Test}]\n"
        "overrides:\n"
        "  - repositories: ['!web', shop]\n"
        "  - repositories: [wbe, 'x*', 'w*']\n"
    )
    warned = run_pipe(world, CONFIG_FILE="env.yml", MODE="plan").log
    for item in ("wbe", "x*"):
        text = f"env.yml:5: this override names '{item}', which matches no selected repository"
        assert text in warned
    assert warned.count("WARNING") == 2
    for selected in ({"REPO_SLUG": "shop"}, {"REPOSITORIES": "s*"}):
        log = run_pipe(world, CONFIG_FILE="env.yml", MODE="plan", **selected).log
        assert "WARNING" not in log


def test_a_secured_variable_that_becomes_readable_gets_a_warning_before_it_does() -> None:
    world = World()
    live = world.shop.add_environment("Live")
    live.set_variable("A", "canary-password", secured=True)
    world.shop.set_variable("B", "canary-password", secured=True)
    wanted = {"ENVIRONMENT_NAME": "Live", "VARIABLES": "A=x", "REPOSITORY_VARIABLES": "B=x"}
    for mode in ("plan", "apply"):
        log = run_pipe(world, **wanted, MODE=mode).words
        for each in ("A of 'Live'", "B of acme/shop"):
            warning = f"WARNING: {each} is secured, but declared plain: everyone with access"
            assert log.count(warning) == 1
            assert log.index(warning) < log.index("✔")
