"""An answer other than 2xx, and the status of each error."""

from __future__ import annotations

from ..errors import (
    AccessRefused,
    FilterFault,
    ForwardingRefused,
    InputError,
    JournalError,
    SegtapError,
    SettingsError,
)
from .errors import ErrorBody, error_body

_STATUS: tuple[tuple[type[SegtapError], int], ...] = (
    (ForwardingRefused, 409),
    (InputError, 400),
    (FilterFault, 400),
    (SettingsError, 400),
    (JournalError, 503),
)


class Refusal(Exception):
    """Ends a request with this status and error. `allowed` are the methods that a 405 names, separated by
    commas.
    """

    def __init__(
        self, status: int, title: str, message: str, kind: str = "EngineError", *, allowed: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = ErrorBody(kind, title, message)
        self.allowed = allowed


def no_access(status: int, title: str, message: str) -> Refusal:
    """Return the refusal of a request for its sender (403) or its token (401)."""
    return Refusal(status, title, message, AccessRefused.__name__)


def unreadable(part: str, why: str) -> Refusal:
    """Return the refusal of a request of which one part ("body", "query") cannot be read."""
    return Refusal(400, f"The {part} cannot be read", f"{why[:1].upper()}{why[1:]}.", "InputError")


def refused(error: SegtapError | Refusal) -> tuple[int, ErrorBody]:
    """Return the status and the body that answer an error."""
    if isinstance(error, Refusal):
        return error.status, error.body
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500), error_body(error)
