"""The message before another one, of the same event or the same user, and what has changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ... import core
from ...core.api.models import MessageDetail
from ...core.api.viewer import Viewer
from ...core.errors import InputError
from ...core.messages import RAW_TYPE
from ...core.text import shown

WAIT = 2_000
"""Milliseconds for which the message before is searched for when somebody asks for it."""
WAIT_TO_MARK = 200
"""The same to mark what changed, which nobody has asked for."""
VALUE = 40
"""Characters of the former value."""


def filter_before(detail: MessageDetail, *, same_user: bool = False) -> str:
    """Return the filter for earlier messages of the same kind; for ids that are joined, of the same user."""
    line = detail.summary
    terms = [f"type:{line.type}"] if line.type else []
    joins = line.type in ("identify", "group", "alias")
    if line.name and not joins and "\n" not in line.name:
        # The path asks for this very name; the field event: also takes it in other letters.
        path = "name" if line.type in ("page", "screen") else "mp.event" if line.type == RAW_TYPE else "event"
        terms.append(f"{path}={core.quoted_filter(line.name)}")
    if line.user and (joins or same_user) and "\n" not in line.user:
        terms.append(f"user:{core.quoted_filter(line.user)}")
    return " ".join(terms)


async def message_before(viewer: Viewer, id: int, filter: str, wait: int) -> MessageDetail | None:
    """Return the last message before an id that matches a filter, None if none is found in time."""
    page = await viewer.page(before=id, limit=1, filter=filter, wait=wait)
    lines = [line for line in page.summaries if not line.refused]
    found = await viewer.detail(lines[-1].id) if lines else None
    return None if found is None or found.unread else found


class Before:
    """Finds what changed since the last message of the same user and event, else of the same event.

    `viewer` returns the engine's viewer of the moment.
    """

    def __init__(self, viewer: Callable[[], Viewer]) -> None:
        self._viewer = viewer

    async def changes(self, detail: MessageDetail) -> Mapping[str, str]:
        """Return the paths of the values that are new or changed, with a few words. Raises SegtapError."""
        if detail.source_kind == "mixpanel" or detail.summary.refused or detail.unread or not detail.document:
            return {}
        from ...core.compare.diff import message_diff

        filters = dict.fromkeys((filter_before(detail, same_user=True), filter_before(detail)))
        for filter in filters:
            before = await message_before(self._viewer(), detail.summary.id, filter, WAIT_TO_MARK)
            if before is None:
                continue
            try:
                rows = message_diff(core.read_document(before.document), core.read_document(detail.document))
            except (InputError, RecursionError):
                return {}
            return {
                row.path: "new" if row.kind == "added" else f"was {shown(row.one, VALUE)}"
                for row in rows
                if row.differs and row.kind != "removed"
            }
        return {}
