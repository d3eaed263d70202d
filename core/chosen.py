"""A choice of many messages, without a list of all their ids: one by one, or by a filter.

A choice is named after what it holds, so a name always means the same messages: a filter asks for it as
`is:marked@3f2a…`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Literal, NamedTuple, Protocol

import msgspec

MARKED, SET = "marked", "marked@"
"""What a filter's `is` calls the marks of a screen, and how the name of a choice begins."""


class Step(msgspec.Struct, frozen=True):
    """One change of the choice: the messages up to an id that match a filter, "" for all of them.

    "mark" chooses them. "invert" chooses those that were not chosen before, and lets go of the others.
    """

    kind: Literal["mark", "invert"]
    filter: str
    upto: int


class Single(NamedTuple):
    """A message chosen by itself, or taken out of the choice. `level` is the number of steps before it."""

    on: bool
    level: int
    received_at: int


class Listed(Protocol):
    """A line of the list."""

    @property
    def id(self) -> int: ...

    @property
    def received_at(self) -> int: ...

    @property
    def refused(self) -> bool: ...


class Chosen(msgspec.Struct, frozen=True):
    """The messages that are chosen: what the steps make of them, one after another.

    Those in `single` are as it says, but for later steps. Refused requests hold no message: they are left
    out.
    """

    steps: tuple[Step, ...] = ()
    single: Mapping[int, Single] = {}

    @classmethod
    def of(cls, lines: Iterable[Listed]) -> Chosen:
        """Return the choice of these messages."""
        return cls(single={line.id: Single(True, 0, line.received_at) for line in lines if not line.refused})

    def holds(self, id: int, matches: Callable[[str, int], bool | None]) -> bool | None:
        """Return True if a message is chosen, see `holds`."""
        return holds(self.steps, self.single, id, matches)

    @property
    def filters(self) -> tuple[str, ...]:
        """The filters of the steps, each once."""
        return tuple(dict.fromkeys(step.filter for step in self.steps))

    @property
    def last(self) -> int:
        """The highest id that can be chosen; 0 if there is none."""
        return max((*(step.upto for step in self.steps), max(self.single, default=0)), default=0)

    @property
    def name(self) -> str:
        """The name of the set, for a filter."""
        held = msgspec.json.encode((self.steps, sorted(self.single.items())))
        return SET + hashlib.sha256(held).hexdigest()[:16]


def holds(
    steps: Sequence[Step],
    single: Mapping[int, Single],
    id: int,
    matches: Callable[[str, int], bool | None],
) -> bool | None:
    """Return True if a message is chosen by steps and by itself.

    `matches` says whether it matches a filter, None if it does not know. If that decides, this is None, too.
    """
    one = single.get(id)
    state: bool | None = one is not None and one.on
    for step in islice(steps, one.level if one is not None else 0, None):
        if id > step.upto:
            continue
        match = matches(step.filter, id) if step.filter else True
        if match is None:
            state = True if step.kind == "mark" and state else None
        elif match:
            state = True if step.kind == "mark" else None if state is None else not state
    return state
