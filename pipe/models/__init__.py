"""Frozen values without I/O: what is declared, what exists, what changes, how it ended."""
