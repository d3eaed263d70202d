"""The body of a batch: what it says for all messages in it, and how it is made of messages. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..json_text import json_bytes
from ..messages import JsonObject, Message
from ..paths import child
from ..sources.decode import BOM, NotJson
from ..sources.parts import members, object_parts
from ..sources.segment.write_key import is_batch

SHARED = ("context", "integrations")
"""What a batch may state once for all of its items. An item's own keys win: Segment does not document which
does, and the nearer statement is the plainer reading."""


def body_of(texts: Sequence[bytes]) -> bytes:
    """Return the body of a request that holds messages, each spelled as its text is.

    A text that begins with a byte order mark must be alone: inside of a batch, a mark is not JSON.
    """
    if len(texts) == 1 and texts[0].startswith(BOM) and not is_batch(members(texts[0])):
        return texts[0]
    return b'{"batch":[' + b",".join(text.removeprefix(BOM) for text in texts) + b"]}"


def spelled(message: Message) -> bytes:
    """Return the JSON text of a message: spelled as it was received, with what was filled in.

    A spelling that nobody had to repair is not kept, nor one inside of a member that was filled in. A byte
    order mark belongs to a body as a whole, and is not kept either.
    """
    if not message.objections and not message.overflows:
        return json_bytes(message.document)
    try:
        parts = object_parts(message.original)
    except NotJson:
        return json_bytes(message.document)
    changed = {path.removeprefix("$.").partition(".")[0] for path in message.filled}
    made = (
        json_bytes(name)
        + b":"
        + (parts[name] if name in parts and name not in changed else json_bytes(value))
        for name, value in message.document.items()
    )
    return b"{" + b",".join(made) + b"}"


def merged(own: JsonObject, shared: JsonObject, path: str, filled: list[str]) -> JsonObject:
    """Fill in what `own` lacks of `shared`, in the objects inside as well; `filled` gets the paths of it.

    What `own` states wins, `null` and lists included. Without recursion: objects may be nested deep.
    """
    whole = dict(own)
    waiting: list[tuple[JsonObject, JsonObject, str]] = [(whole, shared, path)]
    while waiting:
        target, more, where = waiting.pop()
        for key, value in more.items():
            there = target.get(key)
            if key not in target:
                target[key] = value
                filled.append(child(where, key))
            elif isinstance(there, dict) and isinstance(value, dict):
                inner = target[key] = dict(there)
                waiting.append((inner, value, child(where, key)))
    return whole
