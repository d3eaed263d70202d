"""One line of the list for each message: what is shown, and the text that plain search looks at."""

from __future__ import annotations

import json

import msgspec

from .delivery import DeliveryState
from .forward import wire
from .inspection import Inspection
from .journal.base import Entry
from .messages import Json, JsonObject, Marks, Message, Receipt, message_number
from .views import Summary

NAME_LIMIT = 256
USER_LIMIT = 128
TEXT_LIMIT = 1_000
"""Characters kept for a name, a user and the search text; the message itself is kept whole."""

SOURCES = (
    ("analytics-next", "web"),
    ("analytics.js", "web"),
    ("analytics-react-native", "react native"),
    ("analytics-python", "python"),
    ("analytics-node", "node"),
    ("analytics-ios", "ios"),
    ("analytics-swift", "swift"),
    ("analytics-android", "android"),
    ("analytics-kotlin", "kotlin"),
    ("analytics-flutter", "flutter"),
    ("analytics_flutter", "flutter"),
    ("analytics-go", "go"),
    ("analytics-java", "java"),
    ("analytics-ruby", "ruby"),
    ("analytics-php", "php"),
    (".net", ".net"),
)
"""Parts of the library names that SDKs send in `context.library.name`, and what the list calls them."""

_encode = msgspec.json.Encoder().encode


def delivery_of(inspection: Inspection, *, wanted: bool, marks: Marks) -> DeliveryState:
    """Where a message stands when it has just been read: nothing of it has been sent yet."""
    if marks & Marks.SECOND_RECEIPT:
        return DeliveryState.NOTHING
    if not wanted:
        return DeliveryState.NOT_WANTED
    return DeliveryState.WAITING if inspection.translation.operations else DeliveryState.NOTHING


def summarize(message: Message, inspection: Inspection, receipt: Receipt) -> Summary:
    """The line of a message. Texts are cut, and safe to encode (no lone surrogates)."""
    document = message.document
    return Summary(
        message.id,
        message.received_at,
        message.type,
        _plain(name_of(message.type, document), NAME_LIMIT),
        _plain(user_of(document), USER_LIMIT),
        source_of(document, receipt),
        inspection.errors,
        inspection.warnings,
        int(message.marks),
        delivery_of(inspection, wanted=message.wanted, marks=message.marks),
        _plain(message.message_id, NAME_LIMIT),
    )


def refusal(receipt: Receipt) -> Entry:
    """The one entry of a request that was answered with 4xx."""
    reason = receipt.refused or ""
    summary = Summary(
        message_number(receipt.seq, 0),
        receipt.received_at,
        "",
        _plain(reason, NAME_LIMIT),
        "",
        source_of({}, receipt),
        1,
        0,
        int(Marks.REFUSED),
        DeliveryState.NOTHING,
        "",
    )
    return Entry(summary, False, _plain(f"{reason} {receipt.method} {receipt.path}".lower(), TEXT_LIMIT))


def entry_of(summary: Summary, message: Message) -> Entry:
    """The index row: the line, and what plain search looks at: names, ids, properties, traits; lower case."""
    document = message.document
    parts = [summary.type, summary.name, summary.message_id, summary.source]
    for key in ("userId", "anonymousId", "groupId", "previousId", "properties", "traits"):
        value = document.get(key)
        if isinstance(value, str):
            parts.append(value[:USER_LIMIT])
        elif value:
            parts.append(_json_text(value))
    return Entry(summary, message.wanted, _plain(" ".join(parts).lower(), TEXT_LIMIT))


def name_of(type: str, document: JsonObject) -> str:
    """What the list calls a message: its event, page, group or new id; an identify by a trait or two."""
    if type == "track":
        return _text(document.get("event"))
    if type in ("page", "screen"):
        category = _text(document.get("category"))
        name = _text(document.get("name"))
        return f"{category} {name}".strip()
    if type == "group":
        return _text(document.get("groupId"))
    if type == "alias":
        return f"{_text(document.get('previousId'))} → {_text(document.get('userId'))}"
    if type == "identify":
        traits = document.get("traits")
        if isinstance(traits, dict):
            return _text(traits.get("email")) or _text(traits.get("name")) or "identify"
        return "identify"
    return _text(document.get("event"))


def user_of(document: JsonObject) -> str:
    """userId, else anonymousId, else nothing."""
    return _text(document.get("userId")) or _text(document.get("anonymousId"))


def source_of(document: JsonObject, receipt: Receipt) -> str:
    """Where it came from, in a word: the SDK's platform, else the way of arrival."""
    context = document.get("context")
    library = context.get("library") if isinstance(context, dict) else None
    name = library.get("name") if isinstance(library, dict) else None
    if isinstance(name, str) and name:
        lowered = name.lower()
        for part, source in SOURCES:
            if part in lowered:
                return source
        return _plain(lowered.removeprefix("analytics-"), 24)
    if receipt.origin == "pixel":
        return "pixel"
    agent = (receipt.header("user-agent") or "").lower()
    return next((source for part, source in SOURCES if part in agent), "http")


def json_bytes(value: Json) -> bytes:
    """JSON text of any parsed value; lone surrogates, which UTF-8 cannot hold, become `\\udXXX` escapes."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return _json_text(value)


def _json_text(value: Json) -> str:
    return json_bytes(value)[: 4 * TEXT_LIMIT].decode("utf-8", "replace")


def _plain(text: str, limit: int) -> str:
    """Cut, and with U+FFFD for lone surrogates, which neither JSON nor SQLite can carry."""
    cut = text[:limit]
    if cut.isascii():
        return cut
    return cut.encode("utf-8", "replace").decode("utf-8")


def masked(inspection: Inspection) -> Inspection:
    """The same inspection with dots for the credentials of every request: `authorization`, an API key."""
    operations = tuple(
        msgspec.structs.replace(operation, request=wire.masked(operation.request))
        for operation in inspection.translation.operations
    )
    translation = msgspec.structs.replace(inspection.translation, operations=operations)
    return msgspec.structs.replace(inspection, translation=translation)


def mask_authorization(value: str) -> str:
    """`Basic ••••` for any credentials: the scheme tells which kind, and nothing else is shown."""
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ••••" if space else "••••"
