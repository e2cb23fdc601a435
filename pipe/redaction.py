"""Takes known secrets out of text that came from outside.

Whoever is sent a secret may echo it, as it was or transformed. How eagerly a form of a secret is
looked for depends on its length, so that a secret "1" or "prod" does not make every message
unreadable: a long one is replaced wherever it or its beginning stands, a middling one where it
stands as a word, and a very short one only between quotes.
"""

from __future__ import annotations

import html
import json
import threading
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha1, sha256
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "***"

_WORD_LENGTH: Final = 4
"""Shorter forms are replaced between quotes only."""
_LONG_LENGTH: Final = 8
"""Forms of this length or more are replaced anywhere, and so are beginnings of this length."""
_QUOTES: Final = "\"'`"
_URL_SAFE: Final = str.maketrans("+/", "-_")
_ALIGNMENTS: Final = ((0, 0), (1, 2), (2, 3))
"""Base64 of a text within another: bytes before it, and characters that these spoil."""


class Redactor:
    """Knows the secrets of this run. Safe to share between threads."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._secrets: set[str] = set(secrets)
        self._known: frozenset[str] = frozenset()
        self._forms: frozenset[str] = frozenset()

    def add(self, secret: str) -> None:
        """Learn another secret."""
        with self._lock:
            self._secrets.add(secret)

    def clean(self, text: str) -> str:
        """Return `text` with every secret, and every known transform of one, replaced."""
        spans = sorted(span for form in self._all_forms() for span in _spans(form, text))
        pieces: list[str] = []
        end = 0
        for start, stop in spans:
            if start >= end:
                pieces += [text[end:start], MASK]
            end = max(end, stop)
        return "".join([*pieces, text[end:]])

    def _all_forms(self) -> frozenset[str]:
        """Return the forms to look for; made when first needed, as most runs never do."""
        with self._lock:
            new = self._secrets - self._known
            if new:
                forms = {form for secret in new for form in _forms(secret) if form.strip()}
                self._forms |= forms
                self._known |= new
            return self._forms


def _spans(form: str, text: str) -> Iterator[tuple[int, int]]:
    if len(form) >= _LONG_LENGTH:
        return _beginnings(form, text)
    if len(form) >= _WORD_LENGTH:
        return _words(form, text)
    return (
        (start + 1, stop - 1)
        for mark in _QUOTES
        for start, stop in _occurrences(f"{mark}{form}{mark}", text)
    )


def _beginnings(form: str, text: str) -> Iterator[tuple[int, int]]:
    """Find where the form stands, or so much of its beginning that it gives the secret away."""
    for start, stop in _occurrences(form[:_LONG_LENGTH], text):
        end = stop
        while end < len(text) and end - start < len(form) and text[end] == form[end - start]:
            end += 1
        yield start, end


def _words(form: str, text: str) -> Iterator[tuple[int, int]]:
    for start, stop in _occurrences(form, text):
        neighbours = text[max(0, start - 1) : start] + text[stop : stop + 1]
        if not any(character.isalnum() for character in neighbours):
            yield start, stop


def _occurrences(part: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(part)
    while start != -1:
        yield start, start + len(part)
        start = text.find(part, start + 1)


def _forms(secret: str) -> Iterator[str]:
    data = secret.encode("utf-8", "surrogatepass")
    yield secret
    yield " ".join(secret.split())
    yield from (line.strip() for line in secret.splitlines() if len(line) >= _LONG_LENGTH)
    yield repr(secret)[1:-1]
    yield html.escape(secret)
    for escaped in (json.dumps(secret), json.dumps(secret, ensure_ascii=False)):
        yield escaped[1:-1]
        yield json.dumps(escaped[1:-1])[1:-1]
    yield secret.replace("'", "'\"'\"'")
    yield secret.replace("'", "'\\''")
    for encoded in (quote(data), quote(data, safe=""), quote_plus(data)):
        yield encoded
        yield _lower_escapes(encoded)
    yield from _base64_forms(data)
    for hexadecimal in (data.hex(), sha256(data).hexdigest(), _sha1(data)):
        yield hexadecimal
        yield hexadecimal.upper()


def _base64_forms(data: bytes) -> Iterator[str]:
    whole = b64encode(data).decode()
    yield whole
    yield quote(whole, safe="")
    for before, spoiled in _ALIGNMENTS:
        groups = (before + len(data)) // 3
        middle = b64encode(bytes(before) + data).decode()[spoiled : groups * 4]
        yield middle
        yield middle.translate(_URL_SAFE)


def _lower_escapes(encoded: str) -> str:
    first, *others = encoded.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in others)])


def _sha1(data: bytes) -> str:
    return sha1(data, usedforsecurity=False).hexdigest()
