"""What lists call the source of a message: its name in `[[sources]]`, else a word for its library."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.api.models import SourceState, Summary
from ...core.settings import SourceColor
from ...core.text import clean, shorten

KEY_SHOWN = 12
"""Characters of the write key of a source without a name."""
_LIBRARY_WIDTH = 8
_NAME_WIDTH = 24
"""The most characters that lines make room for; a longer name moves the rest of its own line."""


class SourceNames:
    """The sources by write key."""

    def __init__(self, sources: Sequence[SourceState] = ()) -> None:
        self.sources = tuple(sources)
        self._by_key = {key: one for one in sources for key in one.write_keys}

    def color(self, line: Summary) -> SourceColor | None:
        """Return the color of a message's source; None if it has no name."""
        named = self._by_key.get(line.write_key)
        return None if named is None else named.color

    def word(self, line: Summary) -> str:
        """Return what a list calls a message's source.

        Where sources are named, one without a name is called by the beginning of its write key.
        """
        named = self._by_key.get(line.write_key)
        if named is not None:
            return named.name
        return shorten(clean(line.write_key), KEY_SHOWN) if self._by_key and line.write_key else line.source

    @property
    def width(self) -> int:
        """The characters of the longest word, so that lines of text can be aligned."""
        if not self._by_key:
            return _LIBRARY_WIDTH
        return max(KEY_SHOWN, *(min(len(clean(one.name)), _NAME_WIDTH) for one in self.sources))

    def name(self, line: Summary) -> str:
        """Return the name of a message's source, "" if it has none."""
        named = self._by_key.get(line.write_key)
        return "" if named is None else named.name
