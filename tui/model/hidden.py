"""Messages that the reader took out of the list. They stay in the journal."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from ...core.api.models import Page
from ...core.api.viewer import Viewer

MOST = 100_000
"""Messages that can be hidden; more are better hidden by a filter."""


class Hidden:
    """The ids of the messages that the list leaves out."""

    def __init__(self) -> None:
        self._ids: set[int] = set()

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, id: int) -> bool:
        return id in self._ids

    @property
    def ids(self) -> Collection[int]:
        """The hidden messages."""
        return self._ids

    def hide(self, ids: Iterable[int]) -> None:
        """Leave these out from now on."""
        self._ids.update(ids)

    def show(self, ids: Iterable[int]) -> None:
        """List these again."""
        self._ids.difference_update(ids)

    def clear(self) -> None:
        """Hide nothing."""
        self._ids.clear()

    async def page(
        self,
        viewer: Viewer,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        filter: str = "",
        wait: int | None = None,
        route: str = "",
    ) -> Page:
        """Return a page of the list without the hidden messages.

        A page of nothing but hidden messages leads on to the next one.
        """
        while True:
            page = await viewer.page(
                before=before, after=after, limit=limit, filter=filter, wait=wait, route=route
            )
            if not self._ids or not page.summaries:
                return page
            left = tuple(line for line in page.summaries if line.id not in self._ids)
            if left or not page.more or page.searched_to:
                return msgspec.structs.replace(page, summaries=left)
            if after is None:
                before = page.summaries[0].id
            else:
                after = page.summaries[-1].id
