"""Bitbucket Environment: keeps the deployment environments of Bitbucket Cloud as declared."""

from typing import Final

VERSION: Final = "1.0.0"
"""The version of the program, of the image, and of the repository's tag."""
