"""What a run was asked to do, read from variables and, perhaps, a configuration file."""

from pipe.declaration import SecuredUpdate
from pipe.reading.secrets import known_secrets
from pipe.settings.read import read_settings
from pipe.settings.values import Mode, PipelineContext, Settings

__all__ = [
    "Mode",
    "PipelineContext",
    "SecuredUpdate",
    "Settings",
    "known_secrets",
    "read_settings",
]
