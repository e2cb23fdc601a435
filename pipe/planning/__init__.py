"""Compare what is declared with what exists and decide what changes; pure."""
