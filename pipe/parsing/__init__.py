"""Text to values, wherever it was written: in variables or in a file (pure)."""
