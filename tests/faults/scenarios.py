"""The main scenarios, by name, and those for the values of some switches."""

from dataclasses import replace
from typing import Final

import pytest

from simulator.behaviour.profiles import HOSTILE, OBSERVED
from simulator.state.credentials import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from tests.faults.repository_state import Env
from tests.faults.scenario import scenario
from tests.support.world import listed

SECRET: Final = "c4nary-s3cret-value"
ROTATED: Final = "r0tated-c4nary-value"
KEY: Final = "k3y-of-the-fingerprints"
CANARIES: Final = (SECRET, ROTATED, KEY)


def _named(**variables: str) -> dict[str, str]:
    return {"ENVIRONMENT_NAME": "Wanted", "ENVIRONMENT_TYPE": "Test", **variables}


_PLAIN = {"UNLISTED": ("stays", False), "OLD": ("gone or kept", False)}
_WANTED = Env(formerly="Wanted")
_ENFORCED = ("Prod-1", "Prod-2", "Prod-3", "Prod-4", "Prod-5")

SCENARIOS: Final = (
    scenario("create", _named(), before={}, after={"Wanted": Env()}),
    scenario(
        "create, admin-only",
        _named(ADMIN_ONLY="true"),
        before={},
        after={"Wanted": Env(admin_only=True)},
    ),
    scenario(
        "rename",
        _named(RENAME_FROM="Former"),
        before={"Former": Env(admin_only=True, variables=_PLAIN)},
        after={"Wanted": Env(admin_only=True, variables=_PLAIN, formerly="Former")},
    ),
    scenario(
        "admin-only on",
        _named(ADMIN_ONLY="true"),
        before={"Wanted": Env(variables=_PLAIN)},
        after={"Wanted": replace(_WANTED, admin_only=True, variables=_PLAIN)},
    ),
    scenario(
        "admin-only off",
        _named(ADMIN_ONLY="false"),
        before={"Wanted": Env(admin_only=True)},
        after={"Wanted": _WANTED},
    ),
    scenario(
        "rename, admin-only on",
        _named(RENAME_FROM="Former", ADMIN_ONLY="true"),
        before={"Former": Env()},
        after={"Wanted": Env(admin_only=True, formerly="Former")},
    ),
    scenario(
        "rename, admin-only off",
        _named(RENAME_FROM="Former", ADMIN_ONLY="false"),
        before={"Former": Env(admin_only=True)},
        after={"Wanted": Env(formerly="Former")},
    ),
    scenario(
        "pattern over five",
        {"ENVIRONMENT_NAME": "Prod-*", "ADMIN_ONLY": "true"},
        before={name: Env(type="Production") for name in _ENFORCED},
        after={name: Env(type="Production", admin_only=True, formerly=name) for name in _ENFORCED},
    ),
    scenario(
        "create, variables",
        _named(**listed("VARIABLES", "DECLARED=1", "DECLARED_TOO=2")),
        before={},
        after={"Wanted": Env(variables={"DECLARED": ("1", False), "DECLARED_TOO": ("2", False)})},
    ),
    scenario(
        "plain variables",
        _named(**listed("VARIABLES", "DECLARED=new", "DECLARED_TOO=2", "DECLARED_SAME=as is")),
        before={
            "Wanted": Env(
                variables={
                    **_PLAIN,
                    "DECLARED": ("old", False),
                    "DECLARED_SAME": ("as is", False),
                }
            )
        },
        after={
            "Wanted": replace(
                _WANTED,
                variables={
                    **_PLAIN,
                    "DECLARED": ("new", False),
                    "DECLARED_TOO": ("2", False),
                    "DECLARED_SAME": ("as is", False),
                },
            )
        },
    ),
    scenario(
        "everything, tightened",
        _named(
            ADMIN_ONLY="true",
            **listed("BRANCHES", "main"),
            **listed("SECURED_VARIABLES", f"DECLARED={SECRET}", f"DECLARED_TOO={ROTATED}"),
        ),
        before={"Wanted": Env(variables={**_PLAIN, "DECLARED": ("old", True)})},
        after={
            "Wanted": replace(
                _WANTED,
                admin_only=True,
                branches=frozenset({"main"}),
                variables={
                    **_PLAIN,
                    "DECLARED": (SECRET, True),
                    "DECLARED_TOO": (ROTATED, True),
                },
            )
        },
        rewrites=True,
    ),
    scenario(
        "everything, loosened",
        _named(
            ADMIN_ONLY="false",
            **listed("BRANCHES", "main", "release/*"),
            **listed("SECURED_VARIABLES", f"DECLARED={SECRET}"),
        ),
        before={"Wanted": Env(admin_only=True, branches=frozenset({"main"}))},
        after={
            "Wanted": replace(
                _WANTED,
                branches=frozenset({"main", "release/*"}),
                variables={"DECLARED": (SECRET, True)},
            )
        },
        rewrites=True,
    ),
    scenario(
        "secured, on change",
        _named(
            FINGERPRINT_KEY=KEY,
            **listed("SECURED_VARIABLES", f"DECLARED={SECRET}", f"DECLARED_TOO={ROTATED}"),
        ),
        before={"Wanted": Env(variables={"DECLARED": ("old", True)})},
        after={
            "Wanted": replace(
                _WANTED, variables={"DECLARED": (SECRET, True), "DECLARED_TOO": (ROTATED, True)}
            )
        },
    ),
    scenario(
        "create, secured",
        _named(
            ADMIN_ONLY="true",
            FINGERPRINT_KEY=KEY,
            **listed("BRANCHES", "main"),
            **listed("SECURED_VARIABLES", f"DECLARED={SECRET}"),
        ),
        before={},
        after={
            "Wanted": Env(
                admin_only=True,
                branches=frozenset({"main"}),
                variables={"DECLARED": (SECRET, True)},
            )
        },
    ),
    scenario(
        "plain to secured and back",
        _named(
            SECURED_UPDATE="if-missing",
            **listed("VARIABLES", "DECLARED_PLAIN=open"),
            **listed("SECURED_VARIABLES", f"DECLARED={SECRET}"),
        ),
        before={
            "Wanted": Env(
                variables={"DECLARED": ("was plain", False), "DECLARED_PLAIN": ("was not", True)}
            )
        },
        after={
            "Wanted": replace(
                _WANTED,
                variables={"DECLARED": (SECRET, True), "DECLARED_PLAIN": ("open", False)},
            )
        },
    ),
    scenario(
        "branches swapped",
        _named(**listed("BRANCHES", "release/*", "hotfix/*")),
        before={"Wanted": Env(branches=frozenset({"main", "develop"}))},
        after={"Wanted": replace(_WANTED, branches=frozenset({"release/*", "hotfix/*"}))},
    ),
    scenario(
        "branches narrowed and widened",
        _named(**listed("BRANCHES", "main", "release/*")),
        before={"Wanted": Env(branches=frozenset({"main", "develop"}))},
        after={"Wanted": replace(_WANTED, branches=frozenset({"main", "release/*"}))},
    ),
    scenario(
        "branches lifted",
        _named(BRANCHES="[]"),
        before={"Wanted": Env(branches=frozenset({"main", "develop"}))},
        after={"Wanted": _WANTED},
    ),
    scenario(
        "absent",
        _named(STATE="absent"),
        before={"Wanted": Env(variables=_PLAIN)},
        after={},
    ),
    scenario(
        "prune variables",
        _named(FORCE="true", **listed("VARIABLES", "DECLARED=1"), **listed("PRUNE", "variables")),
        before={"Wanted": Env(variables={**_PLAIN, "MORE": ("and more", True)})},
        after={"Wanted": replace(_WANTED, variables={"DECLARED": ("1", False)})},
    ),
    scenario(
        "variables of the repository",
        {
            "FINGERPRINT_KEY": KEY,
            "FORCE": "true",
            **listed("REPOSITORY_VARIABLES", "DECLARED=1", "DECLARED_OLD=new"),
            **listed("SECURED_REPOSITORY_VARIABLES", f"DECLARED_SECRET={SECRET}"),
            **listed("PRUNE", "repository-variables"),
        },
        before={},
        after={},
        own=(
            {**_PLAIN, "DECLARED_OLD": ("old", False), "DECLARED_SECRET": ("was plain", False)},
            {
                "DECLARED": ("1", False),
                "DECLARED_OLD": ("new", False),
                "DECLARED_SECRET": (SECRET, True),
            },
        ),
    ),
    scenario(
        "Pipelines, then the repository, then an environment",
        _named(ENABLE_PIPELINES="true", ADMIN_ONLY="true", REPOSITORY_VARIABLES="DECLARED=1"),
        before={},
        after={"Wanted": Env(admin_only=True)},
        own=(_PLAIN, {**_PLAIN, "DECLARED": ("1", False)}),
        is_disabled=True,
    ),
)

