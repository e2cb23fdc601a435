"""What a run was asked to do, read from variables and, perhaps, a configuration file."""

from pipe.models.declaration import SecuredUpdate
from pipe.models.results import Mode
from pipe.parsing.secrets import known_secrets
from pipe.settings.loader import Settings, read_settings
from pipe.settings.pipelines import PipelineContext

__all__ = [
    "Mode",
    "PipelineContext",
    "SecuredUpdate",
    "Settings",
    "known_secrets",
    "read_settings",
]
