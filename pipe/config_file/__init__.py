"""Reads a configuration file: YAML → declarations, each fault with its line."""

from pipe.config_file.read import ConfigFile, read_config_file

__all__ = ["ConfigFile", "read_config_file"]
