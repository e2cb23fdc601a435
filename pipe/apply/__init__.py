"""Carries a plan out: each change is written, verified, and accounted for."""
