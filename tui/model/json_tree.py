"""A JSON document as foldable rows, worked out only where someone looks.

Every member of an object and every item of an array is one row; the document itself has none. Only
open containers are known to the tree (a `Branch`), and of a branch's children only those that are open
themselves. So a document of a hundred thousand values costs what its open containers cost, and a row is
found by descending from the root with binary searches.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from typing import TypeGuard, cast

from ...core.messages import Json
from .json_path import child_path, resolve

OPEN_AT_FIRST = 400
"""Rows that a new document may open by itself: containers open level by level until these are used up."""
OPEN_TO_LEVEL = 20_000
"""The same for a document that is folded to a level from the start."""
OPEN_BY_HAND = 100
"""Rows up to which a container that is opened by hand shows what is in it, too."""

LISTED = 100
"""Items of an array that have rows at first; a last row stands for the others."""
MORE = 1_000
"""Items that get rows when that last row is opened."""

Key = str | int


@dataclass(eq=False, slots=True)
class Branch:
    """An open object or array. `lines` is how many rows it shows below its own.

    Its first `listed` members have rows. If there are others, one more row stands for them.
    """

    value: dict[str, Json] | list[Json]
    path: str
    depth: int
    parent: Branch | None
    index: int
    keys: list[str] | None
    lines: int
    listed: int
    open: dict[int, Branch] = field(default_factory=dict[int, "Branch"])
    order: list[int] | None = None
    starts: list[int] = field(default_factory=list[int])
    key_width: int | None = None

    def key(self, index: int) -> Key:
        """Return the name or number of a child."""
        return index if self.keys is None else self.keys[index]

    def child(self, index: int) -> Json:
        """Return the value of a child."""
        if isinstance(self.value, list):
            return self.value[index]
        assert self.keys is not None
        return self.value[self.keys[index]]

    def layout(self) -> tuple[list[int], list[int]]:
        """Return the indexes of the open children, ascending, and the row (in this branch) that
        each is on.
        """
        if self.order is None:
            self.order = sorted(self.open)
            self.starts = []
            above = 0
            for index in self.order:
                self.starts.append(index + above)
                above += self.open[index].lines
        return self.order, self.starts


@dataclass(frozen=True, slots=True)
class Row:
    """One row: child `index` of `branch`."""

    branch: Branch
    index: int

    @property
    def key(self) -> Key:
        return self.branch.key(self.index)

    @property
    def value(self) -> Json:
        return self.branch.child(self.index)

    @property
    def path(self) -> str:
        return child_path(self.branch.path, self.key)

    @property
    def hidden(self) -> int:
        """The members that this row stands for, if it is the last one of a long array; else 0."""
        return len(self.branch.value) - self.index if self.index == self.branch.listed else 0

    @property
    def is_open(self) -> bool:
        return self.index in self.branch.open


class JsonTree:
    """The rows of one document.

    `root` is the path of the document itself (`$`, or `requests[0].body`). `folds` remembers by path
    what was opened (True) or folded (False) by hand, and holds for the next document as well.
    `OPEN_AT_FIRST` rows open by themselves, except at the paths that `folds` says are folded. With a `level`
    up to `OPEN_TO_LEVEL` rows do, those of the containers above that level.
    """

    def __init__(
        self, value: Json, *, root: str = "$", folds: dict[str, bool] | None = None, level: int | None = None
    ) -> None:
        self.value = value
        self.root_path = root
        self.folds: dict[str, bool] = {} if folds is None else folds
        self.root: Branch | None = None
        if is_container(value):
            self.root = self._branch(value, root, 0, None, 0)
            self._open_by_itself(self.root, OPEN_TO_LEVEL if level else OPEN_AT_FIRST, level)
            if level:
                self._open_by_hand()

    def __len__(self) -> int:
        return 1 if self.root is None else max(self.root.lines, 1)

    @property
    def scalar(self) -> bool:
        """True for a document that has no rows of its own: a bare value, `{}` or `[]`."""
        return self.root is None or not self.root.lines

    def row(self, line: int) -> Row:
        """Return the row on a line, from 0. Raises IndexError past the end, or if the document is scalar."""
        if self.scalar or self.root is None or not 0 <= line < self.root.lines:
            raise IndexError(line)
        branch = self.root
        while True:
            order, starts = branch.layout()
            at = bisect_right(starts, line) - 1
            if at < 0:
                return Row(branch, line)
            index, below = order[at], line - starts[at]
            if not below:
                return Row(branch, index)
            inner = branch.open[index]
            if below > inner.lines:
                return Row(branch, index + below - inner.lines)
            branch, line = inner, below - 1

    def line(self, row: Row) -> int:
        """Return the line that a row is on."""
        branch, index = row.branch, row.index
        line = 0
        while True:
            order, starts = branch.layout()
            at = bisect_right(order, index) - 1
            if at < 0:
                line += index
            elif order[at] == index:
                line += starts[at]
            else:
                line += starts[at] + branch.open[order[at]].lines + index - order[at]
            if branch.parent is None:
                return line
            line += 1
            branch, index = branch.parent, branch.index

    def open(self, row: Row) -> Branch | None:
        """Open the container of a row. None when there is nothing to open."""
        if row.hidden:
            return None
        found = row.branch.open.get(row.index)
        value = row.value
        if found is None and is_container(value) and value:
            found = self._branch(value, row.path, row.branch.depth + 1, row.branch, row.index)
            self._open_by_itself(found, OPEN_BY_HAND)
            row.branch.open[row.index] = found
            _grow(row.branch, found.lines)
        return found

    def list_more(self, branch: Branch, upto: int = 0) -> None:
        """Give rows to more members of a long array: to some, or to all before `upto`."""
        size, before = len(branch.value), branch.listed
        branch.listed = min(size, max(before + MORE, upto))
        _grow(branch, branch.listed - before - (branch.listed == size))

    def visible(self, path: str) -> Row | None:
        """Return the row of a path, None if something would have to be unfolded for it."""
        keys, branch = resolve(self.value, self.root_path, path), self.root
        for depth, key in enumerate(keys or ()):
            if branch is None:
                return None
            index = cast(int, key) if branch.keys is None else branch.keys.index(cast(str, key))
            if index >= branch.listed:
                return None
            if keys is not None and depth == len(keys) - 1:
                return Row(branch, index)
            branch = branch.open.get(index)
        return None

    def fold(self, row: Row) -> None:
        """Fold the container of a row."""
        inner = row.branch.open.pop(row.index, None)
        if inner is not None:
            _grow(row.branch, -inner.lines)

    def remember(self, row: Row, opened: bool) -> None:
        """Keep what was done by hand for the next document."""
        self.folds[row.path] = opened

    def open_all(self) -> None:
        """Open every container there is."""
        self.fold_all()
        if self.root is not None:
            self._open_by_itself(self.root, None)

    def fold_all(self) -> None:
        """Fold everything below the document itself."""
        if self.root is not None:
            self.root = self._branch(self.root.value, self.root_path, 0, None, 0)

    def open_to(self, level: int) -> None:
        """Open the containers above a level and fold those on it; level 1 is the outermost one."""
        self.fold_all()
        if self.root is not None:
            self._open_by_itself(self.root, None, level)

    def _open_by_hand(self) -> None:
        """Open and fold below the level what was opened and folded by hand."""
        for path, opened in self.folds.items():
            row = self.visible(path)
            if row is not None and opened:
                self.open(row)

    def reveal(self, path: str) -> Row | None:
        """Unfold the containers of a path and return its row; None if the document lacks it."""
        keys = resolve(self.value, self.root_path, path)
        if not keys or self.root is None:
            return None
        branch = self.root
        for depth, key in enumerate(keys):
            index = key if branch.keys is None else branch.keys.index(cast(str, key))
            if cast(int, index) >= branch.listed:
                self.list_more(branch, cast(int, index) + 1)
            row = Row(branch, cast(int, index))
            if depth == len(keys) - 1:
                return row
            inner = self.open(row)
            if inner is None:
                return None
            branch = inner
        return None

    def _branch(
        self, value: dict[str, Json] | list[Json], path: str, depth: int, parent: Branch | None, index: int
    ) -> Branch:
        keys = list(value) if isinstance(value, dict) else None
        size = len(value)
        listed = LISTED if keys is None and size > LISTED else size
        return Branch(value, path, depth, parent, index, keys, listed + (listed < size), listed)

    def _open_by_itself(self, root: Branch, room: int | None, level: int | None = None) -> None:
        """Open level by level what fits into `room` rows (None: all), and what was opened by hand.

        With a level, containers on that level or below it stay folded.
        """
        waiting = deque([root])
        left = None if room is None else room - root.lines
        fresh: list[Branch] = []
        while waiting:
            branch = waiting.popleft()
            if level is not None and branch.depth + 1 >= level:
                continue
            for index in containers(branch):
                inner = branch.open.get(index)
                if inner is None:
                    value = cast("dict[str, Json] | list[Json]", branch.child(index))
                    if left is not None and len(value) > left and not self.folds:
                        continue
                    path = child_path(branch.path, branch.key(index))
                    if left is not None:
                        wanted = self.folds.get(path, len(value) <= left)
                        if not wanted:
                            continue
                        left = max(left - len(value), 0)
                    inner = self._branch(value, path, branch.depth + 1, branch, index)
                    branch.open[index] = inner
                    fresh.append(inner)
                waiting.append(inner)
        for inner in reversed(fresh):  # children before their parents
            assert inner.parent is not None
            inner.parent.lines += inner.lines
            inner.parent.order = None


def is_container(value: Json) -> TypeGuard[dict[str, Json] | list[Json]]:
    """Return True for an object or an array."""
    return isinstance(value, dict | list)


def containers(branch: Branch) -> list[int]:
    """Return the indexes of the children that are objects or arrays and not empty."""
    values = branch.value[: branch.listed] if isinstance(branch.value, list) else branch.value.values()
    return [index for index, value in enumerate(values) if value and type(value) in (dict, list)]


def _grow(branch: Branch | None, lines: int) -> None:
    while branch is not None:
        branch.lines += lines
        branch.order = None
        branch = branch.parent
