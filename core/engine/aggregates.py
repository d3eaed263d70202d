"""The journal's newest messages in numbers and as groups: gathered when somebody asks, and kept up.

Users are not gathered: they are those of the table that the rules on the stream feed. Of the rest nothing
happens before the first asking. Each asking has what came since the last one read, in slices, so that
ingest keeps its turns; who asks meanwhile shares that work. What was gathered is let go when the journal is
cleared and when messages are read by other settings.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import takewhile

import msgspec

from ..aggregates.group_traffic import GroupTraffic
from ..aggregates.groups import GroupChecks, GroupFindings
from ..aggregates.model import Groups
from ..api.models import Coverage, Summary
from ..checks.stream import said_by
from ..identities.model import Cluster, Users, in_short
from ..identities.table import Identities
from ..identities.users import cluster_of, newest, user_row
from ..index.details import damage_of
from ..index.pace import Pace
from ..index.receipts import ReceiptReader
from ..messages import Marks, Message, Receipt, seq_of
from ..settings import Settings
from ..stores.base import Judged, Stores, just_before
from ..verdict import Finding, Translation, Verdict
from .active import ActiveSettings

logger = logging.getLogger(__name__)

MOST_MESSAGES = 10_000
"""How many of the newest messages are aggregated. At twice this number the aggregate is rebuilt."""
MOST_USERS = 1_000
"""Users in one answer."""
WAIT = 1.0
"""Seconds that a request waits; then it gets what was read so far, and reading continues."""
PAGE = 500
ROWS = 200
"""How many users are written at a time, in a millisecond or two."""
RECEIPTS = 64
"""Receipts read from the journal at a time."""


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


async def _at_once() -> None:
    """Wait for nothing."""


class _Gathered:
    """The aggregates of the messages read so far."""

    def __init__(self, settings: Settings, reading: ActiveSettings, *, older: bool) -> None:
        self.older = older
        self.covered = Coverage(older=older)
        self._traffic = GroupTraffic(reading.destination, settings.mixpanel_group_keys)
        self._findings = GroupFindings()
        self.groups = GroupChecks(self._traffic, settings.rules, self._findings)

    @property
    def size(self) -> int:
        """How many lines of the list."""
        return self.covered.messages + self.covered.refused

    def take(self, line: Summary, message: Message | None, verdict: Verdict) -> None:
        """Add one line of the list; `message` is None for a refused request."""
        known, at = self.covered, line.received_at
        self.covered = Coverage(
            messages=known.messages + (not line.refused),
            refused=known.refused + line.refused,
            first=known.first or line.id,
            last=line.id,
            since=min(known.since or at, at),
            until=max(known.until, at),
            older=known.older,
        )
        if message is not None:
            self._traffic.add(said_by(message, verdict.translation, at))
            self._findings.add(line.type, verdict.findings)


class Overviews:
    """Answers for an engine what is made of many messages at once. Call it from the engine's loop.

    `reader` and `reading` are those that the list's marks come from; `settings` gives those in force.
    `settled` waits until the table of users knows what the journal held, or for as long as one may wait.
    """

    def __init__(
        self,
        stores: Stores,
        reader: ReceiptReader,
        reading: ActiveSettings,
        settings: Callable[[], Settings],
        settled: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        self._stores = stores
        self._reader = reader
        self._reading = reading
        self._settings = settings
        self._settled = settled
        self._gathered: _Gathered | None = None
        self._making: _Gathered | None = None
        """Replacement under construction; swapped in once every message has been read."""
        self._lines: deque[Summary] = deque()
        """To be read, oldest first."""
        self._asked = False
        self._task: asyncio.Task[None] | None = None

    # --- what viewers ask ------------------------------------------------------------------------

    async def users(self, text: str = "", limit: int = 200) -> Users:
        """Return the users seen last, of those with an id that contains the text; each in short.

        They are those of the table that the rules on the stream speak of.
        """
        await self._settled()
        table = self._reading.stream.identities
        clusters, total = newest(table, text, max(1, min(limit, MOST_USERS)))
        return Users(
            mode=table.mode,
            clusters=tuple(in_short(one, text) for one in clusters),
            total=total,
            covered=self._reading.covered,
        )

    async def user(self, id: str) -> Cluster | None:
        """Return the user with this very id in short, None when no message covered has it."""
        await self._settled()
        cluster = cluster_of(self._reading.stream.identities, id)
        return None if cluster is None else in_short(cluster, id)

    async def groups(self) -> Groups:
        """Return the four parts of each group key."""
        gathered = await self._ask()
        return gathered.groups.groups(self._coverage(gathered))

    def _coverage(self, gathered: _Gathered) -> Coverage:
        last = gathered.covered.last
        # While a replacement is read, most of the lines to read are in the old one already.
        newer = sum(1 for _ in takewhile(lambda line: line.id > last, reversed(self._lines)))
        return msgspec.structs.replace(gathered.covered, behind=newer)

    # --- what the engine reports -------------------------------------------------------------------

    def reset(self) -> None:
        """Start again at the next request: the journal was cleared, or the settings changed."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._gathered = self._making = None
        self._lines.clear()

    async def close(self) -> None:
        """Stop reading."""
        task = self._task
        self.reset()
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)

    # --- reading ---------------------------------------------------------------------------------

    async def _ask(self) -> _Gathered:
        """Return what is gathered, with all that the journal lists now, or as much as can be read in
        `WAIT`.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + WAIT
        self._asked = True
        while True:
            task = self._task
            if task is None:
                self._asked = True  # the reading that knew of it may have started again
                task = self._task = asyncio.create_task(self._keep_up(), name="segtap-overview")
                task.add_done_callback(self._ended)
            await asyncio.wait({task}, timeout=max(0.0, until - loop.time()))
            if task.done() and not task.cancelled():
                task.result()
            over = loop.time() >= until
            if self._gathered is not None and (over or self._task is None):
                return self._gathered
            if over:
                until = loop.time() + WAIT  # what there is to read is not known yet

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task is self._task:
            self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("groups cannot be read: %s", error)

    async def _keep_up(self) -> None:
        """Read everything new; if another caller asked meanwhile, once more: newer messages may exist."""
        pace = Pace()
        pace.begin()
        while self._asked or self._lines:
            if not self._lines:
                self._asked = False
                await self._look(pace)
            while self._lines:
                await self._read(pace)
            if self._making is not None:
                self._gathered, self._making = self._making, None

    async def _look(self, pace: Pace) -> None:
        """Find the lines that are not read yet; start again if there are too many to add."""
        known = self._gathered
        if known is not None:
            lines, more = await self._newer(known.covered.last, pace)
            if not more and known.size + len(lines) <= 2 * MOST_MESSAGES:
                self._lines = lines
                return
        lines, more = await self._newer(0, pace)
        begun = _Gathered(self._settings(), self._reading, older=more)
        if known is None:
            self._gathered = begun
        else:
            self._making = begun
        self._lines = lines

    async def _newer(self, last: int, pace: Pace) -> tuple[deque[Summary], bool]:
        """Return the newest lines above an id, oldest first, and whether there are more of them than may be
        read.
        """
        found: deque[Summary] = deque()
        before: int | None = None
        while True:
            page = await self._stores.index.page(before=before, limit=PAGE)
            await pace.breathe()
            fresh = [line for line in page.summaries if line.id > last]
            found.extendleft(reversed(fresh))
            over = len(found) - MOST_MESSAGES
            for _ in range(over):
                found.popleft()
            ends = len(fresh) < len(page.summaries) or not page.more
            if over > 0 or ends or len(found) == MOST_MESSAGES:
                return found, over > 0 or not ends
            before = page.summaries[0].id

    async def _read(self, pace: Pace) -> None:
        """Read the messages of the next receipts, and add them."""
        lines = self._lines
        receipts = await self._stores.receipts.read(just_before(seq_of(lines[0].id)), RECEIPTS)
        if not receipts:
            lines.clear()  # cleared, or made room for newer ones
        for receipt in receipts:
            while lines and seq_of(lines[0].id) < receipt.seq:
                lines.popleft()  # its receipt is gone
            mine = list(takewhile(lambda line, seq=receipt.seq: seq_of(line.id) == seq, lines))
            if not mine:
                continue
            messages = {} if receipt.refused is not None else await self._messages(receipt)
            ids = [line.id for line in mine]
            found = await self._stores.index.findings(ids)
            kept = await self._stores.index.verdicts(ids)
            without = damage_of(receipt) if receipt.damaged else Verdict(Translation())
            for line in mine:
                await self._take(
                    line, messages.get(line.id), kept.get(line.id), found.get(line.id, ()), without
                )
                lines.popleft()
                await pace.breathe()

    async def _messages(self, receipt: Receipt) -> dict[int, Message]:
        read = await self._reader.read(receipt)
        return {} if isinstance(read, str) else {message.id: message for message in read}

    async def _take(
        self,
        line: Summary,
        message: Message | None,
        kept: Judged | None,
        found: Sequence[Finding],
        without: Verdict,
    ) -> None:
        """Add a line; `without` is its verdict if there is no message."""
        verdict = without
        if message is not None:
            message = msgspec.structs.replace(message, marks=Marks(line.marks))
            verdict = self._reader.whole(message, await self._reader.inspected(message, kept), found)
        gathered = self._making or self._gathered
        if gathered is None:
            return
        gathered.take(line, message, verdict)
