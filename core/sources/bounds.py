"""What one message may cost, measured on its JSON text before anything is made of it.

A few kilobytes on the wire can unpack to tens of megabytes of `{},{},{},…`: text of that size is cheap to
keep, but as Python objects it takes gigabytes and seconds. So every reader asks here first. Counting happens
at C speed, and only for texts that are long enough to be over a limit at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..settings import IngestSettings
from ..text import size
from .limits import SEGMENT_EVENT_BYTES, excess

_SEGMENT = f"its limit is {size(SEGMENT_EVENT_BYTES)}"
_WHITESPACE = b" \t\r\n"


class Bounds(msgspec.Struct, frozen=True):
    """The most that is read of one message.

    `message` is bytes of its JSON text, `nodes` the values in it: each object, list, text, number, true,
    false and null counts one. `decoded` is bytes of a whole body: what a batch states once for all of its
    messages may not come to more than that once each of them has it.
    """

    message: int = IngestSettings().max_message
    nodes: int = IngestSettings().max_nodes
    decoded: int = IngestSettings().max_decoded


DEFAULT_BOUNDS = Bounds()
MESSAGES_TOGETHER = 20
"""All messages of one request together may hold so many times the values of one."""


def bounds_of(settings: IngestSettings) -> Bounds:
    """Return the bounds that `[ingest]` sets."""
    return Bounds(settings.max_message, settings.max_nodes, settings.max_decoded)


def over(text: bytes, bounds: Bounds = DEFAULT_BOUNDS, *, shared: bytes = b"") -> str:
    """Return why a message is too large to be read, naming limit and setting; "" when it may be.

    `shared` is the JSON text that its batch adds to it.
    """
    length = len(text) + len(shared)
    if length < unasked(bounds):
        return ""
    if length > bounds.message:
        much, limit = excess(length, bounds.message)
        return f"{much}, {_SEGMENT}; segtap reads messages up to {limit} ([ingest] max_message)"
    if exceeds(text + b"," + shared if shared else text, bounds.nodes):
        return (
            f"{size(length)} with over {bounds.nodes:,} values, {_SEGMENT}; "
            "segtap reads messages of no more values ([ingest] max_nodes)"
        )
    return ""


def unasked(bounds: Bounds) -> int:
    """Return the length from which on a message's text has to be looked at: a shorter one is within the
    bounds.
    """
    return min(bounds.message + 1, 2 * bounds.nodes)  # a value takes two bytes or more, with the sign behind


def too_large(text: bytes, bounds: Bounds = DEFAULT_BOUNDS) -> str:
    """Return why a record of Mixpanel's own SDKs is too large to be read; "" when it may be."""
    why = over(text, bounds)
    return why.replace(f", {_SEGMENT};", ":") if why else ""


def over_from(items: Sequence[bytes], body: bytes, bounds: Bounds = DEFAULT_BOUNDS) -> int:
    """Return the position in a batch from which no message is read, because those before it hold enough
    together.

    Messages that are too large by themselves do not count: they are not read either.
    """
    most = MESSAGES_TOGETHER * bounds.nodes
    if exceeds(body, most):
        nodes = 0
        for position, item in enumerate(items):
            if not over(item, bounds):
                nodes += count_nodes(item)
                if nodes > most:
                    return position
    return len(items)


def crowded(bounds: Bounds = DEFAULT_BOUNDS) -> str:
    """Return why the messages from that position on are not read."""
    return (
        f"its batch holds over {MESSAGES_TOGETHER * bounds.nodes:,} values; "
        f"segtap reads no more of one request ({MESSAGES_TOGETHER} times [ingest] max_nodes)"
    )


def over_together(shared: bytes, count: int, bounds: Bounds = DEFAULT_BOUNDS) -> str:
    """Return why what a batch states once for `count` messages is too much when each of them has it, else
    "".
    """
    length = len(shared) * count
    if length <= bounds.decoded:
        return ""
    return (
        f"context and integrations of its batch come to {size(length)} in {count:,} messages; "
        f"segtap reads up to {size(bounds.decoded)} ([ingest] max_decoded)"
    )


def exceeds(text: bytes, most: int) -> bool:
    """Return True when a JSON text holds more than `most` values."""
    if len(text) < 2 * most:
        return False
    # Signs within strings count here, too: they are counted apart only if that is too much.
    if text.count(b",") + text.count(b"[") + text.count(b"{") < most:
        return False
    return count_nodes(text) > most


def count_nodes(text: bytes) -> int:
    """Return how many values a JSON text holds, itself included."""
    if b"\\" in text:
        text = text.replace(rb"\\", b"").replace(rb"\"", b"")
    # An empty string leaves its two quotes, in which `[""]` differs from `[]`.
    signs = b'"'.join(text.translate(None, _WHITESPACE).split(b'"')[::2])
    empty = signs.count(b"[]") + signs.count(b"{}")
    return 1 + signs.count(b",") + signs.count(b"[") + signs.count(b"{") - empty
