"""Every action by name: the key table, the header and the command palette run them as `act('name')`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from . import clear, compare, copy, findings, forwarding, mixpanel, replay, screens
from .context import Context

ACTIONS: dict[str, Callable[[Context], Awaitable[None]]] = {
    "replay": replay.replay,
    "forwarding": forwarding.forwarding,
    "open_mixpanel": mixpanel.open_mixpanel,
    "clear": clear.clear,
    "copy": copy.copy_pane,
    "copy_curl": copy.copy_curl,
    "compare": compare.compare,
    "next_error": findings.next_error,
    "previous_error": findings.previous_error,
    "next_warning": findings.next_warning,
    "previous_warning": findings.previous_warning,
    "error_button": findings.error_button,
    "warning_button": findings.warning_button,
    "decode": screens.decode,
    "summary": screens.summary,
    "users": screens.users,
    "groups": screens.groups,
}
