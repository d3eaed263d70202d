"""Attempts of SDKs at the same messages, while answers are on demand: grouped by messageId."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from ..api.models import Attempt
from ..sources.decode import NotJson
from ..sources.parts import array_parts, members
from ..sources.segment.write_key import is_batch, string_in
from ..text import counted

MOST = 10_000
"""MessageIds that are remembered; the oldest are forgotten."""
MOST_OF_ONE = 50
"""Attempts at one message that are remembered."""
NAMED = 10
"""MessageIds that the reason of a refused request names."""


class Attempts:
    """The attempts at messages of which one was answered on demand, by messageId, in memory."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, list[Attempt]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._of)

    def of(self, message_id: str) -> tuple[Attempt, ...]:
        """Return the attempts at a message, oldest first; none if none was answered on demand."""
        return tuple(self._of.get(message_id, ()))

    def at(self, time: int) -> tuple[Attempt, ...]:
        """Return the attempts at the first message of the request that came at this time (ms)."""
        return next((tuple(some) for some in self._of.values() if any(one.at == time for one in some)), ())

    def note(self, ids: Sequence[str], attempt: Attempt, *, known: bool = False) -> int:
        """Remember an attempt at these messages, and return which one it is for the first of them.

        With `known`, only if an earlier one was answered on demand; returns 0 if none was.
        """
        number = 0
        for id in ids:
            some = self._of.get(id)
            if some is None:
                if known:
                    continue
                some = self._of[id] = []
                if len(self._of) > MOST:
                    self._of.popitem(last=False)
            some.append(attempt)
            del some[:-MOST_OF_ONE]
            number = number or len(some)
        return number

    def clear(self) -> None:
        """Forget all."""
        self._of.clear()


def message_ids_in(text: bytes) -> list[str]:
    """Return the messageIds of a body, those that are there."""
    try:
        parts = members(text)
        items = [members(item) for item in array_parts(parts["batch"])] if is_batch(parts) else [parts]
    except NotJson:
        return []
    return [id for item in items if (id := string_in(item.get("messageId")))]


def on_demand_words(answer: str, ids: Sequence[str], messages: int, number: int) -> str:
    """Return the reason of a request that was refused on demand."""
    named = " ".join(ids[:NAMED])
    more = messages - min(len(ids), NAMED)
    if more:
        named = f"{named} and {more:,} more" if named else counted(more, "message")
    return f"{answer} on demand, attempt {number or 1}: {named}"
