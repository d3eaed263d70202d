"""How one row of a JSON document looks: its key, where its value stands, and what is beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len

from ...core.masks import shortened
from ...core.messages import Json
from ...core.text import clean
from ..keymap import first
from ..model.json_tree import Branch, Row
from .glyphs import UNICODE, Glyphs
from .json import FILLED_IN, NumberText, Piece, Words, count_of, cut, fit, quoted, time_twins, value_pieces

ALIGNED = 14
"""The longest name, in cells, that the values beside it are aligned behind."""
WRAPPED_CHARACTERS = 20_000
"""Characters of a string that are wrapped; the rest is cut."""
MEASURED = 2000
"""Keys that are looked at for the width of a column."""


@dataclass(frozen=True, slots=True)
class Folds:
    """The two marks in front of a container's name."""

    open: str = "▾"
    closed: str = "▸"


FOLDS = Folds()
ASCII_FOLDS = Folds("-", "+")


def key_width(branch: Branch, width: int) -> int:
    """Return the width of the names of a branch's children: values align behind short names.

    A longer name pushes only its own value to the right.
    """
    if branch.key_width is None:
        if branch.keys is None:
            branch.key_width = len(str(max(len(branch.value) - 1, 0)))
        else:
            names = (key if key.isascii() else clean(key[:64]) for key in branch.keys[:MEASURED])
            branch.key_width = max((cells for cells in map(cell_len, names) if cells <= ALIGNED), default=0)
    return max(1, min(branch.key_width, max(8, width // 2)))


@dataclass(frozen=True, slots=True)
class Placed:
    """The place of a row's value: from `lead` on, on the key's line or (`below`) on the next ones.

    `texts` are the lines of a string that takes more than one; empty for any other value.
    """

    lead: int
    below: bool = False
    texts: tuple[str, ...] = ()

    @property
    def lines(self) -> int:
        """The lines that the row takes."""
        return max(len(self.texts), 1) + self.below


def placed(row: Row, width: int, *, wrapped: bool = False, token: str | None = None) -> Placed:
    """Return where the value of a row stands. No value that fits the width by itself is cut.

    A string that does not fit behind its key has a line of its own; one that does not fit there is cut, or
    with `wrapped` takes as many lines as it needs.
    """
    if row.hidden:
        return Placed(0)
    indent, key = _indent(row.branch, width), _key_cells(row, width)
    lead = indent + key + 4
    value = row.value if token is None else token
    if not isinstance(value, str) or row.is_open or len(value) <= (width - lead - 2) // 2:
        return Placed(lead)
    if not wrapped and len(value) > width:
        return Placed(lead)
    text = clean(value[:WRAPPED_CHARACTERS])
    text = text if isinstance(value, NumberText | Words) else f'"{text}"'
    cells = cell_len(text)
    if cells <= width - lead:
        return Placed(lead)
    under = min(indent + 4, max(width - cells, 0))
    if cells <= width - under:
        return Placed(under, below=True, texts=(text,))
    if not wrapped:
        return Placed(lead)
    under = min(indent + 4, width // 2)
    return Placed(under, below=True, texts=tuple(_chunks(text, max(width - under, 1))))


def _chunks(text: str, width: int) -> Iterator[str]:
    if text.isascii():
        yield from (text[at : at + width] for at in range(0, len(text), width))
        return
    line, used = "", 0
    for character in text:
        cells = cell_len(character)
        if used + cells > width and line:
            yield line
            line, used = "", 0
        line, used = line + character, used + cells
    yield line


def _indent(branch: Branch, width: int) -> int:
    return min(branch.depth * 2, max(width // 2 - 4, 0))


def _key_cells(row: Row, width: int) -> int:
    """Return the cells of a row's key: those of its column, or its own if it is longer."""
    wide, key = key_width(row.branch, width), row.key
    if isinstance(key, int):
        return wide
    cells = len(key) if key.isascii() else cell_len(clean(key[:64]))
    return max(wide, min(cells, max(8, width // 2)))


def row_pieces(
    row: Row, width: int, *, now: int, at: Placed | None = None, filled: bool = False,
    token: str | None = None, marks: Glyphs = UNICODE, folds: Folds = FOLDS, note: str = "", aside: str = "",
    changed: str = "",
) -> Iterator[Piece]:  # fmt: skip
    """Return the pieces of a row's first line after its gutter. The caller cuts those wider than `width`.

    `token` is written in place of a string value that is to be shortened. `note` and `aside` stand behind the
    value, the aside only where it has room, as does `changed`, which says what the value was before.
    """
    branch, value = row.branch, row.value
    indent = _indent(branch, width)
    inner = row.is_open
    foldable = isinstance(value, dict | list) and bool(value)
    mark = (folds.open if inner else folds.closed) if foldable else " "
    if row.hidden:
        yield Piece(
            f"{' ' * indent}{marks.ellipsis} {row.hidden:,} more, {first('json.toggle')} lists them", "dim"
        )
        return
    yield Piece(f"{' ' * indent}{mark} ", "punctuation")
    wide = _key_cells(row, width)
    key = row.key
    if isinstance(key, int):
        yield Piece(f"{key:>{wide}}", "punctuation")
    else:
        yield Piece(fit(clean(key[: wide * 4]), wide, marks.ellipsis), "key")
    if inner:
        yield Piece(f"  {count_of(value)}", "punctuation")
        if note:
            yield Piece(f"  {note}", "info")
        return
    yield Piece("  ", "punctuation")
    room = width - indent - wide - 4
    shown_value: list[Piece] = []
    if at is None or not at.below:
        for_value = max(room - len(note) - 2, min(room, 2 + _cells_of(value, token, room)), room // 2)
        pieces = value_pieces(value, for_value if note else room, marks)
        shown_value = [*(pieces if token is None else quoted(token, for_value if note else room, marks))]
        yield from shown_value
    if note:
        yield Piece(f"  {note}", "info")
        return
    left = room - sum(cell_len(piece.text) for piece in shown_value) - 2
    for words in time_twins(key, value, now):
        if len(words) <= left:
            yield Piece(f"  {words}", "dim")
            left -= len(words) + 2
            break
    if changed and left > 8:
        words = cut(clean(changed), left, marks)
        yield Piece(f"  {words}", "info")
        left -= cell_len(words) + 2
    if aside and len(aside) <= left:
        yield Piece(f"  {aside}", "dim")
        left -= len(aside) + 2
    if filled and left > 8:
        yield Piece(f"  {cut(FILLED_IN, left, marks)}", "dim")


def short_token(row: Row) -> str | None:
    """Return the project token of a record as it is shown, because the screen may be shared; else None."""
    value = shortened(row.key, row.value)
    return value if value is not row.value and isinstance(value, str) else None


def _cells_of(value: Json, token: str | None, room: int) -> int:
    """Return the cells of a string, as far as they fit; 0 for other values."""
    text = value if token is None else token
    return len(text) if isinstance(text, str) and len(text) <= room else 0


def under_pieces(at: Placed, part: int, value: Json) -> Iterator[Piece]:
    """Return the pieces of a line below a row's first one."""
    style = "number" if isinstance(value, NumberText) else "info" if isinstance(value, Words) else "string"
    yield Piece(" " * at.lead, "punctuation")
    yield Piece("".join(at.texts[part - 1 : part]), style)
