"""Whose messages are accepted where the settings list write keys. Pure."""

from __future__ import annotations

from ..errors import RequestRefused
from ..text import clean, shorten
from .decode import NotJson, read_json
from .mixpanel.records import tokens_of
from .mixpanel.requests import device_of
from .parts import members
from .segment.write_key import write_key_of

UNAUTHORIZED = 401
_SHOWN = 12


class NotAccepted(RequestRefused):
    """A request whose write key is not one of those that are accepted."""


def refuse_key(key: str, keys: frozenset[str]) -> None:
    """Raise RequestRefused (401) unless the write key is one of those that are accepted."""
    if key not in keys:
        whose = f"the write key {shorten(clean(key), _SHOWN)}" if key else "a request without a write key"
        raise NotAccepted(UNAUTHORIZED, f"{whose} is not accepted here: write_keys lists those that are")


def refuse_body(text: bytes, authorization: str | None, query: str, keys: frozenset[str]) -> None:
    """Raise RequestRefused (401) unless the body, which holds messages, has an accepted write key."""
    try:
        parts = members(text)
    except NotJson:
        parts = dict[str, bytes]()
    refuse_key(write_key_of(parts, authorization, query), keys)


def refuse_records(path: str, query: str, text: bytes, keys: frozenset[str]) -> None:
    """Raise DeviceRefused (401) unless every record of Mixpanel's SDKs names an accepted token."""
    device = device_of(path, query, text)
    if device is None:
        return
    for item in device.records():
        record = read_json(item)[0]
        tokens = [token for _, token in tokens_of(record, item)] if isinstance(record, dict) else []
        if not tokens or not keys.issuperset(tokens):
            why = (
                "a record without a token" if not tokens else f"the token {shorten(clean(tokens[0]), _SHOWN)}"
            )
            words = f"{why} is not accepted here: write_keys lists those that are"
            raise device.asked.refused(words, UNAUTHORIZED)
