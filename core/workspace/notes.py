"""What an import reports beside its settings: what it assumed, left out, or cannot imitate."""

from __future__ import annotations

from ..not_imitated import NotImitated


class Notes:
    """Collects the notes of one import, and counts what is missing in its result."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.missing = 0
        """Enabled filters, subscriptions and transformations that could not be imported."""
        self.not_imitated: list[NotImitated] = []
        """What may change messages at Segment, and is not imitated; without duplicates."""
        self.listed: set[str] = set()
        """Kinds of which a whole list was given, which may be empty: "filter", "subscription"."""

    def say(self, words: str) -> None:
        """Note something that leaves nothing out."""
        self.lines.append(words)

    def left_out(self, words: str, part: NotImitated | None = None, *, enabled: bool) -> None:
        """Note an object that is not in the result. If it is enabled it is missing there.

        `part` is how the settings file names it, so that segtap goes on saying so.
        """
        self.lines.append(words)
        self.missing += enabled
        if part is not None and enabled:
            self.keep(part)

    def name(self, words: str, part: NotImitated) -> None:
        """Note something that is not imitated, and keep it for the settings file."""
        if part not in self.not_imitated:
            self.lines.append(words)
            self.keep(part)

    def keep(self, part: NotImitated) -> None:
        """Keep something for the settings file that a note names already."""
        if part not in self.not_imitated:
            self.not_imitated.append(part)
