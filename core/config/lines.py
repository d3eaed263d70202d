"""Where a section, a key or a table is in the text of a settings file, so that a fault can name its line."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]#]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')\s*(?:\.\s*([A-Za-z0-9_-]+)\s*)?=")
_NUMBER = re.compile(r"[a-z\]_]\s(?:no\. )?(\d+)\b")


class Lines:
    """The lines of a settings file. `within` is the table that holds the settings: `tool.segtap.` or ""."""

    def __init__(self, text: str, within: str = "") -> None:
        self._keys: dict[tuple[str, str], int] = {}
        self._tables: dict[str, list[int]] = {}
        section = "" if not within else "(other tables)"
        for number, line in enumerate(text.splitlines(), start=1):
            if (header := _HEADER.match(line)) is not None:
                name = header[2].replace('"', "").replace(" ", "") + "."
                section = name.removeprefix(within)[:-1] if name.startswith(within) else "(other tables)"
                if header[1] == "[[" or name.startswith(within):
                    self._tables.setdefault(section, []).append(number)
            elif (key := _KEY.match(line)) is not None:
                name = key[1].strip("\"'")
                self._keys.setdefault((section, name), number)
                if key[2] and not section:
                    self._keys.setdefault((name, key[2]), number)

    def of_key(self, section: str, key: str) -> int:
        """Return the line of a key of a section, or where that begins; 0 if neither is found."""
        inline = self._keys.get(("", section), 0)
        return self._keys.get((section, key)) or next(iter(self._tables.get(section, ())), inline)

    def of_table(self, name: str, words: str) -> int:
        """Return the line of the table whose number a fault names, as in `filter 2: …`; 0 if unknown."""
        found = _NUMBER.search(words.partition(":")[0])
        tables = self._tables.get(name, ())
        if found is None or int(found[1]) > len(tables):
            return self._keys.get(("", name)) or next(iter(tables), 0)
        return tables[int(found[1]) - 1]


def at_line(place: str, line: int) -> str:
    """Return the place with its line: `segtap.toml, line 7`."""
    return f"{place}, line {line}" if line else place
