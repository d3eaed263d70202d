"""Parts of a workspace that change messages on their way to Mixpanel, and that segtap does not imitate.

`segtap mappings import` writes them into segtap.toml, so that no message is shown as certain that one of them
may change. A part that segtap does imitate has a setting of its own, and is not among these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from .text import shorten

NotImitatedKind = Literal[
    "insert_function",
    "tracking_plan",
    "hashing",
    "filter",
    "transformation",
    "subscription",
    "setting",
    "switched_off",
    "resource",
    "field",
]
NOT_IMITATED_KINDS: tuple[NotImitatedKind, ...] = get_args(NotImitatedKind)
Scope = Literal["source", "destination"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_WORDS: dict[NotImitatedKind, str] = {
    "insert_function": "the insert function",
    "tracking_plan": "the tracking plan's blocking of",
    "hashing": "the hashing of",
    "filter": "the destination filter",
    "transformation": "the transformation",
    "subscription": "the subscription",
    "setting": "the destination's setting",
    "switched_off": "that it is switched off:",
    "resource": "the resource",
    "field": "the field",
}
"""What a part of each kind is called, before its name."""
NAMES_SHOWN = 3
NAME_WIDTH = 60


class NotImitated(msgspec.Struct, frozen=True, kw_only=True):
    """One of `[[not_imitated]]` in segtap.toml.

    `scope` is "source" for what changes messages before they reach any destination. `where` names the place
    in the export that has it. `condition` is the FQL condition (`if` in the file) of the messages that it may
    change, "" for all.
    """

    kind: NotImitatedKind
    name: str
    scope: Scope = "destination"
    where: str = ""
    condition: str = ""

    @property
    def words(self) -> str:
        """Name the part in a sentence: `the insert function 'enrich' (source)`."""
        named = f"{_WORDS[self.kind]} {shorten(self.name, NAME_WIDTH)!r}"
        return f"{named} (source)" if self.scope == "source" else named


def listed(parts: Sequence[NotImitated]) -> str:
    """Name the first few parts in a sentence, and count the others."""
    names = [one.words for one in parts[:NAMES_SHOWN]]
    more = len(parts) - len(names)
    if more:
        return f"{', '.join(names)} and {more:,} more"
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)
