"""Compare the two destinations for one message."""

from __future__ import annotations

from .context import Context


async def destinations(on: Context) -> None:
    """Show the selected message as both destinations would send it."""
    from ...core import read_document
    from ...core.compare import compare as compared
    from ...core.compare import destination_for
    from ..screens.destinations import Destinations
    from ..widgets.caption import identity

    detail = on.detail
    if detail is None or detail.summary.refused:
        what = "no message yet" if detail is None else "no message in a refused request"
        on.notify(f"There is {what}, so there is nothing to compare.", severity="warning")
        return
    if detail.unread:
        on.notify("The message is too large to be read, so there is nothing to compare.", severity="warning")
        return
    settings = await on.viewer.settings()
    comparison = compared(
        read_document(detail.document),
        destination_for(settings, "actions"),
        destination_for(settings, "classic-cloud"),
        detail.summary.received_at,
    )
    about = identity(detail.summary)
    on.whole_app.push_screen(Destinations(comparison, message=about, settings=settings.origin))
