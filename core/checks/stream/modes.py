"""Events that reach Mixpanel twice: from the page by Mixpanel's SDK, and through Segment's servers."""

from __future__ import annotations

from collections import deque

from ...catalogue.stream import CLOUD_AND_DEVICE_MODE
from ...pairs import Action, Pairing
from ...segment_names import STAND_IN_TOKEN, TOKEN_SETTING
from ...text import shown
from ...verdict import Finding
from .digest import Said
from .memory import Recent
from .observed import StreamLimits, object_of, text_of
from .seen import Seen


class Modes:
    """Remembers events of both modes until their other copy comes.

    Copies from a page are paired by the page's clock. An event of a server, which has no page, is held
    against those of the same user.
    """

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._before: deque[Said] = deque(maxlen=limits.modes_kept)
        """Events of pages by Segment, as long as no record of Mixpanel's own SDK has come."""
        self._pairing: Pairing | None = None
        self._by_server: Recent[int, int] = Recent(limits.repeats)
        self._by_device: Recent[int, int] = Recent(limits.repeats)

    @property
    def device_traffic(self) -> bool:
        """True once a record of Mixpanel's own SDK has come."""
        return self._pairing is not None

    def cloud(self, seen: Seen) -> Finding | None:
        """Find what a Segment message sends that a device has sent as well."""
        said = seen.said
        if not said.events or said.replay or said.second:
            return None
        action = said.action
        if action is None:
            return self._of_server(said)
        if self._pairing is None:
            self._before.append(said)
            return None
        if self._add(self._pairing, said, action):
            return _twice(said.name)
        return None

    def device(self, seen: Seen) -> Finding | None:
        """Find what Mixpanel's own SDK sends that comes through Segment as well."""
        said = seen.said
        properties = object_of(said.record.get("properties"))
        token = seen.destination.settings.get(TOKEN_SETTING[seen.destination.kind])
        if self._pairing is None:
            self._pairing = Pairing(self._limits.modes_kept)
            for one in self._before:
                if one.action is not None:
                    self._add(self._pairing, one, one.action)
            self._before.clear()
        if (
            not said.name
            or said.second
            or (token not in (None, "", STAND_IN_TOKEN) and properties.get("token") not in (None, token))
        ):
            return None  # of another project
        if said.action is not None and (
            self._pairing.add(said.id, "device", said.action, properties, said.now) is not None
        ):
            return _twice(said.name)
        if not said.distinct_id:
            return None
        key = hash((said.name, said.distinct_id))
        self._by_device.put(key, said.now)
        return self._near(said, self._by_server.get(key))

    def _of_server(self, said: Said) -> Finding | None:
        for sent in said.events:
            event, user = text_of(sent.event), text_of(sent.distinct_id)
            if event and user:
                key = hash((event, user))
                self._by_server.put(key, said.now)
                if (found := self._near(said, self._by_device.get(key))) is not None:
                    return found
        return None

    def _near(self, said: Said, before: int | None) -> Finding | None:
        if before is None or abs(said.now - before) >= self._limits.modes_within:
            return None
        return _twice(said.name)

    def _add(self, pairing: Pairing, said: Said, action: Action) -> bool:
        parts = said.events[0].properties.whole()
        return pairing.add(said.id, "cloud", action, parts, said.now) is not None


def _twice(event: str) -> Finding:
    return CLOUD_AND_DEVICE_MODE.finding(
        "$.event",
        f"{shown(event, 60)} comes from the browser to Mixpanel, and through Segment as well: both modes are"
        " on, and it is counted twice",
    )
