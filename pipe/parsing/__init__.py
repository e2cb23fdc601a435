"""Turns what people write into values, wherever they write it: variables or a file (pure)."""
