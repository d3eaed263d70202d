"""Group Analytics: the four parts that must agree, worked out in one place from settings and messages.

1. Mixpanel's group key is Segment's. 2. group() makes the group's profile. 3. The key is on the user's
profile. 4. The key is on every event. Mixpanel's keys cannot be seen from outside: they are those of
`mixpanel_group_keys`, or unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..api.models import Coverage
from ..catalogue import BY_ID
from ..checks.adjust import usual_severity
from ..checks.group_keys import DEFAULT_KEY, near, own_key, written_keys
from ..settings import RuleSetting
from ..text import counted, shown
from ..verdict import SEVERITY_WEIGHT, Finding, Severity
from .group_traffic import EVIDENCE, GroupTraffic
from .model import AN_ID, EventCoverage, GroupKeyCheck, Groups, PartCheck

_STOPS_GROUPS = ("group-trait-missing", "group-without-traits", "rejected-by-destination", "unmatched")
FOLLOWED = frozenset(
    (
        *("group-key-mismatch", "group-key-missing-on-event", "group-key-missing-on-profile"),
        *("group-value-unknown", "group-key-not-a-name", *_STOPS_GROUPS),
    )
)
"""Rules whose findings say something of groups."""


class GroupFindings:
    """What the rules say of groups: the newest of the gravest findings of each rule."""

    def __init__(self) -> None:
        self.by_rule: dict[str, Finding] = {}

    def add(self, type: str, findings: Iterable[Finding]) -> None:
        """Note what the rules say of a message of this type; call it in the order of the messages."""
        for one in findings:
            if not says_of_groups(one.rule, type):
                continue
            before = self.by_rule.get(one.rule)
            if before is None or SEVERITY_WEIGHT[one.severity] <= SEVERITY_WEIGHT[before.severity]:
                self.by_rule[one.rule] = one


def says_of_groups(rule: str, type: str) -> bool:
    """Return True if a finding of the rule on a message of this type says something of groups."""
    return rule in FOLLOWED and (type == "group" or rule not in _STOPS_GROUPS)


class GroupChecks:
    """Checks each group key by what was seen of it.

    `rules` are the settings that silence rules and change their severity: a part that is wrong has the
    severity that the rule's findings have.
    """

    def __init__(
        self,
        traffic: GroupTraffic,
        rules: Sequence[RuleSetting] = (),
        findings: GroupFindings | None = None,
    ) -> None:
        self._traffic = traffic
        self._destination = traffic.destination
        self._known = traffic.known
        self._rules = rules
        self._found = {} if findings is None else findings.by_rule

    @property
    def group_calls(self) -> int:
        """How many group calls there were."""
        return self._traffic.group_calls

    @property
    def in_use(self) -> bool:
        """True if anything shows that groups are used: keys in the settings, or a group call."""
        return bool(self._known or self.group_calls)

    def groups(self, covered: Coverage) -> Groups:
        """Return everything that is known, for viewers."""
        return Groups(
            keys=tuple(self.checks()),
            in_use=self.in_use,
            known=self._known,
            group_calls=self.group_calls,
            covered=covered,
            destination=self._destination.kind,
            written=tuple(written_keys(self._destination)),
            likely=self._traffic.likely,
        )

    def checks(self) -> list[GroupKeyCheck]:
        """Return the check of Mixpanel's keys, and of each key that a group call used."""
        traffic = self._traffic
        made = [] if not traffic.ids_as_keys else [self._id_as_key()]
        keys = [*traffic.written, *traffic.meant.values()]
        if not made:
            keys = [*(self._known or ()), *keys]
            if self._known is None and self.group_calls:
                keys += written_keys(self._destination)
        return [*made, *(self._check(key) for key in dict.fromkeys(keys) if key not in traffic.meant)]

    def _id_as_key(self) -> GroupKeyCheck:
        rule = "group-key-not-a-name"
        found = self._found.get(rule)
        words = found.message if found is not None else "Group Key is mapped to a group's own value"
        fix = found.fix if found is not None else BY_ID[rule].fix
        part = PartCheck(
            "key agreed", "no", words, tuple(self._traffic.ids_as_keys), fix, self._severity(rule)
        )
        return GroupKeyCheck(AN_ID, (part,), (), named=False)

    def _severity(self, rule: str, usual: Severity | None = None) -> Severity | None:
        """Return the severity of the rule's findings, whether one is at hand or not; None if it is
        silenced.
        """
        found = self._found.get(rule)
        if found is not None:
            return found.severity
        return usual_severity(rule, usual or BY_ID[rule].severity, self._rules)

    def _check(self, key: str) -> GroupKeyCheck:
        counts = self._traffic.events.get(key, {})
        events = (EventCoverage(event, one.carrying, one.lacking) for event, one in counts.items())
        return GroupKeyCheck(
            key,
            (self._agreed(key), self._profile(key), self._user(key), self._on_events(key)),
            tuple(sorted(events, key=lambda one: -one.lacking)),
        )

    def _instead_of(self, key: str) -> str | None:
        """Return the key that Segment writes in place of this one."""
        return next((one for one, meant in self._traffic.meant.items() if meant == key), None)

    def _own_key(self, key: str) -> str:
        of = self._traffic.written_by.get(self._instead_of(key) or "", "")
        return own_key(key, self._destination, self._known or (), of=of)

    # 1

    def _agreed(self, key: str) -> PartCheck:
        instead = self._instead_of(key)
        if instead is not None:
            return self._disagreed(key, instead)
        written = written_keys(self._destination)
        if self._known is None:
            return PartCheck(
                "key agreed",
                "unknown",
                f"Segment writes groups under {shown(key)}; which group keys Mixpanel has, cannot be seen",
                fix="write Mixpanel's group keys (Project Settings) into segtap.toml as mixpanel_group_keys",
            )
        if key in self._known and (key in written or key in self._traffic.written):
            return PartCheck("key agreed", "yes", f"{shown(key)} is Segment's key and Mixpanel's")
        error = self._severity("group-key-mismatch", "error")
        if key in self._known:
            words = (
                f"Mixpanel has the key {shown(key)}, Segment writes no group under it (its keys:"
                f" {', '.join(written) or 'none'})"
            )
            return PartCheck("key agreed", "no", words, fix=self._own_key(key), severity=error)
        similar = near(key, self._known)
        others = ", ".join(self._known) or "no group key"
        return PartCheck(
            "key agreed",
            "no",
            f"Segment writes groups under {shown(key)}, Mixpanel has "
            + (f"{shown(similar)}: another spelling" if similar else others),
            tuple(self._traffic.written.get(key, ())),
            f"make {key} a group key in Mixpanel's Project Settings, before more comes: there is no backfill",
            error,
        )

    def _disagreed(self, key: str, instead: str) -> PartCheck:
        known = self._known is not None and instead not in self._known
        if known:
            words = f"Mixpanel has the key {shown(key)}, Segment writes groups under {shown(instead)}"
            words += ": another spelling" if near(key, (instead,)) else ""
        else:
            words = (
                f"Segment writes groups under {shown(instead)}, while group calls and events have"
                f" their ids as {shown(key)}"
            )
        severity = self._severity("group-key-mismatch", "error" if known else "warning")
        messages = tuple(self._traffic.written.get(instead, ()))
        return PartCheck("key agreed", "no", words, messages, self._own_key(key), severity)

    # 2

    def _profile(self, key: str) -> PartCheck:
        made = self._traffic.written.get(key, [])
        if made:
            words = f"group() wrote to a profile under {shown(key)}"
            return PartCheck("group profile", "yes", words, tuple(made))
        instead = self._instead_of(key)
        if instead is not None:
            words = f"group() wrote to a profile under {shown(instead)}, until the keys agree"
            return PartCheck("group profile", "no", words, severity="info")
        if not self.group_calls:
            fix = "call group() with the group's id and traits"
            return PartCheck("group profile", "unknown", "no group call was seen", fix=fix)
        words = f"{counted(self.group_calls, 'group call')}, none made a profile under {shown(key)}"
        found = [self._found[rule] for rule in _STOPS_GROUPS if rule in self._found]
        stops = min(found, key=lambda one: SEVERITY_WEIGHT[one.severity], default=None)
        fix = self._own_key(key) if stops is None else stops.fix
        severity = "warning" if stops is None else stops.severity
        return PartCheck("group profile", "no", words, fix=fix, severity=severity)

    # 3

    def _user(self, key: str) -> PartCheck:
        on = self._traffic.on_profiles.get(key, [])
        if on:
            return PartCheck(
                "key on user profile", "yes", f"identify sends the trait {shown(key)}", tuple(on)
            )
        fix = f"send the trait {key} with identify: the list of the user's group ids"
        profiles = self._traffic.profiles
        if not profiles:
            words = "no identify with traits was seen"
            return PartCheck("key on user profile", "unknown", words, fix=fix)
        words = f"no identify has the trait {shown(key)}: reports on users cannot use the group"
        severity = self._severity(
            "group-key-missing-on-profile", "warning" if self._known is not None else "info"
        )
        return PartCheck("key on user profile", "no", words, tuple(profiles), fix, severity)

    # 4

    def _on_events(self, key: str) -> PartCheck:
        counts = self._traffic.events.get(key, {})
        carrying = sum(one.carrying for one in counts.values())
        lacking = sum(one.lacking for one in counts.values())
        if not counts:
            words = "no event was seen"
            if self._traffic.any_event:
                words = f"no event carries {shown(key)}, and none is of a user in a group"
            return PartCheck("key on events", "unknown", words)
        if not lacking:
            return self._values(key, carrying)
        without = [shown(event, 40) for event, one in counts.items() if one.lacking]
        listed = ", ".join(without[:EVIDENCE]) + (
            f" and {len(without) - EVIDENCE:,} more" * (len(without) > EVIDENCE)
        )
        return PartCheck(
            "key on events",
            "partly" if carrying else "no",
            f"{lacking:,} of {counted(carrying + lacking, 'event')} lack {shown(key)}: {listed}",
            tuple(self._traffic.lacking.get(key, ())),
            self._bring(key),
            self._severity("group-key-missing-on-event", "error" if self._known is not None else "info"),
        )

    def _bring(self, key: str) -> str:
        """Return what brings the key to events: a mapping where the rule found one at fault, else the
        message.
        """
        found = self._found.get("group-key-missing-on-event")
        if found is not None and not found.fix.startswith("send "):
            return found.fix
        if key == DEFAULT_KEY and self._destination.kind == "actions":
            return "send context.groupId with every event: it becomes $group_id"
        return f"send {key} as a property of every event"

    def _values(self, key: str, carrying: int) -> PartCheck:
        """Return the answer where all events carry the key: whether they carry ids of groups."""
        unknown = list(self._traffic.unknown_values(key))
        severity = self._severity("group-value-unknown")
        if not unknown or severity is None:
            words = f"all {counted(carrying, 'event')} carry {shown(key)}"
            return PartCheck("key on events", "yes", words)
        count = sum(value.count for _, value in unknown)
        listed = ", ".join(f"{shown(text, 40)} ({value.event})" for text, value in unknown[:EVIDENCE])
        return PartCheck(
            "key on events",
            "partly",
            f"{count:,} of {counted(carrying, 'event')} carry {shown(key)} with a value that no group call"
            f" has: {listed}",
            tuple(number for _, value in unknown for number in value.messages)[-EVIDENCE:],
            BY_ID["group-value-unknown"].fix,
            severity,
        )
