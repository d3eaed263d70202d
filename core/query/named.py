"""Names of sources in filters: `source:web` also finds the write keys of the source of that name. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from .query import Query
from .terms import Every, FieldTerm, Node, Not, Some
from .wildcards import Wildcard, fold

SOURCE = "source"
"""The field that asks for names of sources."""


class NamedSource(Protocol):
    """A source with a name: one of `[[sources]]`."""

    @property
    def name(self) -> str:
        """What filters call it."""
        ...

    @property
    def write_keys(self) -> tuple[str, ...]:
        """The write keys that it sends with."""
        ...


def by_source(query: Query, sources: Sequence[NamedSource]) -> Query:
    """Return the filter with the write keys of the sources that it names; its text stays unchanged."""
    if query.node is None or not query.asks(SOURCE):
        return query
    return Query(query.text, _with_keys(query.node, sources))


def _with_keys(node: Node, sources: Sequence[NamedSource]) -> Node:
    match node:
        case Not(inner):
            return Not(_with_keys(inner, sources))
        case Every(parts):
            return Every(tuple(_with_keys(part, sources) for part in parts))
        case Some(parts):
            return Some(tuple(_with_keys(part, sources) for part in parts))
        case FieldTerm(field, values) if field == SOURCE:
            wanted = [value.folded() for value in values]
            named = [one for one in sources if any(value.whole(fold(one.name)) for value in wanted)]
            keys = tuple(Wildcard((key,)) for one in named for key in one.write_keys)
            return msgspec.structs.replace(node, keys=keys)
        case _:
            return node


def by_name(keys: Mapping[str, int | None], sources: Sequence[NamedSource]) -> dict[str, int | None]:
    """Return counts by write key as counts by source: each that has a name, even without messages, first."""
    found: dict[str, int | None] = {
        one.name: sum(keys.get(key) or 0 for key in one.write_keys) for one in sources
    }
    named = {key for one in sources for key in one.write_keys}
    return found | {key: count for key, count in keys.items() if key not in named}
