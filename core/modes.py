"""Which connection mode a record came by, and what sent it, as its `mp_lib` says. Pure.

Mixpanel's guide on Segment tells the modes apart by this property, which Mixpanel shows as Mixpanel Library.
"""

from __future__ import annotations

from typing import Literal

from .messages import Json, JsonObject

Mode = Literal["cloud", "device", "?", ""]
"""`?`: no `mp_lib` of Segment's, so that nobody can say whether Segment has to do with it. "": nothing is
sent."""

CLASSIC_DEVICE = "Segment: web"
"""The `mp_lib` of the classic destination in device mode."""
WEB = "web"
"""The `mp_lib` of Mixpanel's web SDK, of a page's own or of Mixpanel Web (Actions)."""
_ACTIONS, _CLASSIC = "Segment Actions: ", "Segment: "
_SOURCE = "segment_source_name"


def mode_of(properties: JsonObject) -> Mode:
    """Return the mode of an event; `?` for what has no `mp_lib`, such as an update of a profile."""
    library = properties.get("mp_lib")
    if not isinstance(library, str):
        return "?"
    if library == CLASSIC_DEVICE or (library == WEB and _of_web_actions(properties)):
        return "device"
    return "cloud" if library.startswith((_ACTIONS, _CLASSIC)) else "?"


def sent_by(properties: JsonObject) -> str:
    """Return what sent an event, as a phrase; "" where its `mp_lib` says nothing."""
    library: Json = properties.get("mp_lib")
    if not isinstance(library, str) or not library:
        return ""
    if library == CLASSIC_DEVICE:
        return "Segment's destination Mixpanel (Legacy) in device mode"
    if library.startswith(_ACTIONS):
        return "Segment's destination Mixpanel (Actions), in cloud mode"
    if library.startswith(_CLASSIC):
        return "Segment's destination Mixpanel (Legacy) in cloud mode"
    if library != WEB:
        return f"Mixpanel's own SDK {library}, without Segment"
    if _of_web_actions(properties):
        return "Segment's destination Mixpanel Web (Actions), which registers segment_source_name"
    return (
        "Mixpanel's web SDK: the page's own, or that of Segment's destination Mixpanel Web (Actions), which"
        " only its setting Source Name tells apart"
    )


def _of_web_actions(properties: JsonObject) -> bool:
    """Return True where the super property is that Mixpanel Web (Actions) registers with a Source Name."""
    return isinstance(properties.get(_SOURCE), str)
