"""Every action by name: the key table, the header and the command palette run them as `act('name')`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from ...core.copied.formats import EXPORTERS
from . import (
    clear,
    compare,
    copy,
    destinations,
    edit,
    elsewhere,
    findings,
    forwarding,
    held,
    many,
    marks,
    mixpanel,
    on_demand,
    replay,
    routes,
    screens,
    validate,
)
from .context import Context

ACTIONS: dict[str, Callable[[Context], Awaitable[None] | None]] = {
    "validate": validate.validate,
    "replay": replay.replay,
    "replay_to": elsewhere.replay_to,
    "edit": edit.edit,
    "edit_outside": edit.edit_outside,
    "forwarding": forwarding.forwarding,
    "held": held.held,
    "answers": on_demand.answers,
    "open_mixpanel": mixpanel.open_mixpanel,
    "clear": clear.clear,
    "mark": marks.mark,
    "mark_here": marks.mark_here,
    "mark_all": marks.mark_all,
    "invert_marks": marks.invert_marks,
    "clear_marks": marks.clear_marks,
    "undo": marks.undo,
    "many": many.many,
    **{f"many_{one.id}": partial(many.do, id=one.id) for one in many.DOING},
    "copy": copy.copy_pane,
    "copy_menu": copy.copy_menu,
    **{f"copy_as_{one.id}": partial(copy.copy_as, exporter=one) for one in EXPORTERS},
    "compare": compare.compare,
    "destinations": destinations.destinations,
    "routes": routes.routes,
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
    "user_story": screens.user_story,
    "event_story": screens.event_story,
}
