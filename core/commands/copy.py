"""`segtap copy`: a message of a running engine in one of the formats of `copied.formats`."""

from __future__ import annotations

from ..api.matches import why_not_sent
from ..api.viewer import Viewer
from ..copied.formats import EXPORTERS_BY_ID, Exported
from ..errors import InputError
from ..masks import masked
from ..query import by_id


async def copied(viewer: Viewer, message: str, format_id: str) -> str:
    """Return the message with this messageId, $insert_id or number in a format.

    Raises InputError if there is none, or if it has nothing in that format.
    """
    detail = await viewer.detail(await _number(viewer, message))
    state = await viewer.state()
    exporter = EXPORTERS_BY_ID[format_id]
    operations = detail.verdict.translation.operations
    request = masked(operations[0].request) if operations else None
    account = state.along(detail.route).service_account
    text = exporter.make(
        Exported(detail, state.urls[0], request, "" if account is None else account.variable)
    )
    if not text:
        stopped = why_not_sent(detail.verdict, detail.receipt.refused, detail.summary.marks)
        why = f": {stopped.why}" if stopped is not None else ""
        raise InputError(f"This message has no {exporter.title.removeprefix('the ')}{why}.")
    return text


async def _number(viewer: Viewer, message: str) -> int:
    page = await viewer.page(filter=by_id(message), limit=1)
    if page.summaries:
        return page.summaries[-1].id
    if message.isdecimal():
        return int(message)
    raise InputError(f"No message has the messageId or $insert_id {message!r}.")
