"""The configuration file: YAML to declarations, each error with its line."""
