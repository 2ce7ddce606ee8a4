"""Nearest-name suggestions for error messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: object, allowed: Iterable[str]) -> str | None:
    """The allowed name closest to `word`, or None when nothing is close."""
    matches = difflib.get_close_matches(str(word).lower(), list(allowed), n=1, cutoff=0.5)
    return matches[0] if matches else None


def unknown(kind: str, word: object, allowed: Iterable[str]) -> str:
    """One sentence: what was given, the nearest allowed name, and all of them."""
    names = list(allowed)
    close = nearest(word, names)
    hint = f" (did you mean {close!r}?)" if close else ""
    return f"unknown {kind} {word!r}{hint}; allowed: {', '.join(names)}"
