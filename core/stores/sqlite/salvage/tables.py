"""Which rows of which table are on which page: by the tree where it can be followed, else by their shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from .pages import FILE_HEADER, MAGIC, Pages
from .records import (
    INDEX_LEAF,
    TABLE_INTERIOR,
    TABLE_LEAF,
    Cell,
    Value,
    cells_at,
    children,
    entries,
    rows,
)

TABLES = ("receipts", "messages", "deliveries", "kinds", "owed_requests", "handovers", "routed")
_META_KEYS = frozenset({"last_seq", "indexed", "counts"})
_DEEPEST = 20


class Found(NamedTuple):
    """A row, and whether a path through the tree led to it; otherwise it may be one that was deleted."""

    cell: Cell
    led_to: bool


class Tables:
    """The rows of a journal, as far as they can be found. `progress` is called as each page is read."""

    def __init__(self, pages: Pages, progress: Callable[[], None]) -> None:
        self._pages = pages
        self._progress = progress
        self.free_known, self._free = self._free_pages()
        self._taken: set[int] = set()
        """Pages that a tree led to."""
        self.broken: set[str] = set()
        """Tables in whose tree a page is damaged or missing, or whose tree is not known."""
        self.bad_pages: set[int] = set()
        """Pages that should hold rows and hold none that can be read."""
        self._roots = self._find_roots()
        self._leaves: dict[str, list[int]] = {table: [] for table in TABLES}
        for table in TABLES:
            self._find_leaves(table, self._roots.get(table, 0), 0)

    @property
    def known(self) -> bool:
        """True if anything was found that looks like a journal."""
        return bool(self._roots) or any(next(self.stray_rows(table), None) for table in TABLES)

    def has(self, table: str) -> bool:
        """Return whether the file's own table of tables names it."""
        return table in self._roots

    def leaves(self, table: str) -> Sequence[int]:
        """Return the pages with the rows of a table, in order, as far as its tree leads."""
        return self._leaves[table]

    def rows(self, table: str) -> Iterator[Found]:
        """Yield the rows of a table that its tree leads to, in order."""
        for number in self._leaves[table]:
            self._progress()
            page = self._pages.page(number)
            mine = [cell for cell in self._cells(page) if cell.values is None or shape(cell.values) == table]
            if not any(cell.values for cell in mine) and not (page[0] == TABLE_LEAF and page[3:5] == b"\0\0"):
                self._taken.discard(number)  # it may be another table's, to which a damaged page led
                self.broken.add(table)
                self.bad_pages.add(number)
                continue
            if page[0] != TABLE_LEAF or _lacks_cells(page):
                self.broken.add(table)
            yield from (Found(cell, True) for cell in mine)

    def stray_rows(self, table: str) -> Iterator[Found]:
        """Yield rows on pages that no tree leads to. Of use where the table's tree is broken; else they are
        old.
        """
        for number in range(2, self._pages.count + 1):
            page = b"" if number in self._taken or number in self._free else self._pages.page(number)
            if not page or page[0] != TABLE_LEAF:
                continue
            cells = list(self._cells(page))
            shapes = [shape(cell.values) for cell in cells if cell.values is not None]
            if table in shapes and max(set(shapes), key=shapes.count) == table:
                self.bad_pages.discard(number)
                yield from (
                    Found(cell, False) for cell in cells if cell.values is None or shape(cell.values) == table
                )

    def older_rows(self, table: str) -> Iterator[Found]:
        """Yield rows on pages of a damaged log, and on those that it replaced."""
        for page in self._pages.older():
            if page and page[0] == TABLE_LEAF:
                yield from (
                    Found(cell, False)
                    for cell in self._cells(page)
                    if cell.values is not None and shape(cell.values) == table
                )

    def meta(self) -> dict[str, Value]:
        """Return the keys and values of the table `meta`."""
        numbers = [self._roots["meta"]] if "meta" in self._roots else range(2, self._pages.count + 1)
        for number in numbers:
            page = b"" if number in self._free else self._pages.page(number)
            if page and page[0] == INDEX_LEAF:
                records = entries(page, self._pages.usable, self._pages.page)
                found = {str(record[0]): record[1] for record in records if len(record) == 2}
                if found.keys() & _META_KEYS:
                    return found
        return {}

    def _cells(self, page: bytes, start: int = 0) -> Iterator[Cell]:
        return rows(page, start, self._pages.usable, self._pages.page)

    def _find_roots(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for cell in self._schema():
            match cell.values:
                case ("table", str(name), _, int(root), _) if name in (*TABLES, "meta"):
                    if 1 < root <= self._pages.count:
                        found[name] = root
                case _:
                    pass
        return found

    def _schema(self) -> Iterator[Cell]:
        """Yield the rows of SQLite's own table of tables: on page 1, or on those below it."""
        page = self._pages.page(1)
        if page and page[FILE_HEADER] == TABLE_INTERIOR:
            for number in children(page, FILE_HEADER):
                if below := self._pages.page(number):
                    yield from self._cells(below)
        elif page:
            yield from self._cells(page, FILE_HEADER)

    def _find_leaves(self, table: str, number: int, depth: int) -> None:
        page = b"" if number in self._taken or depth > _DEEPEST else self._pages.page(number)
        if not page:
            self.broken.add(table)
            if number > self._pages.count:
                self.bad_pages.add(number)  # cut off
            return
        self._taken.add(number)
        if page[0] != TABLE_INTERIOR:
            # Whatever its first byte says: where the tree says that a leaf is, rows are looked for.
            self._leaves[table].append(number)
            return
        if _lacks_cells(page):
            self.broken.add(table)
        for child in children(page):
            self._find_leaves(table, child, depth + 1)

    def _free_pages(self) -> tuple[bool, set[int]]:
        """Return the pages on SQLite's list of free ones, whose rows were deleted; False where it
        is damaged.
        """
        header = self._pages.page(1)[:FILE_HEADER]
        if len(header) < FILE_HEADER or header[: len(MAGIC)] != MAGIC:
            return False, set()
        trunk, count = (int.from_bytes(header[at : at + 4], "big") for at in (32, 36))
        free: set[int] = set()
        while trunk and trunk not in free and len(free) < count and (page := self._pages.page(trunk)):
            free.add(trunk)
            leaves = min(int.from_bytes(page[4:8], "big"), self._pages.size // 4 - 2)
            free.update(int.from_bytes(page[at : at + 4], "big") for at in range(8, 8 + 4 * leaves, 4))
            trunk = int.from_bytes(page[:4], "big")
        whole = len(free) == count and not trunk and all(1 < page <= self._pages.count for page in free)
        return whole, free if whole else set()


def _lacks_cells(page: bytes) -> bool:
    """Return True if the page counts more cells than can be found on it."""
    return len(cells_at(page, 0)) != int.from_bytes(page[3:5], "big")


def shape(values: tuple[Value, ...]) -> str:
    """Return the table whose rows look like this one, "" for none. Earlier versions' messages have fewer
    columns.
    """
    match values:
        case (None, int(), int(), bytes()):
            return "receipts"
        case (None, int(), int(), int(), str(), str(), int(), str(), int(), int(), int(), int(), *route):
            match route:
                case () | (str(),):
                    return "deliveries"
                case _:
                    return ""
        case (int(), int(), str(), str(), int(), int(), int()):
            return "routed"
        case (None, str(), str(), str(), str(), str(), str(), int()):
            return "kinds"
        case (None, str(), int()):
            return "owed_requests"
        case (None, str(), int(), int(), str(), int(), str(), int(), int()):
            return "handovers"
        case (None, int(), int(), int() | None, str() | None, str() | None, int(), int(), int(), *more):
            match more:
                case (str(), str(), int(), bytes(), int(), *_):
                    return "messages"
                case _:
                    return ""
        case (None, int(), str(), str(), str(), str(), *numbers_and_texts):
            match numbers_and_texts:
                case (int(), int(), int(), str(), str(), int(), str(), *_):
                    return "messages"
                case _:
                    return ""
        case _:
            return ""
