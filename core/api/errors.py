"""How errors travel: the client raises the same class with the same text that the engine raised."""

from __future__ import annotations

import msgspec

from .. import errors
from ..errors import EngineError, FilterFault, PortTaken, RequestRefused, SegtapError


class FilterPlace(msgspec.Struct, frozen=True):
    """The part of a filter that cannot be read, see `FilterFault`."""

    filter: str
    start: int
    end: int
    sentence: str
    underlined: str
    suggestion: str


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error: `kind` is its class in core.errors. `port`, `owner` and `next_port` belong to PortTaken,
    `place` to FilterFault."""

    kind: str
    title: str
    message: str
    port: int = 0
    owner: str = ""
    next_port: int = 0
    place: FilterPlace | None = None


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The body of every answer that is not 2xx, and the line that an engine writes if it cannot start."""

    error: ErrorBody


def error_body(error: SegtapError) -> ErrorBody:
    """Return the error in the form in which it is sent."""
    kind = type(error).__name__
    if isinstance(error, PortTaken):
        return ErrorBody(kind, error.title, str(error), error.port, error.owner, error.next_port)
    if isinstance(error, FilterFault):
        place = FilterPlace(
            error.filter, error.start, error.end, error.sentence, error.underlined, error.suggestion
        )
        return ErrorBody(kind, error.title, str(error), place=place)
    return ErrorBody(kind, error.title, str(error))


def error_from(body: ErrorBody) -> SegtapError:
    """Return the error as it was raised; an EngineError if its class is not known here."""
    kind = getattr(errors, body.kind, None)
    error: SegtapError
    if kind is PortTaken:
        error = PortTaken(body.message, port=body.port, owner=body.owner, next_port=body.next_port)
    elif kind is FilterFault:
        place = body.place
        error = (
            FilterFault(**msgspec.structs.asdict(place)) if place is not None else EngineError(body.message)
        )
    elif kind is RequestRefused:
        error = RequestRefused(400, body.message)
    elif isinstance(kind, type) and issubclass(kind, SegtapError):
        error = kind(body.message)
    else:
        error = EngineError(body.message)
    error.title = body.title
    return error
