"""The text that words are searched in: every value of a message, folded. The index keeps the same text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from ..messages import Json, JsonObject
from .wildcards import fold

BETWEEN = "\x1f"
"""Stands between two values, so that no word reaches from one into the next."""
_are_texts = frozenset((str,)).issuperset
"""Returns True if all these types are that of a text."""


def searched_text(document: JsonObject, filled: Collection[str] = ()) -> str:
    """Return the values of a message as it was received: texts, numbers, true, false and null, folded.

    Each is in it once. Keys are not among them, nor are the times that were filled in, which stand in
    `filled` by their paths.
    """
    own = document.copy()
    own.pop("receivedAt", None)
    if "$.timestamp" in filled:
        own.pop("timestamp", None)
    return fold(BETWEEN.join(dict.fromkeys(_values_in(own.values(), document.get("context")))))


_of_last_context: list[tuple[JsonObject, Sequence[str]]] = [({}, ())]
"""The context of the message before, and the values in it: the messages of a batch share theirs."""


def _values_of_context(context: JsonObject) -> Sequence[str]:
    last, values = _of_last_context[0]
    if context is not last:
        values = _values_in(context.values())
        _of_last_context[0] = context, values
    return values


def _values_in(values: Iterable[Json], context: Json = None) -> list[str]:
    """List the values as texts, from the outside inwards and in their order. `context` is one of them."""
    found: list[str] = []
    within: list[Iterator[Json]] = [iter(values)]
    """The objects and lists that are being walked."""
    while within:
        for value in within[-1]:
            if isinstance(value, str):
                found.append(value)
            elif isinstance(value, dict):
                if value is context:
                    found.extend(_values_of_context(value))
                    continue
                inner = value.values()
                if _are_texts(map(type, inner)):  # as those of most objects: they need no look one by one
                    found.extend(inner)  # pyright: ignore[reportArgumentType]
                    continue
                within.append(iter(inner))
                break
            elif isinstance(value, list):
                within.append(iter(value))
                break
            elif value is None:
                found.append("null")
            elif value is True or value is False:
                found.append("true" if value else "false")
            else:
                found.append(_number(value))
        else:
            within.pop()
    return found


def _number(value: float) -> str:
    """Return the number's text; of integers too long for Python to write, the hexadecimal one."""
    try:
        return repr(value)
    except ValueError:
        return hex(value) if isinstance(value, int) else ""
