"""Short words for the list: where a message comes from, what it is called and whom it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from ..messages import RAW_TYPE, Json, JsonObject, Message
from ..query import names_of
from ..text import shorten

_SHORT = 64
NAME_CHARS = 256
"""Longer names and ids are cut for the list; the message itself keeps them whole."""

LIBRARIES: tuple[tuple[str, str], ...] = (
    ("react-native", "react native"),
    ("flutter", "flutter"),
    ("unity", "unity"),
    ("xamarin", "xamarin"),
    ("analytics-node", "node"),
    ("analytics.js", "web"),
    ("analytics-next", "web"),
    ("analytics-python", "python"),
    ("analytics-ruby", "ruby"),
    ("analytics-php", "php"),
    ("analytics-go", "go"),
    ("analytics-java", "java"),
    ("analytics-rust", "rust"),
    ("analytics-ios", "ios"),
    ("analytics-swift", "ios"),
    ("analytics-android", "android"),
    ("analytics-kotlin", "android"),
    ("analytics-csharp", ".net"),
    ("analytics.net", ".net"),
)
"""Part of `context.library.name`, lower case, and the source it means; the first that fits."""

SYSTEMS = {"ios": "ios", "ipados": "ios", "iphone os": "ios", "android": "android", "tvos": "tvos"}
CROSS_PLATFORM = frozenset({"react native", "flutter", "unity", "xamarin"})
CHANNELS = {"client": "web", "browser": "web", "web": "web", "mobile": "mobile", "server": "server"}


def source_label(document: JsonObject) -> str:
    """Return a word for the source: `web`, `ios`, `android`, `node`, `python`, …; `http` if unknown.

    Asked in turn: the library's name (for the frameworks that run on both phones, the system they run
    on), `channel`, the operating system, the library's name as it stands.
    """
    context, library = document.get("context"), ""
    context = context if isinstance(context, dict) else {}
    if isinstance(named := context.get("library"), dict):
        library = _text(named.get("name"))
    system = _text(_object(context["os"]).get("name")) if "os" in context else ""
    channel = _text(document.get("channel")) if "channel" in document else ""
    return _label(library[:NAME_CHARS], system[:NAME_CHARS], channel[:NAME_CHARS])


@lru_cache(maxsize=1_024)
def _label(library: str, system: str, channel: str) -> str:
    library, system = library.lower(), SYSTEMS.get(system.lower(), "")
    if label := _library_label(library):
        return system or label if label in CROSS_PLATFORM else label
    return CHANNELS.get(channel.lower(), "") or system or _line(shorten(library, 16)) or "http"


def record_label(record: JsonObject) -> str:
    """Return the same for a record of Mixpanel's own SDKs, from its `mp_lib`; "" where it has none."""
    library = _text(_object(record.get("properties")).get("mp_lib")).lower()
    if library in ("web", "segment: web"):
        return "web"
    return _line(shorten(library, 16))


def agent_label(user_agent: str) -> str:
    """Return the same from a request's User-Agent alone: for one that holds no message that can be read."""
    agent = user_agent.lower()
    return _library_label(agent) or ("web" if agent.startswith("mozilla/") else "http")


def _library_label(name: str) -> str:
    return next((label for part, label in LIBRARIES if part in name), "")


def describe(message: Message) -> tuple[str, str]:
    """Return what the list calls a message, and its user.

    The name: a track's event, a page's or screen's name (else its path), an identify's email or name trait, a
    group's id, an alias's two ids, else the type; for a record of Mixpanel's own SDKs its event, or the
    operation on a profile. The user: userId, else anonymousId, else "". Both on one line, cut at
    `NAME_CHARS`.
    """
    document = message.document
    if message.type == RAW_TYPE:
        names = names_of(document, RAW_TYPE)
        return _line(names.event or RAW_TYPE), _line(names.user_id or names.anonymous_id)
    match message.type:
        case "track":
            name = _text(document.get("event"))
        case "page" | "screen":
            properties = _object(document.get("properties"))
            name = (
                _text(document.get("name"))
                or _text(properties.get("name"))
                or _text(properties.get("path"))
                or _text(_object(_object(document.get("context")).get("page")).get("path"))
            )
        case "identify":
            traits = _object(document.get("traits"))
            name = _text(traits.get("email")) or _text(traits.get("name"))
        case "group":
            name = _text(document.get("groupId"))
        case "alias":
            previous, new = _text(document.get("previousId")), _text(document.get("userId"))
            name = f"{shorten(previous, 100)} → {shorten(new, 100)}" if previous and new else previous or new
        case _:
            name = ""
    user = _text(document.get("userId")) or _text(document.get("anonymousId"))
    fallback = message.type or _text(document.get("type")) or _text(document.get("event")) or "no type"
    return _line(name or fallback), _line(user)


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))[:NAME_CHARS]


def _line(text: str) -> str:
    if (
        len(text) <= _SHORT
        and text.isascii()
        and text.isprintable()
        and (" " not in text or ("  " not in text and text[0] != " " and text[-1] != " "))
    ):
        return text  # as most names and ids are
    return " ".join(shorten(text, NAME_CHARS).split())
