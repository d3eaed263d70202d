"""Rules on what Mixpanel's own SDKs send, for which one record is not enough."""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue.device import SDK_ALIAS_DIRECT
from ...verdict import Finding
from ..device import PYTHON, not_reset
from .memory import Recent
from .observed import StreamLimits, object_of, text_of
from .seen import Seen

_RECORD = "requests[0].body"
"""Where the record of a message of Mixpanel's own SDKs stands."""


class DeviceCalls:
    """Remembers aliases, and of which projects the Python library was named."""

    def __init__(self, limits: StreamLimits) -> None:
        self._aliases: Recent[str, bool] = Recent(limits.texts)
        self._programs: Recent[str, bool] = Recent(limits.texts)

    def look(self, seen: Seen) -> Iterator[Finding]:
        """Find reset-not-in-mixpanel, and sdk-alias-direct once for each project."""
        record = seen.said.record
        properties = object_of(record.get("properties"))
        if record.get("event") == "$create_alias":
            self._aliases.put(text_of(properties.get("alias")), True)
        elif text_of(properties.get("distinct_id")) not in self._aliases:
            yield from not_reset(record, _RECORD)
        by_python = properties.get("mp_lib") == PYTHON and not seen.simplified
        if by_python and self._programs.first_time(text_of(properties.get("token")), True):
            yield SDK_ALIAS_DIRECT.finding(
                f"{_RECORD}.properties.mp_lib",
                "mixpanel-python sent this: if the program calls alias(), those calls go to"
                " api.mixpanel.com, and are not seen here",
            )
