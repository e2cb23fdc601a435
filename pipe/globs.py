"""Patterns over names, in which case makes no difference (pure).

`*` stands for any run of characters, `?` for any one.
"""

from __future__ import annotations

from fnmatch import fnmatchcase


def is_glob(text: str) -> bool:
    """Whether the text is a pattern rather than a name."""
    return "*" in text or "?" in text


def glob_matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern.

    A pattern that protects `Prod*` must not miss `production`, hence regardless of case.
    """
    # Bitbucket's names have no character classes: a bracket stands for itself.
    return fnmatchcase(name.casefold(), pattern.casefold().replace("[", "[[]"))
