"""Copy a pane, or a message in one of the formats of `core.copied.formats`, to the clipboard."""

from __future__ import annotations

from ...core.copied.formats import EXPORTERS, EXPORTERS_BY_ID, Exporter
from .context import Context, choose

NOTHING = "nothing"
"""The answer of the copy menu that copies nothing."""


async def copy_pane(on: Context) -> None:
    """Copy the text of the pane in use."""
    name, text = on.pane_text()
    _copy(on, f"the {name} pane", text)


async def copy_menu(on: Context) -> None:
    """Ask for a format, and copy the selected message in it."""
    if on.exported() is None:
        on.notify("There is no message to copy yet.", severity="warning")
        return
    answers = [(exporter.id, exporter.title, exporter.key) for exporter in EXPORTERS]
    chosen = await choose(on, "Copy as …", [(NOTHING, "nothing, go back", "n"), *answers])
    if exporter := EXPORTERS_BY_ID.get(chosen):
        await copy_as(on, exporter)


async def copy_as(on: Context, exporter: Exporter) -> None:
    """Copy the selected message in this format."""
    exported = on.exported()
    if exported is None:
        on.notify("There is no message to copy yet.", severity="warning")
        return
    text = exporter.make(exported)
    if not text:
        on.notify(f"This message has no {exporter.title.removeprefix('the ')}.", severity="warning")
        return
    _copy(on, exporter.title, text)


def _copy(on: Context, what: str, text: str) -> None:
    from ..clipboard import copy

    if not text:
        on.notify("There is nothing to copy yet.", severity="warning")
        return
    route = copy(on.whole_app, text)
    on.notify(f"Copied {what}: {route}")
