"""Whether a request is kept, and by which source's rules: Segment's, or those of Mixpanel's SDKs. Pure."""

from __future__ import annotations

from ..errors import RequestRefused
from .mixpanel.answers import DeviceRefused
from .mixpanel.requests import Admitted, answered, refused_reply
from .mixpanel.requests import admit as admit_device
from .segment.routes import route_of
from .segment.validate import NO_RECORDS, check_body

_PROJECT = b'token"'
"""Every record of Mixpanel's SDKs that stands at the path of a Segment call names its project."""


def admit(
    path: str, query: str, body: bytes, *, max_depth: int, limit: int | None = None
) -> int | Admitted | None:
    """Return how many messages an uncompressed body holds; None: acknowledge it, it is not kept.

    Records of Mixpanel's SDKs come with their answer. Raises RequestRefused with the status and the reason,
    or DeviceRefused, which has the answer, for what one of Mixpanel's SDKs sent.
    """
    try:
        return _admit(path, query, body, max_depth, limit)
    except DeviceRefused:
        raise
    except RequestRefused as error:
        if (reply := answered(path, query)) is not None:
            return Admitted(0, reply)
        raise refused_reply(path, query, body, NO_RECORDS) or error from error


def _admit(path: str, query: str, body: bytes, max_depth: int, limit: int | None) -> int | Admitted | None:
    if body[:1] == b"{":
        # Nearly every request. Nothing else is asked of a batch, nor of a message that says what it is.
        try:
            messages = check_body(body, route_of(path), max_depth)
        except RequestRefused:
            device = admit_device(path, query, body, max_depth=max_depth, limit=limit)
            if device is None:
                raise
            return device
        if messages != 1 or _PROJECT not in body:
            return messages
        return admit_device(path, query, body, max_depth=max_depth, limit=limit) or messages
    device = admit_device(path, query, body, max_depth=max_depth, limit=limit)
    return check_body(body, route_of(path), max_depth) if device is None else device
