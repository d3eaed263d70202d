"""What Segment would object to in a message: each objection has a kind and its words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

ObjectionKind = Literal["reject", "change"]
"""Whether Segment would refuse the message, or only read or fill it in differently."""

_REJECT = "Segment would reject this: "


class Objection(msgspec.Struct, frozen=True):
    """One reason why Segment would refuse a message (`reject`) or would not take it unchanged (`change`).

    `words` say why, for a person; `text` is the whole sentence, which screens and JSON show.
    """

    kind: ObjectionKind
    words: str

    @property
    def text(self) -> str:
        """The sentence to show, which `read_objection` turns back into this objection."""
        return f"{_REJECT}{self.words}" if self.kind == "reject" else self.words


def rejection(words: str) -> Objection:
    """Make the objection of a message that Segment would refuse."""
    return Objection("reject", words)


def change(words: str) -> Objection:
    """Make the objection of a message that Segment, or segtap, reads differently from how it was sent."""
    return Objection("change", words)


def read_objection(text: str) -> Objection:
    """Turn an objection's sentence back into the objection."""
    return rejection(text[len(_REJECT) :]) if text.startswith(_REJECT) else change(text)


def first_rejection(objections: Iterable[Objection]) -> Objection | None:
    """Return the first objection that keeps the message from Mixpanel, None if Segment accepts it."""
    return next((objection for objection in objections if objection.kind == "reject"), None)
