"""Measurements, side by side in one run; results go to docs/performance.md."""
