"""The text that words are searched in: every value of a message, folded. The index keeps the same text."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..messages import Json, JsonObject
from .wildcards import fold

BETWEEN = "\x1f"
"""Stands between two values, so that no word reaches from one into the next."""
_TEXTS = frozenset((str,))
"""The type of all values of most objects, which are then not looked at one by one."""
_ALWAYS_FILLED_IN = ("receivedAt",)
_FILLED_IN = ("receivedAt", "timestamp")


def searched_text(document: JsonObject, filled: Collection[str] = ()) -> str:
    """Return the values of a message as it was received: texts, numbers, true, false and null, folded.

    Keys are not among them, nor are the times that were filled in, which stand in `filled` by their paths.
    """
    left_out = _FILLED_IN if "$.timestamp" in filled else _ALWAYS_FILLED_IN
    found: dict[str, None] = {}  # each value once, in their order
    own = [value for key, value in document.items() if key not in left_out]
    within: list[Iterator[Json]] = [iter(own)]
    """The objects and lists that are being walked, from the message inwards."""
    while within:
        for value in within[-1]:
            if isinstance(value, str):
                found[value] = None
            elif isinstance(value, dict):
                inner = value.values()
                if _TEXTS.issuperset(map(type, inner)):
                    found.update(dict.fromkeys(inner))  # pyright: ignore[reportCallIssue, reportArgumentType]
                    continue
                within.append(iter(inner))
                break
            elif isinstance(value, list):
                within.append(iter(value))
                break
            elif value is None:
                found["null"] = None
            elif value is True or value is False:
                found["true" if value else "false"] = None
            else:
                found[_number(value)] = None
        else:
            within.pop()
    return fold(BETWEEN.join(found))


def _number(value: float) -> str:
    """Return the number's text; of integers too long for Python to write, the hexadecimal one."""
    try:
        return repr(value)
    except ValueError:
        return hex(value) if isinstance(value, int) else ""
