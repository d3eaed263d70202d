"""What stands for a secret wherever one could be seen, and the short form of a project token."""

from __future__ import annotations

from base64 import b64decode

import msgspec

from .inspection import SECRET_FIELDS, Inspection, OutgoingRequest
from .text import clean

MASK = "••••"
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
