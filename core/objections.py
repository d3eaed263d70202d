"""What Segment would object to in a message: each objection has a kind and its words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

ObjectionKind = Literal["reject", "refused", "change"]
"""Whether Segment would refuse the message, a server behind the proxy did, or Segment would only read or fill
it in differently."""

_REJECT = "Segment would reject this: "
_REFUSED = "Not accepted: "


class Objection(msgspec.Struct, frozen=True):
    """One reason why Segment would refuse a message (`reject`) or would not take it unchanged (`change`).

    `words` say why, for a person; `text` is the whole sentence, which screens and JSON show.
    """

    kind: ObjectionKind
    words: str

    @property
    def text(self) -> str:
        """The sentence to show, which `read_objection` turns back into this objection."""
        if self.kind == "change":
            return self.words
        return f"{_REJECT if self.kind == 'reject' else _REFUSED}{self.words}"


def rejection(words: str) -> Objection:
    """Make the objection of a message that Segment would refuse."""
    return Objection("reject", words)


def refusal(words: str) -> Objection:
    """Make the objection of a message that a server did not accept to which `segtap proxy` passed it on."""
    return Objection("refused", words)


def change(words: str) -> Objection:
    """Make the objection of a message that Segment, or segtap, reads differently from how it was sent."""
    return Objection("change", words)


def read_objection(text: str) -> Objection:
    """Turn an objection's sentence back into the objection."""
    if text.startswith(_REJECT):
        return rejection(text[len(_REJECT) :])
    return refusal(text[len(_REFUSED) :]) if text.startswith(_REFUSED) else change(text)


def first_rejection(objections: Iterable[Objection]) -> Objection | None:
    """Return the first objection that keeps the message from Mixpanel, None if Segment accepts it."""
    return next((objection for objection in objections if objection.kind != "change"), None)
