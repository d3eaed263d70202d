"""`segtap users`: the users that Mixpanel has after messages of a file, of an engine or of a journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from .. import stores
from ..api.client import Client
from ..engine.gathered_file import gathered_in
from ..engine.kept import engine_with, settings_behind
from ..identities.model import UserRow
from ..identities.named import named_ids
from ..identities.table import Identities
from ..identities.users import user_rows
from ..messages import Marks
from ..pipeline import compile_settings, run
from ..pipeline.lines import Copies, Given, Unreadable, given_messages
from ..serve.notes import find_engine
from ..settings import Settings
from ..sources.bounds import bounds_of
from ..stores.sqlite.place import chosen_path
from .export import export_lines


class UsersOf:
    """The users of messages, read as `segtap check` reads them and sent as the settings say.

    What Segment or its destination refuses, what Segment drops as a copy, and what is not handed to the
    destination adds nothing. `clock` is the time
    now for messages that name none, in milliseconds.
    """

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        self.identities = Identities(settings.identity)
        self.messages = 0
        self.refused = 0
        """Messages that Segment refuses."""
        self.copies = 0
        """Messages that Segment has already, and drops."""
        self.unreadable: list[tuple[int, str]] = []
        """Lines without a message: their numbers, and why."""
        self._clock = clock
        self._compiled = compile_settings(settings)
        self._bounds = bounds_of(settings.ingest)
        self._copies = Copies()

    def take(self, lines: Iterable[str | bytes]) -> None:
        """Take in messages, envelopes or batches, one JSON object a line."""
        for given in given_messages(lines, destination=self._compiled.destination, bounds=self._bounds):
            if isinstance(given, Unreadable):
                self.unreadable.append((given.line, given.error))
            else:
                self._add(given)

    def _add(self, given: Given) -> None:
        if given.message.unread:
            self.refused += 1
            return
        self.messages += 1
        if given.message.marks & Marks.WOULD_REJECT:
            self.refused += 1
            return
        now = given.now(self._clock)
        if self._copies.is_copy(given, now):
            self.copies += 1
            return
        verdict = run(given.message, given.destined(self._compiled), now)
        self.identities.add(named_ids(verdict.translation, given.message.document), given.line)

    def rows(self) -> Iterable[UserRow]:
        """Return the users so far, sorted by their first id."""
        return user_rows(self.identities)


async def users_kept(
    settings: Settings, *, url: str, clock: Callable[[], int], own: bool = False
) -> tuple[Iterable[UserRow], str]:
    """Return the users of an engine or of the journal's file, sorted by their first id; and where they come
    from.

    It is the engine at `url`, the one that holds the journal, or else one that runs, and it reads by its own
    settings. A file is read by those of the engine that filled it, if it keeps them; of what that engine has
    gathered, nothing is read again. With `own`, settings given on purpose, both are read by these. Raises
    EngineError or JournalError.
    """
    url = url or engine_with(settings.journal)
    if url and not own:
        address, token = find_engine(url)
        async with Client(address, token) as client:
            rows = [msgspec.json.decode(line, type=UserRow) async for line in client.user_rows()]
        return sorted(rows, key=lambda row: row.ids[0]), f"the segtap at {address}"
    by = settings if own else await settings_behind(settings)
    if not url:
        kept = await stores.open(settings.journal, must_exist=True)
        try:
            gathered = await gathered_in(kept, by)
        finally:
            await kept.close()
        return user_rows(gathered.users), str(chosen_path(settings.journal.path))
    users = UsersOf(by, clock)
    bounds = bounds_of(by.ingest)
    async for line in export_lines(journal=settings.journal, what="batches", url=url, bounds=bounds):
        users.take((line,))
    return users.rows(), url
