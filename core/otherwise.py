"""A message as another destination than the configured one would send it."""

from __future__ import annotations

from typing import Literal

import msgspec

from .api.models import MessageDetail

Through = Literal["actions", "classic-cloud", "classic-device"]
"""Segment's Mixpanel destinations, the classic one in each of its connection modes."""

NAMES: dict[Through, str] = {
    "actions": "Actions",
    "classic-cloud": "Classic, cloud mode",
    "classic-device": "Classic, device mode",
}

SHORT: dict[Through, str] = {
    "actions": "Actions",
    "classic-cloud": "Classic cloud",
    "classic-device": "Classic device",
}
"""The same for the frame of a pane."""


class Difference(msgspec.Struct, frozen=True):
    """One difference between the two destinations as the message shows it.

    `lost_by` is the destination that does not do it, "" if both do it, each in its own way.
    """

    id: str
    lost_by: str
    words: str
    source: str


class OtherDetail(MessageDetail, frozen=True, kw_only=True):
    """A message's detail with the verdict of another destination, `through`; nothing of it is sent.

    `configured` is the destination of the settings, `differences` what a move between the two would change.
    """

    through: Through
    configured: Through
    differences: tuple[Difference, ...] = ()

    @property
    def words(self) -> str:
        """The destination and that it is not the configured one, in a few words."""
        return f"as {NAMES[self.through]}, not the configured {NAMES[self.configured]}"
