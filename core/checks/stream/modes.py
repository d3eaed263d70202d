"""Events that reach Mixpanel twice: from the page by Mixpanel's SDK, and through Segment's servers."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from ...catalogue.stream import CLOUD_AND_DEVICE_MODE
from ...destinations.integrations import NAMES
from ...pairs import Action, Pairing, is_of_project
from ...segment_names import project_token
from ...text import shown
from ...verdict import Finding
from .memory import Recent
from .observed import StreamLimits, object_of, text_of
from .packed import Packed
from .seen import Seen


class _OfPage(NamedTuple):
    """An event of a page that waits for its copy.

    Nothing else of its message is kept: taking a whole one apart much later costs as much as a rule.
    """

    id: int
    now: int
    in_cloud: bool
    action: Action
    properties: Packed


class Modes:
    """Remembers events of both modes until their other copy comes.

    Copies from a page are paired by the page's clock. An event of a server, which has no page, is held
    against those of the same user.
    """

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._before: deque[_OfPage] = deque(maxlen=limits.modes_kept)
        """Events of pages by Segment, as long as no record of Mixpanel's own SDK has come."""
        self._pairing: Pairing | None = None
        self._by_server: Recent[int, tuple[int, bool]] = Recent(limits.repeats)
        """When an event of a user came from a server, and whether a destination is known to be on."""
        self._by_device: Recent[int, int] = Recent(limits.repeats)
        self._in_cloud: Recent[int, bool] = Recent(limits.modes_kept)
        """Messages of pages for which a destination in cloud mode is known to be on."""

    @property
    def device_traffic(self) -> bool:
        """True once a record of Mixpanel's own SDK has come."""
        return self._pairing is not None

    def cloud(self, seen: Seen) -> Finding | None:
        """Find what a Segment message sends that a device has sent as well."""
        said = seen.said
        if not said.events or said.replay or said.second:
            return None
        if said.action is None:
            return self._of_server(seen)
        one = _OfPage(said.id, said.now, said.in_cloud, said.action, said.events[0].properties)
        if self._pairing is None:
            self._before.append(one)
            return None
        if self._add(self._pairing, one):
            return _twice(seen, in_cloud=said.in_cloud)
        return None

    def device(self, seen: Seen) -> Finding | None:
        """Find what Mixpanel's own SDK sends that comes through Segment as well."""
        said = seen.said
        if self._pairing is None:
            self._pairing = Pairing(self._limits.modes_kept)
            for one in self._before:
                self._add(self._pairing, one)
            self._before.clear()
        if not said.name or said.second or not is_of_project(said.record, project_token(seen.destination)):
            return None
        if said.action is not None:
            properties = object_of(said.record.get("properties"))
            other = self._pairing.add(said.id, "device", said.action, properties, said.now)
            if other is not None:
                return _twice(seen, in_cloud=self._in_cloud.get(other) is True)
        if not said.distinct_id:
            return None
        key = hash((said.name, said.distinct_id))
        self._by_device.put(key, said.now)
        at, in_cloud = self._by_server.get(key) or (None, False)
        return _twice(seen, in_cloud=in_cloud) if self._is_near(said.now, at) else None

    def _of_server(self, seen: Seen) -> Finding | None:
        said = seen.said
        for sent in said.events:
            event, user = text_of(sent.event), text_of(sent.distinct_id)
            if event and user:
                key = hash((event, user))
                self._by_server.put(key, (said.now, said.in_cloud))
                if self._is_near(said.now, self._by_device.get(key)):
                    return _twice(seen, in_cloud=said.in_cloud)
        return None

    def _is_near(self, now: int, before: int | None) -> bool:
        return before is not None and abs(now - before) < self._limits.modes_within

    def _add(self, pairing: Pairing, one: _OfPage) -> bool:
        if one.in_cloud:
            self._in_cloud.put(one.id, True)
        return pairing.add(one.id, "cloud", one.action, one.properties.whole(), one.now) is not None


def _twice(seen: Seen, *, in_cloud: bool) -> Finding:
    """Return the finding on the second copy.

    It is a note where only the default of the settings says that Segment sends one: then the page may be the
    only sender, which is right.
    """
    event = shown(seen.said.name, 60)
    if in_cloud or not seen.settings.kind_assumed:
        return CLOUD_AND_DEVICE_MODE.finding(
            "$.event",
            f"{event} comes from the browser to Mixpanel, and through Segment as well: both modes are"
            " on, and it is counted twice",
        )
    name = NAMES[seen.destination.kind][0]
    return CLOUD_AND_DEVICE_MODE.finding(
        "$.event",
        f"{event} comes from the browser to Mixpanel. It is counted twice if {name} is on for this source,"
        " too: segtap assumes that, as the settings do not name the destination",
        severity="info",
        fix=f"nothing, if {name} is not on for this source; for Mixpanel (Legacy) in device mode, write"
        ' kind = "classic-cloud" under [destination]',
    )
