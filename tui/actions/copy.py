"""Copy a pane, or a curl command, to the clipboard."""

from __future__ import annotations

from ...core.text import clean
from .context import Context


async def copy_pane(on: Context) -> None:
    """Copy the text of the pane in use."""
    name, text = on.pane_text()
    _copy(on, f"the {name} pane", text)


async def copy_curl(on: Context) -> None:
    """Copy a curl command that sends the Mixpanel request in focus to Mixpanel, else the message here."""
    from ...core import as_curl

    detail, state = on.detail, on.state
    if detail is None:
        on.notify("There is no message to copy yet.", severity="warning")
        return
    if request := on.request_as_curl():
        where = clean(state.mixpanel_url if state else "") or "Mixpanel"
        _copy(on, f"a curl command that sends this request to {where}", request)
        return
    url = state.urls[0] if state and state.urls else on.viewer.url
    _copy(on, "a curl command that sends this message here", as_curl(detail, url))


def _copy(on: Context, what: str, text: str) -> None:
    from ..clipboard import copy

    if not text:
        on.notify("There is nothing to copy yet.", severity="warning")
        return
    route = copy(on.whole_app, text)
    on.notify(f"Copied {what}: {route}")
