"""The list of a user's story: its first and last row are the user's oldest and newest message."""

from __future__ import annotations

from textual.message import Message

from .ranked_list import RankedList


class TimelineList(RankedList):
    """A list that holds a part of what there is: the keys for its ends ask for the rest."""

    class End(Message):
        """The reader wants the oldest row (`first`), or the newest."""

        def __init__(self, first: bool) -> None:
            super().__init__()
            self.first = first

    def action_first(self) -> None:
        """Go to the oldest message of all."""
        super().action_first()
        self.post_message(self.End(first=True))

    def action_last(self) -> None:
        """Go to the newest message of all."""
        super().action_last()
        self.post_message(self.End(first=False))
