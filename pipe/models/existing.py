"""What exists in Bitbucket, reduced to what decisions need: frozen values."""

from msgspec import Struct

from pipe.models.declaration import EnvironmentType, Repository
from pipe.models.errors import Problem


class ExistingEnvironment(Struct, frozen=True, kw_only=True):
    """An environment as Bitbucket reported it.

    Attributes:
        uuid: With its braces, as Bitbucket writes it.
        name: Exactly as stored.
        type: `None` when Bitbucket did not say (the published schema promises only uuid and name).
        admin_only: `None` when Bitbucket did not say, which means unrestricted, or could not be
            understood.
        is_admin_only_unreadable: Whether `admin_only` was neither true nor false: then it is
            unknown, and never taken as unchanged.
        slug: The name as addresses hold it; `None` when Bitbucket did not say.
    """

    uuid: str
    name: str
    type: EnvironmentType | None = None
    admin_only: bool | None = None
    slug: str | None = None
    is_admin_only_unreadable: bool = False


class VariableOwner(Struct, frozen=True):
    """Where variables belong: to one environment, or to the repository itself.

    Attributes:
        repository: The repository.
        environment_uuid: With its braces; `None`: the repository itself, for all its pipelines.
    """

    repository: Repository
    environment_uuid: str | None = None


class ExistingVariable(Struct, frozen=True, kw_only=True):
    """A deployment variable as Bitbucket reported it.

    Attributes:
        uuid: With its braces.
        key: Exactly as stored.
        value: `None` when it is secured (such a value can never be read).
    """

    uuid: str
    key: str
    value: str | None
    secured: bool


class ExistingBranchRestriction(Struct, frozen=True, kw_only=True):
    """One pattern of branches that may deploy to an environment, for example `release/*`."""

    uuid: str
    pattern: str


class ExistingContents(Struct, frozen=True, kw_only=True):
    """What an environment holds beyond its own fields, as far as it was asked for.

    Attributes:
        variables: `None`: not asked for.
        branches: `None`: not asked for; a `Problem`: Bitbucket offers no way to read them here.
    """

    variables: tuple[ExistingVariable, ...] | None = None
    branches: tuple[ExistingBranchRestriction, ...] | Problem | None = None
