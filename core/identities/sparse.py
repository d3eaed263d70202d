"""A column of numbers of which most are 0: pages that hold nothing else take no memory."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

_BITS = 8
_PAGE = 1 << _BITS


class SparseColumn:
    """Numbers of 32 bits by place; 0 where none was set.

    `columns` and `restored` are for keeping it.
    """

    def __init__(self) -> None:
        self._pages: dict[int, array[int]] = {}

    def __getitem__(self, place: int) -> int:
        page = self._pages.get(place >> _BITS)
        return 0 if page is None else page[place & (_PAGE - 1)]

    def __setitem__(self, place: int, value: int) -> None:
        page = self._pages.get(place >> _BITS)
        if page is None:
            page = self._pages[place >> _BITS] = array("I", bytes(4 * _PAGE))
        page[place & (_PAGE - 1)] = value

    def columns(self, name: str) -> dict[str, array[int]]:
        """Return what the column consists of, by names that begin with this one."""
        values = array("I")
        for page in self._pages.values():
            values += page
        return {f"{name} pages": array("I", self._pages), name: values}

    @classmethod
    def restored(cls, name: str, columns: Mapping[str, bytes]) -> SparseColumn:
        """Return the column that these are of. Raises KeyError, ValueError."""
        made = cls()
        pages, values = array("I", columns[f"{name} pages"]), array("I", columns[name])
        if len(values) != len(pages) * _PAGE:
            raise ValueError(f"column {name} is cut")
        for at, page in enumerate(pages):
            made._pages[page] = values[at * _PAGE : (at + 1) * _PAGE]
        return made
