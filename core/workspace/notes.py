"""What an import says beside its settings: what was guessed, and what was left out."""

from __future__ import annotations


class Notes:
    """Collects the notes of one import, in words, and counts what is missing in its result."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.missing = 0
        """Enabled filters and subscriptions of the destination that could not be brought in."""
        self.listed: set[str] = set()
        """Kinds of which a whole list was given, which may be empty: "filter", "subscription"."""

    def say(self, words: str) -> None:
        """Note something that takes nothing away."""
        self.lines.append(words)

    def left_out(self, words: str, *, enabled: bool) -> None:
        """Note a filter or subscription that is not in the result; it is missing there if it is enabled."""
        self.lines.append(words)
        self.missing += enabled
