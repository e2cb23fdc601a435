"""What a run was asked to do, read from variables and, perhaps, a configuration file."""

from pipe.settings.read import known_secrets, read_settings
from pipe.settings.values import Mode, PipelineContext, SecuredUpdate, Settings

__all__ = [
    "Mode",
    "PipelineContext",
    "SecuredUpdate",
    "Settings",
    "known_secrets",
    "read_settings",
]
