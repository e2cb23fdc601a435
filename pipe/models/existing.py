"""What exists in Bitbucket, reduced to what decisions need: frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from pipe.models.declaration import EnvironmentType
from pipe.models.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingEnvironment:
    """An environment as Bitbucket reported it.

    Attributes:
        uuid: With its braces, as Bitbucket writes it.
        name: Exactly as stored.
        type: `None` when Bitbucket did not say (the published schema promises only uuid and name).
        admin_only: `None` when Bitbucket did not say.
    """

    uuid: str
    name: str
    type: EnvironmentType | None = None
    admin_only: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingVariable:
    """A deployment variable as Bitbucket reported it.

    Attributes:
        uuid: With its braces.
        key: Exactly as stored.
        value: `None` when it is secured (such a value can never be read).
        secured: Whether Bitbucket hides the value.
    """

    uuid: str
    key: str
    value: str | None
    secured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingBranchRestriction:
    """One branch pattern that may deploy to an environment.

    Attributes:
        uuid: With its braces.
        pattern: For example `main` or `release/*`.
    """

    uuid: str
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingContents:
    """What an environment holds beyond its own fields, as far as it was asked for.

    Attributes:
        variables: `None`: not asked for.
        branches: `None`: not asked for; a `Problem`: Bitbucket offers no way to read them here.
    """

    variables: tuple[ExistingVariable, ...] | None = None
    branches: tuple[ExistingBranchRestriction, ...] | Problem | None = None
