"""A filter that was read: the tree, as a test of messages and as a condition of SQL."""

from __future__ import annotations

from collections.abc import Collection

from .candidate import Candidate
from .evaluate import Cost, DocumentTest, Test, cost_of, document_test, test_of
from .sql import COLUMNS, narrowing
from .stretches import StretchTest, stretch_test
from .tally import Tally
from .terms import Node, fields_of


class Query:
    """A filter. `text` as it was written, `node` its tree; None is the empty filter, which matches all."""

    __slots__ = ("_test", "node", "text")

    def __init__(self, text: str, node: Node | None) -> None:
        self.text = text
        self.node = node
        self._test: Test | None = None

    @property
    def cost(self) -> Cost:
        """The most that has to be read of a message to decide."""
        return Cost.FACTS if self.node is None else cost_of(self.node)

    def asks(self, field: str) -> bool:
        """Return True if a term asks for this field."""
        return self.node is not None and field in set(fields_of(self.node))

    @property
    def compares(self) -> bool:
        """True if a term compares the value at a path, so that values of another type may be noted."""
        return self.cost >= Cost.DOCUMENT

    def matches(self, candidate: Candidate, tally: Tally | None = None) -> bool:
        """Return True if the message matches. `tally` notes why comparisons do not.

        Raises FilterFault when a regular expression takes too long on too many messages of one tally.
        """
        if self.node is None:
            return True
        if self._test is None:
            self._test = test_of(self.node)
        return self._test(candidate, Tally() if tally is None else tally)

    def to_sql(
        self, columns: Collection[str] = COLUMNS, *, judged: bool = False
    ) -> tuple[str, list[str | int]]:
        """Return a condition on the index's table, and its parameters: true for all that match, and maybe for
        more.

        `columns` are those that the table has; what needs others is not narrowed. `judged` says that every
        message of the table is judged.
        """
        return narrowing(self.node, columns, judged=judged)

    def stretch_test(self) -> StretchTest | None:
        """Return a test of the searched texts of many messages at once, None if all would pass it."""
        return stretch_test(self.node)

    def document_test(self) -> DocumentTest | None:
        """Return a test of messages that asks for nothing but their documents, and that every match passes.

        None if the filter has no such part.
        """
        return None if self.node is None else document_test(self.node)

    def __str__(self) -> str:
        return "" if self.node is None else str(self.node)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Query) and self.node == other.node

    def __hash__(self) -> int:
        return hash(self.node)

    def __repr__(self) -> str:
        return f"Query({self.text!r})"
