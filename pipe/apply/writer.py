"""What every write to one environment needs, passed as one value."""

from __future__ import annotations

from msgspec import Struct

from pipe.apply.context import ApplyContext
from pipe.apply.outcomes import ChangeOutcomes
from pipe.bitbucket.client import Bitbucket
from pipe.models.declaration import Repository
from pipe.models.existing import ExistingEnvironment


class EnvironmentWriter(Struct, frozen=True):
    """One environment that is being changed.

    Attributes:
        context: The dependencies.
        repository: The repository that the environment belongs to.
        environment: The environment as it was before the first write.
        outcomes: Records the outcome of each change.
    """

    context: ApplyContext
    repository: Repository
    environment: ExistingEnvironment
    outcomes: ChangeOutcomes

    @property
    def api(self) -> Bitbucket:
        """Bitbucket's API."""
        return self.context.api
