"""What was seen on the way to Mixpanel: the connection mode, and which users have a profile.

Both judge requests and messages, not what segtap writes into requests itself: device mode passes by segtap.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..destinations.integrations import NAMES, bundled, switched_off_by_sdk
from ..settings import DestinationKind
from ..text import counted, shown
from .diagnosis import SEVERITY_STANDING, Diagnosis, gravest
from .facts import Case, Facts, ids_of

_SHOWN = 4
_SETS = frozenset(("$set", "$set_once"))
"""What writes properties; a payment that is appended makes a profile without a name or anything else."""
_MODES: dict[DestinationKind, str] = {
    "actions": '"Segment Actions: …"',
    "classic-cloud": '"Segment: analytics.js" in cloud mode, "Segment: web" in device mode',
}
"""What stands in mp_lib of the events of each destination."""


def connection_mode(facts: Facts) -> Iterator[Diagnosis]:
    """Yield which way the messages go, as far as they tell."""
    cases = [case for case in facts.cases if case.detail.source_kind == "segment"]
    device = [case for case in cases if _by_device(case)]
    both = [case for case in device if case.detail.verdict.translation.operations]
    if not cases:
        return
    ways: list[str] = []
    if len(cases) > len(device):
        ways.append(f"{counted(len(cases) - len(device), 'message')} for Segment's servers (cloud mode)")
    if device:
        ways.append(
            f"{counted(len(device), 'message')} of pages or apps that load Mixpanel's SDK and send to"
            " Mixpanel themselves (device mode)"
            + (f"; {_twice(facts, len(both))}" if both else ", which Segment's servers leave out")
        )
    traffic = facts.device_traffic
    checked = (
        f"{counted(traffic, 'request')} of Mixpanel's own SDK"
        if traffic
        else "not checked: no device traffic. What a page or app sends to Mixpanel itself does not pass"
        " segtap"
    )
    yield Diagnosis(
        check="connection-mode",
        title="Connection mode",
        standing="note" if device or traffic else "unknown",
        words=f"seen: {'; '.join(ways)}. Device mode: {checked}",
        messages=ids_of(device),
        fix=""
        if traffic
        else f"in Mixpanel, mp_lib of an event tells what sent it: {_libraries(facts)}; two of them for one"
        " action are both modes at once",
    )


def _libraries(facts: Facts) -> str:
    if facts.settings.kind_given:
        return _MODES[facts.destination.kind]
    return "; ".join(f"{_MODES[kind]} of {names[0]}" for kind, names in NAMES.items())


def _twice(facts: Facts, count: int) -> str:
    """Say of messages of device mode what becomes of them if Segment's servers send them as well."""
    if facts.settings.kind_given:
        return f"{count:,} of them Segment's servers send as well: twice, if both go to one project"
    name = NAMES[facts.destination.kind][0]
    return f"{count:,} of them would go twice if {name} is on for this source, too{facts.kind_assumed}"


def _by_device(case: Case) -> bool:
    return bundled(case.document) is not None or switched_off_by_sdk(case.document)


def profiles(facts: Facts) -> Iterator[Diagnosis]:
    """Yield users with events, and requests that write a profile for the same distinct_id."""
    cases: dict[str, list[Case]] = {}
    for case, _, properties in facts.events:
        user, anonymous = properties.get("distinct_id"), case.document.get("anonymousId")
        if isinstance(user, str) and user and case.document.get("userId") and user != anonymous:
            cases.setdefault(user, []).append(case)
    if not cases:
        return
    made = {user for case in facts.cases for user in _profiles_of(case)}
    without = sorted(cases.keys() - made)
    title = "Profiles"
    if not without:
        words = f"all {counted(len(cases), 'user')} with events have a profile"
        yield Diagnosis(check="profiles", title=title, standing="good", words=words)
        return
    # A profile may be older than the messages looked at: the rule decides from how many events on it warns.
    worst = gravest(finding.severity for _, finding in facts.found("no-profile"))
    classic = facts.destination.kind == "classic-cloud"
    some = ", ".join(shown(user, 40) for user in without[:_SHOWN])
    yield Diagnosis(
        check="profiles",
        rule="no-profile",
        title=title,
        standing=SEVERITY_STANDING[worst],
        words=f"{len(without):,} of {counted(len(cases), 'user')} with events have no request that writes a"
        f" profile, among the messages looked at: {some}"
        + (facts.assumed("classic.people") if classic and not facts.settings.classic.people else ""),
        messages=ids_of(case for user in without for case in cases[user]),
        fix="call identify with userId and traits at sign-up and login"
        + (", and turn People on" if classic else ""),
    )


def _profiles_of(case: Case) -> Iterator[str]:
    for operation in case.detail.verdict.translation.operations:
        if "/engage" in operation.request.url:
            for record in operation.request.records():
                user = record.get("$distinct_id")
                if isinstance(user, str) and not _SETS.isdisjoint(record):
                    yield user
