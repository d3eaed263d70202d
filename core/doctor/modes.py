"""Which connection mode the events came by, one by one: cloud, device, or one that nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue.stream import CLOUD_AND_DEVICE_MODE
from ..destinations.integrations import NAMES
from ..modes import Mode, mode_of, sent_by
from ..text import counted, shown
from .diagnosis import Diagnosis
from .facts import Facts, ids_of

_SHOWN = 8
"""Events that are listed for a mode."""
_WORDS: dict[Mode, str] = {
    "cloud": "cloud mode",
    "device": "device mode",
    "?": "straight to Mixpanel, by no destination of Segment's that mp_lib names",
}


def modes(facts: Facts) -> Iterator[Diagnosis]:
    """Yield the events by the modes that they came by, where Mixpanel's own SDKs sent any."""
    if not facts.device_traffic:
        return  # the connection mode says all there is
    seen: dict[str, set[Mode]] = {}
    senders: dict[str, None] = {}
    for case, name, properties in facts.events:
        raw = case.detail.source_kind == "mixpanel"
        seen.setdefault(name, set()).add(mode_of(properties) if raw else "cloud")
        if raw and (sender := sent_by(properties)):
            senders[sender] = None
    twice = facts.found(CLOUD_AND_DEVICE_MODE.id)
    words_of = _WORDS if facts.settings.kind_given else {**_WORDS, "cloud": f"cloud mode{facts.kind_assumed}"}
    ways = [
        f"{words}: {_listed([name for name, found in seen.items() if found == {mode}])}"
        for mode, words in words_of.items()
        if any(found == {mode} for found in seen.values())
    ]
    several = [name for name, found in seen.items() if len(found) > 1]
    if several:
        ways.append(f"several modes: {_listed(several)}")
    grave = [(case, finding) for case, finding in twice if finding.severity != "info"]
    if grave:
        ways.append(f"{counted(len(grave), 'event')} came both ways at once, and Mixpanel counts both copies")
    elif twice:
        name = NAMES[facts.destination.kind][0]
        ways.append(
            f"{counted(len(twice), 'event')} would be counted twice if {name} is on for this source,"
            f" too{facts.kind_assumed}"
        )
    if senders:
        ways.append(f"sent by {'; by '.join(senders)}")
    yield Diagnosis(
        check="modes",
        rule=CLOUD_AND_DEVICE_MODE.id if twice else "",
        title="Modes by event",
        standing="warning" if grave else "note",
        words=" · ".join(ways) if ways else "no event came straight to Mixpanel, only updates of profiles",
        messages=ids_of(case for case, _ in twice),
        fix=(grave or twice)[-1][1].fix if twice else "",
    )


def _listed(names: list[str]) -> str:
    few = ", ".join(shown(name, 40)[1:-1] for name in names[:_SHOWN])
    return few + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
