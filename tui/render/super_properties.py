"""The super properties of device mode at one message: the values, where each is from, and what to know."""

from __future__ import annotations

from textual.content import Content

from ...core.api.models import EARLIER_READ, SuperProperties, SuperProperty
from ...core.messages import JsonObject
from ...core.paths import child
from ...core.text import clean, shorten
from .clock import local

CALL_SHOWN = 40
HOST_SHOWN = 60
PASTED = "A pasted message is not in the journal, so what came before it is not known."


def in_order(found: SuperProperties, id: int) -> list[SuperProperty]:
    """Return the super properties, those that the message registers first, then the newest ones."""
    return sorted(found.registered, key=lambda one: (one.id != id, -(one.at or 0)))


def values(found: SuperProperties, id: int) -> JsonObject:
    """Return the super properties as one object."""
    return {one.name: one.value for one in in_order(found, id)}


def causes(found: SuperProperties, id: int) -> dict[str, str]:
    """Return for the path of each super property which call registered it, and when."""
    return {child("$", one.name): _cause(one, id) for one in found.registered}


def _cause(one: SuperProperty, id: int) -> str:
    if one.id == id:
        return "this message"
    if one.at is None:
        return one.call
    return f"{local(one.at).partition('.')[0]} {shorten(clean(one.call), CALL_SHOWN)}"


def notes(found: SuperProperties | None) -> list[Content]:
    """Return what stands above the values; None means that they are still being read."""
    if found is None:
        return [Content.styled("Reading the earlier messages of this anonymousId …", "$dim")]
    if found.why:
        return [Content.styled(clean(found.why), "$foreground")]
    host = shorten(clean(found.host), HOST_SHOWN) or "this page"
    sends = {0: "The page sends nothing", 1: "The page sends 1 record"}.get(
        found.sent, f"The page sends {found.sent} records"
    )
    lines = [
        Content.styled(f"Device mode on {host}, after this message", "bold $foreground"),
        Content.styled(
            f"{sends} for it; each later event has these properties. Cloud mode never keeps any.",
            "$foreground",
        ),
    ]
    if not found.identified:
        lines.append(
            Content.styled("No identify with an id yet: profile changes wait in the browser.", "$foreground")
        )
    count = "1 message" if found.messages == 1 else f"{found.messages:,} messages"
    read = f"the newest {count}, for at most {EARLIER_READ} earlier ones are read," if found.cut else count
    how = "as if one page load: no message shows a reload or reset."
    lines.append(Content.styled(f"Simulated from {read} of this anonymousId, {how}", "$dim"))
    return lines
