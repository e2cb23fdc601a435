"""Draws curves; runs in an interpreter of its own."""
