"""A message in its place in the stream."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ...identities.table import Identities, Step
from ...messages import JsonObject
from ...settings import Destination
from ...verdict import Translation
from ..settings import CheckSettings
from .digest import Said, Whole


class Seen(msgspec.Struct, gc=False):
    """One message in its place in the stream: what it says, and what earlier messages make of it.

    `second` is True for a copy, which Segment would drop. `document` and `translation` may have to be made
    again: ask for them only to word a finding.
    """

    said: Said
    whole: Callable[[], Whole]
    second: bool
    settings: CheckSettings
    destination: Destination
    identities: Identities
    """The users that Mixpanel has, this message included."""
    steps: tuple[Step, ...]
    """What the message did to ids that it names together."""
    known_ids: int
    """How many ids there were before."""
    number: int
    """Its number in the stream, from 1."""

    @property
    def document(self) -> JsonObject:
        """The message itself."""
        return self.whole().document

    @property
    def translation(self) -> Translation:
        """What becomes of it."""
        return self.whole().translation

    @property
    def simplified(self) -> bool:
        """True in a project with Simplified ID merge."""
        return self.settings.identity == "simplified"
