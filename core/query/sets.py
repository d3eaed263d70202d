"""What filters ask for by a name: sources, and sets of messages, which viewers have marked.

A set is asked for as `is:marked@3f2a…`. The screen writes `is:marked` as the name of its own marks before it
asks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence

from ..chosen import MARKED, SET, Chosen
from .candidate import Candidate
from .faults import fault
from .named import NamedSource, by_name, by_source
from .parser import parse
from .query import Query
from .tally import Tally
from .terms import Every, FieldTerm, Node, Not, Some
from .wildcards import Wildcard

MOST = 256
"""Sets that are kept; beyond that the one that was asked for least lately goes."""
ON_A_SCREEN = "marks live on a screen: is:marked finds messages in its filter alone"


class NamedSet:
    """A set that a filter names, with the filters of its steps read."""

    def __init__(self, name: str, chosen: Chosen, sources: Sequence[NamedSource] = ()) -> None:
        self.name = name
        self.chosen = chosen
        self.sources = sources
        self.queries = {filter: by_source(parse(filter), sources) for filter in chosen.filters if filter}

    def has(self, id: int, candidate: Candidate, tally: Tally) -> bool:
        """Return True if the set holds a message."""
        return bool(self.chosen.holds(id, lambda filter, _: self.queries[filter].matches(candidate, tally)))


def no_sources() -> Sequence[NamedSource]:
    """Return that no source has a name."""
    return ()


class Sets:
    """The sets that viewers have named, and the `sources` of the settings in force."""

    def __init__(self, sources: Callable[[], Sequence[NamedSource]] = no_sources) -> None:
        self._sets: OrderedDict[str, NamedSet] = OrderedDict()
        self._sources = sources

    def query(self, filter: str) -> Query:
        """Read a filter, in which sources are named. Raises FilterFault."""
        return self.named(parse(filter))

    def by_name(self, keys: Mapping[str, int | None]) -> dict[str, int | None]:
        """Return counts by write key as counts by source, see `by_name`."""
        return by_name(keys, self._sources())

    def named(self, query: Query) -> Query:
        """Return the filter with the write keys of the sources that it names."""
        return by_source(query, self._sources())

    def keep(self, chosen: Chosen) -> str:
        """Keep a set; return its name."""
        name = chosen.name
        self._sets[name] = NamedSet(name, chosen, self._sources())
        self._sets.move_to_end(name)
        while len(self._sets) > MOST:
            self._sets.popitem(last=False)
        return name

    def of(self, query: Query) -> tuple[NamedSet, ...]:
        """Return the sets that a filter needs, each behind those that it needs itself.

        Raises FilterFault for one that is not kept, and for `is:marked` without a name.
        """
        found: dict[str, NamedSet] = {}
        self._gather(query, found)
        return tuple(found.values())

    def _gather(self, query: Query, found: dict[str, NamedSet]) -> None:
        for name in names_of(query.node):
            if name in found:
                continue
            one = self._sets.get(name)
            if one is None:
                at = max(query.text.lower().find(name), 0)
                raise fault(query.text, at, at + len(name), ON_A_SCREEN)
            if one.sources is not self._sources():
                one = self._sets[name] = NamedSet(name, one.chosen, self._sources())
            self._sets.move_to_end(name)
            for nested in one.queries.values():
                self._gather(nested, found)
            found[name] = one


def names_of(node: Node | None) -> Collection[str]:
    """Return the names of the sets in a filter, and "marked" where it is not named which."""
    match node:
        case Not(inner):
            return names_of(inner)
        case Every(parts) | Some(parts):
            return dict.fromkeys(name for part in parts for name in names_of(part))
        case FieldTerm("is", values):
            literals = [value.folded().literal or "" for value in values]
            return [one for one in literals if one == MARKED or one.startswith(SET)]
        case _:
            return ()


def named(filter: str, name: str) -> str:
    """Return the filter with a set's name in place of "marked"."""
    query = parse(filter)
    if MARKED not in names_of(query.node):
        return filter
    assert query.node is not None
    return str(_named(query.node, Wildcard((name,))))


def _named(node: Node, name: Wildcard) -> Node:
    match node:
        case Not(inner):
            return Not(_named(inner, name))
        case Every(parts):
            return Every(tuple(_named(part, name) for part in parts))
        case Some(parts):
            return Some(tuple(_named(part, name) for part in parts))
        case FieldTerm("is", values):
            return FieldTerm("is", tuple(name if one.folded().literal == MARKED else one for one in values))
        case _:
            return node
