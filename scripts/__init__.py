"""Generates what is kept in step with the models: the JSON Schema, the README's table."""
