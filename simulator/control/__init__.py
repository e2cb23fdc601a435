"""The control API and seed files."""
