"""What all mapping directives have in common: how they are compiled, and how they refuse a message."""

from __future__ import annotations

from collections.abc import Callable

from ..messages import Json
from .javascript import MISSING, Getter, Value

Build = Callable[[Json, bool], Getter]
"""Compiles a node inside a directive; the flag keeps undefined values in objects, for @merge."""


class Refused(Exception):
    """Raised for a message that a mapping or action refuses; the text is Segment's."""


def refuse(why: str) -> Getter:
    """Return a closure that refuses every message."""

    def refuse(payload: Value) -> Value:
        raise Refused(why)

    return refuse


def undefined(payload: Value) -> Value:
    """Return MISSING, whatever the payload."""
    return MISSING