PROFILES: Final = {"observed": OBSERVED, "hostile": HOSTILE}

every_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)

CONSUMER: Final = {
    "BITBUCKET_ACCESS_TOKEN": "",
    "BITBUCKET_OAUTH_CLIENT_ID": DEMO_CLIENT_ID,
    "BITBUCKET_OAUTH_CLIENT_SECRET": DEMO_CLIENT_SECRET,
}
"""Credentials of an OAuth consumer in place of the access token."""

LONG_NAME: Final = "An environment with a rather long name"

_PIPELINES = scenario(
    "enable Pipelines",
    _named(ENABLE_PIPELINES="true"),
    before={},
    after={
        "Wanted": Env(),
        **{name: Env(type=name) for name in ("Test", "Staging", "Production")},
    },
)

AWKWARD: Final = {
    "pipelines_config_lag_seconds": (_PIPELINES,),
    "new_repository_404_seconds": (_PIPELINES,),
    "enabling_creates_defaults": (_PIPELINES,),
    "oauth_expires_in": tuple(
        replace(each, name=f"{each.name}, by OAuth", declared={**each.declared, **CONSUMER})
        for each in SCENARIOS
        if each.name in ("everything, tightened", "create, variables")
    ),
    "empty_value": (
        scenario(
            "empty value",
            _named(
                VARIABLES='[{"key": "DECLARED", "value": ""}, {"key": "DECLARED_TOO", "value": ""}]'
            ),
            before={"Wanted": Env(variables={**_PLAIN, "DECLARED": ("old", False)})},
            after={
                "Wanted": replace(
                    _WANTED,
                    variables={**_PLAIN, "DECLARED": ("", False), "DECLARED_TOO": ("", False)},
                )
            },
        ),
    ),
    "environment_names": (
        scenario(
            "long name",
            {"ENVIRONMENT_NAME": LONG_NAME, "ENVIRONMENT_TYPE": "Test"},
            before={},
            after={LONG_NAME: Env()},
        ),
        scenario(
            "rename with a dot",
            {"ENVIRONMENT_NAME": "Wanted.1", "RENAME_FROM": "Former"},
            before={"Former": Env(variables=_PLAIN)},
            after={"Wanted.1": Env(variables=_PLAIN, formerly="Former")},
        ),
    ),
    "slug_clash": (
        scenario(
            "same slug",
            {"ENVIRONMENT_NAME": "Wanted  1", "ENVIRONMENT_TYPE": "Test"},
            before={"Wanted 1": Env()},
            after={"Wanted 1": Env(formerly="Wanted 1"), "Wanted  1": Env()},
        ),
    ),
}
"""What only some values of a switch make impossible or different, by the name of the switch."""

WRITTEN_TOGETHER: Final = scenario(
    "variables written together",
    _named(
        ADMIN_ONLY="true",
        FINGERPRINT_KEY=KEY,
        FORCE="true",
        **listed("VARIABLES", *(f"DECLARED_{letter}={letter}" for letter in "ABCD")),
        **listed("SECURED_VARIABLES", f"DECLARED={SECRET}", f"DECLARED_TOO={ROTATED}"),
        **listed("PRUNE", "variables"),
    ),
    before={
        "Wanted": Env(
            variables={
                **_PLAIN,
                "MORE": ("and more", True),
                "DECLARED_A": ("old", False),
                "DECLARED_B": ("old", True),
                "DECLARED": ("old", False),
            }
        )
    },
    after={
        "Wanted": replace(
            _WANTED,
            admin_only=True,
            variables={
                **{f"DECLARED_{letter}": (letter, False) for letter in "ABCD"},
                "DECLARED": (SECRET, True),
                "DECLARED_TOO": (ROTATED, True),
            },
        )
    },
)
"""Several requests in each stage that writes variables: for runs with several workers."""
