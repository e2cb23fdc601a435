"""Changes of an environment: what is allowed, and when it takes effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from simulator.api import payloads
from simulator.api.errors import NOT_ALLOWED, ApiError, change_not_allowed, invalid
from simulator.behaviour.choices import (
    Comparison,
    EnvironmentNames,
    ErrorShape,
    Extra,
    Plan,
    RenameClash,
    SlugClash,
    Verdict,
)
from simulator.behaviour.switches import Switches
from simulator.http import Json
from simulator.state.environment import TYPE_RANKS, Environment, slugify
from simulator.state.lagging_list import Lag
from simulator.state.world import Repository

WEB_NAME_LENGTH = 30


@dataclass(slots=True, kw_only=True)
class PendingChange:
    """A change that was accepted.

    Attributes:
        repository: Where the environment is.
        environment: What changes.
        name: The new name; `None`: it stays.
        admin_only: The new restriction; `None`: it stays.
        other: New values of other fields.
        due: Time from which it may take effect.
        reads: Reads that still show the old state.
        request: Index of the request that asked for it.
    """

    repository: Repository
    environment: Environment
    name: str | None = None
    admin_only: bool | None = None
    other: dict[str, Json] = field(default_factory=dict)
    due: float = 0.0
    reads: int = 0
    request: int | None = None

    def is_noop(self) -> bool:
        """Say whether everything is already so."""
        return (
            self.name in {None, self.environment.name}
            and self.admin_only in {None, self.environment.admin_only}
            and not self.other
        )

    def apply(self, switches: Switches, lag: Lag, now: float) -> None:
        """Let it take effect, unless the environment is gone or the name was taken meanwhile."""
        if self.environment.uuid not in self.repository.environments:
            return
        if lag:
            shown = payloads.environments(self.repository, switches)
            self.repository.environment_list.before_write(shown, lag, now)
        if self.name is not None and not clashes(
            self.repository, self.name, switches.name_clash, besides=self.environment
        ):
            shared = switches.slug_clash is SlugClash.SHARED
            slug = self.repository.free_slug(self.name, self.environment)
            self.environment.rename(self.name, slugify(self.name) if shared else slug)
        if self.admin_only is not None:
            self.environment.restrict(admin_only=self.admin_only)
        for name, value in self.other.items():
            self.environment.change_other(name, value)


def clashes(
    repository: Repository,
    name: str,
    comparison: Comparison,
    *,
    besides: Environment | None = None,
) -> bool:
    """Say whether another environment has this name."""
    others = [each.name for each in repository.environments.values() if each is not besides]
    if comparison is Comparison.EXACT:
        return name in others
    return name.casefold() in {each.casefold() for each in others}


def slug_for(
    repository: Repository, name: str, clash: SlugClash, *, besides: Environment | None = None
) -> str:
    """Return the slug that an environment of this name gets.

    Raises:
        ApiError: 400 when another environment has it and that is refused.
    """
    free = repository.free_slug(name, besides)
    if clash is SlugClash.SUFFIX or free == slugify(name):
        return free
    if clash is SlugClash.SHARED:
        return slugify(name)
    message = "An environment with the same slug already exists."
    raise ApiError(400, message, shape=ErrorShape.SERVICE, key="deploy-service.environment.slug")


def check_name(value: Json, names: EnvironmentNames) -> str:
    """Return the name of an environment.

    Raises:
        ApiError: 400 when it can't be one.
    """
    if not isinstance(value, str) or not value.strip():
        message = "The name of an environment must not be blank."
        raise invalid(message)
    fits = len(value) <= WEB_NAME_LENGTH and all(
        letter.isalnum() or letter in " _-" for letter in value
    )
    if names is EnvironmentNames.WEB and not fits:
        message = "The name of an environment is invalid."
        raise invalid(message)
    return value


def check_type(value: Json) -> str:
    """Return the type of an environment as Bitbucket writes it.

    Raises:
        ApiError: 400 when there is none, or not in the form of an object with a known name.
    """
    name = value.get("name") if isinstance(value, Mapping) else None
    known = {each.casefold(): each for each in TYPE_RANKS}
    if not isinstance(name, str) or name.casefold() not in known:
        message = "The environment type is missing or unknown."
        raise invalid(message)
    return known[name.casefold()]


def check_restrictions(value: Json) -> bool:
    """Return `admin_only` of restrictions; mentioning them without it lifts it.

    Raises:
        ApiError: 400 when they are no restrictions.
    """
    admin_only = value.get("admin_only", False) if isinstance(value, Mapping) else None
    if not isinstance(admin_only, bool):
        message = "The restrictions are invalid."
        raise invalid(message)
    return admin_only


def within_plan(*, admin_only: bool, plan: Plan) -> bool:
    """Say whether a restriction counts under the plan of the workspace.

    Raises:
        ApiError: 402 or 403 where the plan lacks it and says so.
    """
    if not admin_only or plan is Plan.PREMIUM:
        return True
    if plan is Plan.IGNORED:
        return False
    message = "Deployment permissions are not available on the plan of this workspace."
    raise ApiError(int(plan), message)


def read_change(
    body: Mapping[str, Json], repository: Repository, env: Environment, switches: Switches
) -> PendingChange:
    """Read the body of a change and hold it to what may be changed.

    Raises:
        ApiError: The change is ill-formed or not allowed.
    """
    change = body.get("change")
    if not isinstance(change, Mapping):
        message = "The change is missing."
        raise invalid(message)
    pending = PendingChange(repository=repository, environment=env)
    pending.other = _other_fields(change, switches.extra_changes)
    combined = "name" in change and "restrictions" in change
    if combined and switches.combined_change is Verdict.REFUSED:
        raise change_not_allowed()
    if "restrictions" in change:
        admin_only = check_restrictions(change["restrictions"])
        if within_plan(admin_only=admin_only, plan=switches.plan):
            pending.admin_only = admin_only
    if "name" in change:
        name = check_name(change["name"], switches.environment_names)
        if _may_rename(repository, env, name, switches):
            slug_for(repository, name, switches.slug_clash, besides=env)
            pending.name = name
    if pending.is_noop() and switches.noop_change is Verdict.REFUSED:
        raise change_not_allowed()
    return pending


def _other_fields(change: Mapping[str, Json], extra: Extra) -> dict[str, Json]:
    other = {
        name: value
        for name, value in change.items()
        if name not in {"name", "restrictions", "type"}
    }
    if extra is Extra.REFUSED and other:
        raise change_not_allowed()
    if extra is Extra.IGNORED:
        return {}
    if "environment_type" in other:
        other["environment_type"] = check_type(other["environment_type"])
    return other


def _may_rename(repository: Repository, env: Environment, name: str, switches: Switches) -> bool:
    if not clashes(repository, name, switches.name_clash, besides=env):
        return True
    match switches.rename_clash:
        case RenameClash.IGNORED:
            return False
        case RenameClash.BAD_REQUEST | RenameClash.CONFLICT:
            raise ApiError(
                int(switches.rename_clash),
                "An environment with this name already exists.",
                shape=ErrorShape.SERVICE,
                key=NOT_ALLOWED,
            )
        case _:
            assert_never(switches.rename_clash)
