"""Open Mixpanel in the browser."""

from __future__ import annotations

import webbrowser

from ...core.api.models import EngineState
from ...core.settings import APP_HOSTS
from ...core.text import clean, counted
from ..keymap import first
from .context import Context
from .forwarding import project_of

EVENTS_PATH = "/report/events"
"""The Events view of the project that was open last; Mixpanel's own guides link to it."""


async def open_mixpanel(on: Context) -> None:
    """Open Mixpanel's Events view for the region of the route that is shown, once it accepted something."""
    state = on.state
    if state is None:
        return
    if not state.deliveries.sent:
        on.notify(nothing_sent(state), severity="warning", timeout=10)
        return
    to = state.along(on.details.route)
    url = next(host for region, host in APP_HOSTS.items() if region == to.region) + EVENTS_PATH
    if webbrowser.open(url):
        visible = "What was accepted takes about a minute to be visible."
        if to.mixpanel_url:
            visible = f"Requests went to {clean(to.mixpanel_url)}: Mixpanel may have none of them."
        on.notify(f"Opened {url}. {visible}")
    else:
        on.notify(f"No browser could be opened. The address is {url}", severity="warning", timeout=15)


def nothing_sent(state: EngineState) -> str:
    """Explain why Mixpanel has nothing to look at yet, and what would change that."""
    stand, where = state.deliveries, project_of(state)
    turns = first("forwarding.toggle")
    if state.dry_run and state.forwarding:
        why = "This is a dry run: forwarding is on, but nothing leaves this machine."
    elif state.halted:
        why = f"Forwarding has halted. {clean(state.halted_why)} {turns} asks how to go on."
    elif not state.forwarding:
        why = f"{turns} turns forwarding on." if state.can_forward else clean(state.cannot_forward_why)
    elif state.retrying:
        why = f"Forwarding is on, but Mixpanel does not take requests: {clean(state.retrying)}."
    elif stand.waiting:
        wait = "waits" if stand.waiting == 1 else "wait"
        why = f"Forwarding is on: {counted(stand.waiting, 'message')} {wait}."
    elif stand.refused:
        why = f"Forwarding is on: Mixpanel refused {counted(stand.refused, 'message')}; 5 says why."
    else:
        why = f"Forwarding is on and sends what comes from now on to {where}."
    return f"Mixpanel has accepted nothing from here yet. {why}"
