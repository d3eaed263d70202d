"""Users and groups, for viewers: what is gathered of the messages, and what rules say of groups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from ..aggregates.groups import FOLLOWED, GroupChecks, GroupFindings, says_of_groups
from ..aggregates.model import Groups
from ..identities.model import Cluster, Users, in_short
from ..identities.table import Identities
from ..identities.users import cluster_of, newest, user_row
from ..index.receipts import ReceiptReader
from ..pipeline.kept import unpack_findings
from ..settings import Settings
from ..stores.base import Counts, Stores
from .active import ActiveSettings
from .gathering import Gathering

MOST_USERS = 1_000
"""Users in one answer."""
WAIT = 1.0
"""Seconds that a request waits until all messages are gathered; then it gets those that are."""
ROWS = 200
"""How many users are written at a time, in a millisecond or two."""


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
        self._found: tuple[Counts, Settings, GroupFindings] | None = None
        """What rules say of groups, and the totals and settings that it was read at."""

    async def users(self, text: str = "", limit: int = 200) -> Users:
        """Return the users seen last, of those with an id that contains the text; each in short."""
        await self._gathering.settled(WAIT)
        covered, gathered = await self._gathering.covered(), self._gathering.shown
        clusters, total = newest(gathered.users, text, max(1, min(limit, MOST_USERS)))
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

    async def groups(self) -> Groups:
        """Return the four parts of each group key."""
        await self._gathering.settled(WAIT)
        findings = await self._findings()
        covered, gathered = await self._gathering.covered(), self._gathering.shown
        checks = GroupChecks(gathered.groups, self._active.settings.rules, findings)
        return checks.groups(covered)

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
