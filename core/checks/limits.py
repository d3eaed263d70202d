"""Rules on Mixpanel's limits: how large, how many and how deep the values that it gets may be."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from ..inspection import Finding
from ..messages import Json, JsonObject
from ..paths import child
from ..text import shown, size
from .catalogue import calls as rule
from .rule import Subject

MANY_PROPERTIES = 200
"""Above this the event's properties are worth a warning."""
MAX_PROPERTIES = 255
MAX_ELEMENTS = 255
MAX_DEPTH = 3
MAX_STRING = 255
_SHORT = MAX_STRING // 4 + 1
"""A text of fewer characters cannot have more than 255 bytes."""
MAX_EVENT = 1024 * 1024
_MAY_BE_LARGE = MAX_EVENT // 2
"""An event can only be too large when the message that it comes from is at least this large."""


def event_too_large(subject: Subject) -> Iterator[Finding]:
    if 0 < subject.original_size < _MAY_BE_LARGE:
        return
    for path, record, _ in subject.events:
        try:
            length = len(msgspec.json.encode(record))
        except (UnicodeEncodeError, OverflowError):
            length = len(json.dumps(record, ensure_ascii=False).encode(errors="replace"))
        if length >= MAX_EVENT:
            yield rule.EVENT_TOO_LARGE.finding(
                path, f"the event has {size(length)}: Mixpanel takes less than {size(MAX_EVENT)}"
            )
            return


def limits(subject: Subject) -> Iterator[Finding]:
    """too-many-properties, array-too-long, nesting-too-deep and string-truncated, in one walk."""
    seen: set[tuple[str, str]] = set()
    original = subject.properties
    for path, record, properties in subject.events:
        event = record["event"]
        if isinstance(event, str) and _too_long(event):
            yield _truncated(
                "$.event" if event == subject.document.get("event") else f"{path}.event", "the name", event
            )
        if len(properties) > MANY_PROPERTIES:
            yield _too_many(f"{path}.properties", properties)
        for name, value in properties.items():
            if isinstance(value, str):
                if len(value) < _SHORT or not _too_long(value) or value == event:
                    continue  # event_original_name repeats the name
            elif not isinstance(value, (list, dict)):
                continue
            # The path of the message, where the value comes from there: products repeat the order's.
            own = original.get(name) is value
            where = child("$.properties" if own else f"{path}.properties", name)
            findings = (_truncated(where, name, value),) if isinstance(value, str) else _inside(value, where)
            for finding in findings:
                key = (finding.rule, finding.path)
                if key not in seen:
                    seen.add(key)
                    yield finding


_Node = tuple[Json, int, "_Node | None", str | int]
"""A list or object, its depth in objects, what holds it, and under which step."""


def _inside(top: list[Json] | JsonObject, where: str) -> Iterator[Finding]:
    """What is over a limit in one property. Walks with a stack of its own: nesting may be deep."""
    waiting: list[_Node] = [(top, 1 if isinstance(top, dict) else 0, None, "")]
    while waiting:
        node = waiting.pop()
        value, depth = node[0], node[1]
        if isinstance(value, dict):
            if len(value) >= MAX_PROPERTIES:
                yield _too_many(_path(node, where), value)
            if depth > MAX_DEPTH:
                path = _path(node, where)
                yield rule.NESTING_TOO_DEEP.finding(
                    path, f"objects are nested over {MAX_DEPTH} deep: Mixpanel refuses the event"
                )
                return
            inner = value.items()
        elif isinstance(value, list):
            if len(value) >= MAX_ELEMENTS:
                path = _path(node, where)
                yield rule.ARRAY_TOO_LONG.finding(
                    path,
                    f"the list has {len(value):,} elements: Mixpanel takes {MAX_ELEMENTS - 1} at most",
                    fix="send fewer products" if path.endswith(".properties.products") else None,
                )
            inner = enumerate(value)
        else:
            continue
        for step, part in inner:
            if isinstance(part, str):
                if len(part) >= _SHORT and _too_long(part):
                    path = child(_path(node, where), step)
                    yield _truncated(path, str(step), part)
            elif isinstance(part, dict):
                waiting.append((part, depth + 1, node, step))
            elif isinstance(part, list):
                waiting.append((part, depth, node, step))


def _path(node: _Node, where: str) -> str:
    taken: list[str | int] = []
    parent = node[2]
    while parent is not None:
        taken.append(node[3])
        node, parent = parent, parent[2]
    for step in reversed(taken):
        where = child(where, step)
    return where


def _too_long(text: str) -> bool:
    """Over 255 bytes: Mixpanel's pages say bytes in one place and characters in another."""
    return len(text) > MAX_STRING or (not text.isascii() and len(text.encode(errors="replace")) > MAX_STRING)


def _truncated(path: str, name: str, text: str) -> Finding:
    length = size(len(text.encode(errors="replace")))
    return rule.STRING_TRUNCATED.finding(
        path, f"{shown(name, 40)[1:-1]} has {length}: Mixpanel cuts texts off at {MAX_STRING} bytes"
    )


def _too_many(path: str, value: JsonObject) -> Finding:
    count = f"{len(value):,} properties"
    if len(value) >= MAX_PROPERTIES:
        return rule.TOO_MANY_PROPERTIES.finding(path, f"{count}: Mixpanel takes {MAX_PROPERTIES - 1} at most")
    return rule.TOO_MANY_PROPERTIES.finding(
        path, f"{count}: near Mixpanel's limit of {MAX_PROPERTIES - 1}", severity="warning"
    )
