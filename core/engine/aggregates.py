"""Users and groups, for viewers: what is gathered of the messages, and what rules say of groups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec

from ..aggregates.groups import FOLLOWED, GroupChecks, GroupFindings, says_of_groups
from ..aggregates.model import Groups
from ..identities.model import Cluster, Users, in_short
from ..identities.table import Identities
from ..identities.users import cluster_of, newest, newest_of, roots_of, user_row
from ..index.receipts import ReceiptReader
from ..pipeline.kept import unpack_findings
from ..query import parse
from ..settings import Settings
from ..stores.base import Counts, Stores
from .active import ActiveSettings
from .gathering import Gathering
from .narrowed import Narrowing

MOST_USERS = 1_000
"""Users in one answer."""
WAIT = 1.0
"""Seconds that a request waits until all messages are gathered; then it gets those that are."""
ROWS = 200
"""How many users are written at a time, in a millisecond or two."""
IDS = 1_000
"""How many ids are looked up at a time."""


async def row_lines(table: Identities) -> AsyncIterator[bytes]:
    """Yield every user as a line of JSON, some hundreds of lines at a time."""
    lines = bytearray()
    for number, root in enumerate(table.ids.roots(), start=1):
        lines += msgspec.json.encode(user_row(table, root)) + b"\n"
        if not number % ROWS:
            yield bytes(lines)
            lines.clear()
            await asyncio.sleep(0)
    if lines:
        yield bytes(lines)


class Aggregates:
    """Answers for an engine about users and groups. Call it from the engine's loop."""

    def __init__(
        self, stores: Stores, reader: ReceiptReader, active: ActiveSettings, gathering: Gathering
    ) -> None:
        self._stores = stores
        self._reader = reader
        self._active = active
        self._gathering = gathering
        self.narrowing = Narrowing(stores, reader, active)
        """What matches filters."""
        self._found: tuple[Counts, Settings, GroupFindings] | None = None
        """What rules say of groups, and the totals and settings that it was read at."""

    async def users(self, text: str = "", limit: int = 200, filter: str = "") -> Users:
        """Return the users seen last, of those with an id that contains the text; each in short.

        With a filter they are users of whom a message matches. Raises FilterFault.
        """
        limit = max(1, min(limit, MOST_USERS))
        await self._gathering.settled(WAIT)
        covered, gathered = await self._gathering.covered(), self._gathering.shown
        if parse(filter).node is None:
            clusters, total = newest(gathered.users, text, limit)
        else:
            matching = self.narrowing.matching(filter, groups=False)
            found = await matching.covered()
            covered = msgspec.structs.replace(found, behind=max(found.behind, covered.behind))
            roots = await _roots(gathered.users, tuple(matching.ids))
            clusters, total = newest_of(gathered.users, roots, text, limit)
        return Users(
            mode=gathered.users.mode,
            clusters=tuple(in_short(one, text) for one in clusters),
            total=total,
            covered=covered,
        )

    async def user(self, id: str) -> Cluster | None:
        """Return the user with exactly this id in short, None if no message covered has it."""
        await self._gathering.settled(WAIT)
        cluster = cluster_of(self._gathering.shown.users, id)
        return None if cluster is None else in_short(cluster, id)

    async def groups(self, filter: str = "") -> Groups:
        """Return the four parts of each group key; with a filter, the events that match are counted.

        Raises FilterFault.
        """
        findings = await self._findings()
        if parse(filter).node is None:
            await self._gathering.settled(WAIT)
            covered, gathered = await self._gathering.covered(), self._gathering.shown
        else:
            matching = self.narrowing.matching(filter, groups=True)
            covered, gathered = await matching.covered(), matching.groups
            assert gathered is not None
        checks = GroupChecks(gathered.groups, self._active.settings.rules, findings)
        return checks.groups(covered)

    async def close(self) -> None:
        """Stop reading what matches filters."""
        await self.narrowing.close()

    async def _findings(self) -> GroupFindings:
        """Return the newest of what each rule says of groups, from the index."""
        index, settings = self._stores.index, self._active.settings
        counts = await index.counts()
        if self._found is not None and self._found[0] is counts and self._found[1] is settings:
            return self._found[2]
        newest = {
            id: type
            for (rule, type), id in (await index.newest(FOLLOWED)).items()
            if says_of_groups(rule, type)
        }
        ids = sorted(newest)
        kept, late = await index.verdicts(ids), await index.findings(ids)
        found = GroupFindings()
        for id in ids:
            own = unpack_findings(kept[id].verdict) if id in kept else ()
            line = await index.summary(id) if id in late else None
            more = () if line is None else self._reader.adjusted(line.name, late[id])
            found.add(newest[id], (*own, *more))
        self._found = counts, settings, found
        return found


async def _roots(table: Identities, ids: Sequence[str]) -> set[int]:
    """Return the clusters of these ids; in between others can work."""
    roots: set[int] = set()
    for number, id in enumerate(ids, start=1):
        roots |= roots_of(table, id)
        if not number % IDS:
            await asyncio.sleep(0)
    return roots
