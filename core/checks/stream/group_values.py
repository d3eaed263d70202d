"""Values of group keys that no group call has: another spelling at once, others once no group call came."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from ...catalogue import stream as rule
from ...messages import Json
from ...text import shown
from ...verdict import Finding
from ..group_keys import group_ids, group_text
from ..ids import is_placeholder
from ..spaces import stripped
from .memory import Recent
from .observed import StreamLimits
from .seen import Seen

_MAX_WAITING = 128
_AFTER_MESSAGES = 100
_AFTER_MS = 60_000
"""A value that comes again after so many messages, or milliseconds, has had its time for a group call."""

_TWO = ": to Mixpanel these are two groups, for upper and lower case differ"

Place = Callable[[str], str]
"""Finds where a value stands in the message: given a step further (`[1]`), or "" for the value itself."""
InGroup = Callable[[Seen, str], bool]
"""Whether the sender of a message is in a group of a key."""


class _Waiting(msgspec.Struct, frozen=True):
    """A value that no group call had so far, with the finding for its message if none comes."""

    number: int
    now: int
    key: str
    values: tuple[str, ...]
    finding: Finding


class GroupValues:
    """Remembers the ids of the groups that were written, and the values that events and profiles have."""

    def __init__(self, limits: StreamLimits, in_group: InGroup) -> None:
        self._in_group = in_group
        self._ids: Recent[tuple[str, str], bool] = Recent(limits.names)
        self._spelt: Recent[tuple[str, str], str] = Recent(limits.names)
        """The ids by their key and by what they are in lower case."""
        self._carried: Recent[tuple[str, str], tuple[str, str]] = Recent(limits.texts)
        """Values that are no ids so far, likewise: how they are written, and where they were."""
        self._waiting: dict[tuple[str, str], _Waiting] = {}
        self._reported: Recent[tuple[str, str], bool] = Recent(limits.names)

    def group(self, key: str, id: Json, path: Place) -> Iterator[Finding]:
        """Look at a group that was written: it may show that a value before was misspelt.

        `path` is called only once something is found, as in `look`.
        """
        text = group_text(id)
        if not text or (key, text) in self._ids:
            return
        self._ids.put((key, text), True)
        self._waiting.pop((key, text), None)
        folded = text.casefold()
        self._spelt.put((key, folded), text)
        other = self._carried.get((key, folded))
        if other is None or other[0] == text or (key, other[0]) in self._ids:
            return
        if self._reported.first_time((key, other[0]), True):
            written, where = other
            yield rule.GROUP_VALUE_UNKNOWN.finding(
                path(""),
                f"{where} carries {shown(key, 40)} {shown(written, 40)}, and this group is {shown(text, 40)}"
                + _TWO,
                fix=f"send {shown(text, 40)} as {shown(key, 40)[1:-1]} there, or {shown(written, 40)} here",
            )

    def knows(self, key: str, value: Json) -> bool:
        """Return True if the value is the id of a group that was written."""
        return isinstance(value, str) and (key, value) in self._ids

    def look(self, seen: Seen, key: str, value: Json, path: Place, where: str) -> Iterator[Finding]:
        """Look at an event or a profile that has the key. `where` names it in a sentence."""
        texts = tuple(group_text(one) for one in group_ids(value))
        if any((key, text) in self._ids for text in texts) and len(texts) == 1:
            return
        unknown = False
        for index, text in enumerate(texts):
            if not text or (key, text) in self._ids or is_placeholder(text) or stripped(text) != text:
                continue
            folded = text.casefold()
            spelt = self._spelt.get((key, folded))
            if spelt is None:
                self._carried.put((key, folded), (text, where))
                unknown = True
            elif self._reported.first_time((key, text), True):
                at = path(f"[{index}]" if isinstance(value, list) else "")
                yield _misspelt(at, key, text, spelt, where)
        if unknown and self._in_group(seen, key) and not any((key, text) in self._ids for text in texts):
            at = path("[0]" if isinstance(value, list) else "")
            yield from self._wait(seen, key, texts, at, where)

    def _wait(self, seen: Seen, key: str, texts: tuple[str, ...], path: str, where: str) -> Iterator[Finding]:
        """Keep the finding until a group call with this value comes, or until there was time for one."""
        text = texts[0]
        if not text or (key, text) in self._reported:
            return
        before = self._waiting.get((key, text))
        words = f"{where} carries {shown(key, 40)} {shown(text, 40)}, and no group call has this id"
        one = _Waiting(seen.number, seen.said.now, key, texts, rule.GROUP_VALUE_UNKNOWN.finding(path, words))
        if before is None:
            if len(self._waiting) >= _MAX_WAITING:
                del self._waiting[next(iter(self._waiting))]
            self._waiting[key, text] = one
            return
        late = seen.number - before.number >= _AFTER_MESSAGES or seen.said.now - before.now >= _AFTER_MS
        if late and self._stands(one):
            del self._waiting[key, text]
            self._reported.put((key, text), True)
            yield one.finding

    def _stands(self, one: _Waiting) -> bool:
        """Return True if none of the values is a group's id. What was forgotten may have been one."""
        return not self._ids.forgotten and not any(
            (one.key, text) in self._ids or (one.key, text.casefold()) in self._spelt for text in one.values
        )

    @property
    def waiting(self) -> int | None:
        """The number of the oldest message whose finding still waits for a group call; None if none does."""
        return next((one.number for one in self._waiting.values()), None)

    def settle(self, upto: int | None) -> Iterator[tuple[int, Finding]]:
        """Wait no longer for messages up to a number, or for any: their findings, with their numbers."""
        for place, one in list(self._waiting.items()):
            if upto is None or one.number <= upto:
                del self._waiting[place]
                if self._stands(one) and self._reported.first_time(place, True):
                    yield one.number, one.finding


def _misspelt(path: str, key: str, text: str, spelt: str, where: str) -> Finding:
    return rule.GROUP_VALUE_UNKNOWN.finding(
        path,
        f"{where} carries {shown(key, 40)} {shown(text, 40)}, and the group is {shown(spelt, 40)}{_TWO}",
        fix=f"write it {shown(spelt, 80)[1:-1]}",
    )
