"""What the events of a source lack, said once for each source."""

from __future__ import annotations

from collections.abc import Sequence

from ...catalogue.subscriptions import OS_MISSING
from ...places import read_place
from ...text import shown
from ...verdict import Finding
from ..mapped import map_fix, subscription_of
from .memory import Recent
from .observed import StreamLimits
from .seen import Seen

_PLATFORM = "$.context.userAgentData.platform"


class Sources:
    """Remembers of which sources something was said; a source is known by its library."""

    def __init__(self, limits: StreamLimits) -> None:
        self._without_system: Recent[str, bool] = Recent(limits.texts)

    def look(self, seen: Seen) -> Sequence[Finding]:
        """Find os-missing: the first event of a source that could have the system and has not."""
        said = seen.said
        if not said.platform or not said.events or seen.destination.kind != "actions":
            return ()
        if "$os" in said.events[0].properties or not self._without_system.first_time(said.library, True):
            return ()
        return (_no_system(seen, said.library, said.platform),)


def _no_system(seen: Seen, library: str, platform: str) -> Finding:
    sender = f"{shown(library, 40)[1:-1]} sends" if library else "the browser sends"
    subscription = subscription_of(seen, read_place(seen.said.events[0].path).request)
    return OS_MISSING.finding(
        _PLATFORM,
        f"the events of this source have no Operating System, though {sender} {shown(platform, 30)}",
        fix=None if subscription is None else map_fix(seen, subscription, "os_name", {"@path": _PLATFORM}),
    )
