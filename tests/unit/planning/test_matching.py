import pytest

from pipe.models.changes import FoundBy
from pipe.models.declaration import EnvironmentType, Rule, State
from pipe.planning.matching import Ambiguous, BothExist, Found, Missing, by_name, match, rule_for
from tests.support.values import PRODUCTION, STAGING, TEST, declared, env


def test_the_exact_name_comes_before_another_case() -> None:
    lower, upper = env("live"), env("LIVE")
    assert by_name("LIVE", (lower, upper)) == Found(upper)
    assert by_name("Live", (lower,)) == Found(lower, FoundBy.CASE)
    assert by_name("Live", (lower, upper)) == Ambiguous("Live", (lower, upper))
    assert by_name("Live", (env("Test"),)) == Missing()
    assert by_name("STRASSE", (env("Straße"),)) == Found(env("Straße"), FoundBy.CASE)


def test_two_environments_of_exactly_this_name_are_ambiguous() -> None:
    twins = (env("Live", uuid="{1}"), env("Live", uuid="{2}"))
    assert by_name("Live", twins) == Ambiguous("Live", twins)


def test_a_former_name_counts_only_while_the_new_one_does_not_exist() -> None:
    live, production = env("Live"), env("Production")
    wanted = declared("Production", rename_from="Live")
    assert match(wanted, (live,)) == Found(live, FoundBy.FORMER_NAME)
    assert match(wanted, (production,)) == Found(production)
    assert match(wanted, (live, production)) == BothExist(live, production)
    assert match(wanted, ()) == Missing()
    assert match(declared("Production"), (live,)) == Missing()


def test_what_is_ambiguous_is_not_guessed() -> None:
    former = (env("LIVE"), env("live"))
    assert match(declared("Production", rename_from="Live"), former) == Ambiguous("Live", former)
    present = (env("PRODUCTION"), env("production"))
    wanted = declared("Production", rename_from="Live")
    assert match(wanted, (*present, env("Live"))) == Ambiguous("Production", present)


def test_a_uuid_is_found_in_any_case_and_never_renamed() -> None:
    live = env("Live", uuid="{8F14-aa}")
    assert match(declared("{8f14-AA}"), (live, env("Test"))) == Found(live, FoundBy.UUID)
    wanted = declared("{8f14-AA}", rename_from="Test")
    assert match(wanted, (live, env("Test"))) == Found(live, FoundBy.UUID)
    assert match(declared("{0000}"), (live,)) == Missing()


def test_a_slug_comes_last_and_must_be_unambiguous() -> None:
    europe, former = env("Prod Europe", slug="prod-europe"), env("Live", slug="live")
    wanted = declared("prod-europe")
    assert match(wanted, (europe, former)) == Found(europe, FoundBy.SLUG)
    named = env("PROD-europe", slug="x")
    assert match(wanted, (europe, named)) == Found(named, FoundBy.CASE)
    renamed = declared("prod-europe", rename_from="live")
    assert match(renamed, (europe, former)) == Found(former, FoundBy.FORMER_NAME)
    twin = env("Prod-Europe!", slug="prod-europe")
    assert match(wanted, (europe, twin)) == Ambiguous("prod-europe", (europe, twin))


def test_an_absent_environment_is_found_by_exact_name_or_uuid_only() -> None:
    lower, other = env("live", uuid="{1}"), env("Live Env", uuid="{2}", slug="live-env")
    absent = declared("Live", state=State.ABSENT)
    assert match(absent, (lower, env("Live"))) == Found(env("Live"))
    assert match(absent, (lower, other)) == Missing((lower,))
    assert match(declared("Live-Env", state=State.ABSENT), (lower, other)) == Missing((other,))
    assert match(declared("STRASSE", state=State.ABSENT), (env("Straße"),)) == Missing(
        (env("Straße"),)
    )
    assert match(declared("{2}", state=State.ABSENT), (lower, other)) == Found(other, FoundBy.UUID)


def test_a_former_name_is_matched_in_another_case_only_while_the_new_one_is_missing() -> None:
    lower, production = env("live"), env("Production")
    wanted = declared("Production", rename_from="Live")
    assert match(wanted, (lower,)) == Found(lower, FoundBy.FORMER_NAME)
    assert match(wanted, (lower, production)) == Found(production)


def test_a_rename_of_case_finds_the_same_environment_by_both_names() -> None:
    live = env("live")
    assert match(declared("Live", rename_from="live"), (live,)) == Found(live, FoundBy.FORMER_NAME)
    done = env("Live")
    assert match(declared("Live", rename_from="live"), (done,)) == Found(done)


@pytest.mark.parametrize(
    ("pattern", "kind", "matches"),
    [
        ("*", None, True),
        ("prod*", None, True),
        ("PROD-E?", None, True),
        ("prod", None, False),
        ("*", PRODUCTION, True),
        ("*", STAGING, False),
        ("stag*", PRODUCTION, False),
    ],
)
def test_a_rule_looks_at_name_and_type(
    pattern: str, kind: EnvironmentType | None, *, matches: bool
) -> None:
    rule = Rule(name_pattern=pattern, type=kind)
    assert (rule_for((rule,), env("Prod-EU", PRODUCTION)) is rule) is matches


def test_the_first_rule_that_matches_counts() -> None:
    first, second = Rule(name_pattern="p*"), Rule()
    assert rule_for((first, second), env("Prod")) is first
    assert rule_for((first, second), env("Test")) is second
    assert rule_for((), env("Test", TEST)) is None
