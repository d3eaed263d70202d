"""What stands for a secret wherever one could be seen, and the short form of a project token."""

from __future__ import annotations

import base64
import enum
import json
import re
from base64 import b64decode
from collections.abc import Iterable
from typing import TypeVar, cast
from urllib.parse import quote, quote_plus

import msgspec

from .inspection import SECRET_FIELDS, Inspection, OutgoingRequest
from .settings import Secret, Settings
from .text import clean

MASK = "••••"
_SHORTEST = 8
"""Shorter texts are no secrets worth the name, and would stand in too many others."""

T = TypeVar("T")
_WHERE = {"us": "in the US", "eu": "in the EU", "in": "in India"}


def mask_token(token: str) -> str:
    """A project token short enough for a header: `a1b2…f9`."""
    return f"{token[:4]}…{token[-2:]}" if len(token) > 8 else token


def project_in_words(project: str, region: str, mixpanel_url: str) -> str:
    """Where messages go, for a sentence: `project a1b2…f9 in the EU`. `project` is the masked token."""
    where = f"at {clean(mixpanel_url)}" if mixpanel_url else _WHERE.get(region, "")
    return f"project {project} {where}".strip()


def mask_authorization(value: str) -> str:
    """`Basic ••••` for any credentials: the scheme tells which kind, and nothing else is shown."""
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space else MASK


def masked(request: OutgoingRequest) -> OutgoingRequest:
    """The request as it may be shown: credentials in the header and in query fields are dots."""
    changes: dict[str, object] = {}
    if request.authorization is not None:
        changes["authorization"] = mask_authorization(request.authorization)
    if request.query and any(field in request.query for field in SECRET_FIELDS):
        changes["query"] = {
            key: MASK if key in SECRET_FIELDS else value for key, value in request.query.items()
        }
    return msgspec.structs.replace(request, **changes) if changes else request


def masked_inspection(inspection: Inspection) -> Inspection:
    """The same inspection with dots for the credentials of every request: `authorization`, an API key."""
    operations = tuple(
        msgspec.structs.replace(operation, request=masked(operation.request))
        for operation in inspection.translation.operations
    )
    translation = msgspec.structs.replace(inspection.translation, operations=operations)
    return msgspec.structs.replace(inspection, translation=translation)


def secrets_of(request: OutgoingRequest) -> tuple[str, ...]:
    """What must never be shown of a request: for scrubbing the words that a server sends back."""
    found: list[str] = []
    if request.authorization:
        found += _in_basic(request.authorization.rpartition(" ")[2])
    query = request.query or {}
    found += [value for key in SECRET_FIELDS if isinstance(value := query.get(key), str)]
    return tuple(secret for secret in found if len(secret) >= 8)


def _in_basic(encoded: str) -> list[str]:
    """The secrets in Basic credentials, longest first: `user:secret`, or a secret in place of the user."""
    try:
        plain = b64decode(encoded, validate=True).decode()
    except ValueError:
        return [encoded]
    user, _, secret = plain.partition(":")
    return [encoded, plain, secret or user]


def secrets_in(settings: Settings) -> tuple[str, ...]:
    """Every secret of the settings, each by itself and `user:secret` in its parts."""
    named = [
        value.reveal()
        for name in settings.destination.__struct_fields__
        if isinstance(value := getattr(settings.destination, name), Secret)
    ]
    parts = [part for secret in named for part in (secret, secret.rpartition(":")[2])]
    return tuple(dict.fromkeys(part for part in parts if len(part) >= _SHORTEST))


class Masks:
    """Dots for known secrets, in whatever form they come back or are received.

    Forms: as they are, escaped in JSON, percent-encoded, and in base64 with anything before and behind (so
    `secret:` and `user:secret`), of which the whole run of base64 becomes dots.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        plain: set[str] = set()
        inside: set[str] = set()
        for secret in secrets:
            plain |= {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
            plain |= {quote(secret, safe=""), quote_plus(secret), quote(secret, safe="").lower()}
            for lead in range(3):
                # Of a text at each of base64's three places, the signs that its neighbours do not change.
                data = b"\0" * lead + secret.encode()
                whole = base64.b64encode(data).decode().rstrip("=")
                core = whole[(0, 2, 3)[lead] : len(data) * 8 // 6]
                inside |= {core, core.replace("+", "-").replace("/", "_"), quote(core, safe="")}
        self._forms = tuple(sorted(plain | inside, key=len, reverse=True))
        run = "(?:[A-Za-z0-9+/_=-]|%2[BbFf]|%3[Dd])*"
        parts = [re.escape(form) for form in sorted(plain, key=len, reverse=True)]
        parts += [f"{run}{re.escape(form)}{run}" for form in sorted(inside, key=len, reverse=True)]
        self._pattern = re.compile("|".join(parts))

    def find(self, text: str) -> bool:
        """True when a secret is in the text."""
        return any(form in text for form in self._forms)

    def text(self, text: str) -> str:
        """The text with dots."""
        if not self.find(text):
            return text
        return self._pattern.sub(MASK, text)

    def data(self, data: bytes) -> bytes:
        """The same for bytes; what is not UTF-8 in them stays as it is."""
        if not any(form.encode() in data for form in self._forms):
            return data
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def value(self, value: T) -> T:
        """The same for every text within a value: structs, tuples, lists and objects are made anew."""
        return cast(T, self._value(value)) if self._forms else value

    def _value(self, value: object) -> object:
        match value:
            case enum.Enum():
                return value
            case str():
                return self.text(value)
            case bytes():
                return self.data(value)
            case msgspec.Struct():
                fields = {name: getattr(value, name) for name in value.__struct_fields__}
                masked = {name: self._value(item) for name, item in fields.items()}
                changed = {name: item for name, item in masked.items() if item is not fields[name]}
                return msgspec.structs.replace(value, **changed) if changed else value
            case tuple() | list():
                items = [self._value(item) for item in cast("list[object]", value)]
                return tuple(items) if isinstance(value, tuple) else items
            case dict():
                pairs = cast("dict[object, object]", value).items()
                return {self._value(key): self._value(item) for key, item in pairs}
            case _:
                return value
