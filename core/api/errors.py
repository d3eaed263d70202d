"""What both ends of the control API share: its place, and errors of one class and in the same words."""

from __future__ import annotations

import msgspec

from .. import errors
from ..errors import EngineError, PortTaken, RequestRefused, SegtapError

PREFIX = "/_segtap/"
"""The paths of the control API begin with it."""


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """`kind` is the class in core.errors; the last three are PortTaken's."""

    kind: str
    title: str
    message: str
    port: int = 0
    owner: str = ""
    next_port: int = 0


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The body of every control answer that is not 2xx, and the line of an engine that cannot start."""

    error: ErrorBody


def error_body(error: SegtapError) -> ErrorBody:
    """The error as it travels."""
    kind = type(error).__name__
    if isinstance(error, PortTaken):
        return ErrorBody(kind, error.title, str(error), error.port, error.owner, error.next_port)
    return ErrorBody(kind, error.title, str(error))


def error_from(body: ErrorBody) -> SegtapError:
    """The error as it was raised; EngineError when its class is not known here."""
    kind = getattr(errors, body.kind, None)
    error: SegtapError
    if kind is PortTaken:
        error = PortTaken(body.message, port=body.port, owner=body.owner, next_port=body.next_port)
    elif kind is RequestRefused:
        error = RequestRefused(400, body.message)
    elif isinstance(kind, type) and issubclass(kind, SegtapError):
        error = kind(body.message)
    else:
        error = EngineError(body.message)
    error.title = body.title
    return error
