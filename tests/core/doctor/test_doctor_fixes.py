"""Every check of the doctor: its example trips it, and with the fix applied it does not.

For both destinations and both ID merges. Nothing else gets worse then, and nothing less is sent. What only a
person can do stands in `BY_PERSON`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from check_helpers import NOW
from doctoring import TOKEN, read, settings_of
from streams import ANONYMOUS, call

from segtap.core import doctor
from segtap.core.api.models import MessageDetail
from segtap.core.destinations.actions.presets import preset_subscriptions
from segtap.core.doctor import Diagnosis, Facts, diagnose
from segtap.core.doctor.topics import TOPICS
from segtap.core.segment_names import destination_of
from segtap.core.toml_text import toml_value

GRAVE = ("error", "warning")
ACTIONS, CLASSIC = "actions", "classic-cloud"
Messages = tuple[dict[str, Any], ...]

LOGIN = call("identify", userId="u-1", anonymousId=ANONYMOUS, traits={"plan": "pro"})
ORDER = call("track", 60, userId="u-1", anonymousId=ANONYMOUS)
USE: Messages = (LOGIN, ORDER)


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a check speak, and the same with its fix applied; `fix` are words that the fix has.

    Settings are those of segtap.toml, but for the kind and the ID merge. `standing` is how it speaks.
    """

    fix: str = ""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    sent: Messages = USE
    sent_after: Messages | None = None
    environ_before: dict[str, str] = {}
    environ_after: dict[str, str] = {}
    kinds: tuple[str, ...] = (ACTIONS, CLASSIC)
    standing: tuple[str, ...] = GRAVE


PEOPLE: dict[str, Any] = {"classic": {"people": True}}
ACCOUNT = {"MIXPANEL_SERVICE_ACCOUNT": "segtap.1a2b3c:qL9vWc3nT7xR5zK1"}
GIVEN: dict[str, Any] = {
    "destination": {"region": "us", "strict": True},
    "classic": {"people": True, "consolidated_page_calls": True},
    "subscriptions": [{"preset": preset.name} for preset in preset_subscriptions()],
}
STEPS: Messages = tuple(call("track", 60 * n, userId="u-1", event=f"Step {n}") for n in range(1, 6))
NAMELESS, NAMED = (call("page", 90, userId="u-1", name=name) for name in (..., "Pricing"))
KNOWN = call("identify", userId="u-1", traits={"plan": "pro"})


def sending(**keys: Any) -> dict[str, Any]:
    """Settings with these keys of [destination]."""
    return {**PEOPLE, "destination": keys}


def classic(**keys: bool) -> dict[str, Any]:
    """Settings with these keys of [classic]."""
    return {"classic": {"people": True, **keys}}


def filtered(condition: str) -> dict[str, Any]:
    """Settings with a destination filter."""
    return {**PEOPLE, "filters": [{"if": condition, "action": "drop"}]}


def transformed(condition: str) -> dict[str, Any]:
    return {**PEOPLE, "transformations": [{"if": condition, "newEventName": "Other"}]}


UNKNOWN = ("unknown",)
TRIPS: dict[str, list[Trip]] = {
    "settings": [Trip(before=PEOPLE, after=GIVEN, fix="give in segtap.toml", standing=("note",))],
    "traffic": [
        Trip(before=PEOPLE, after=PEOPLE, sent=(), sent_after=USE, fix="point an SDK", standing=UNKNOWN)
    ],
    "region": [
        Trip(
            before=sending(region="us", project_region="eu"),
            after=sending(region="eu", project_region="eu"),
            fix='region = "eu" under',
        ),
        Trip(
            before=sending(region="us"),
            after=sending(region="us", project_region="us"),
            fix="write project_region",
            standing=UNKNOWN,
        ),
    ],
    "token": [
        Trip(
            before=PEOPLE,
            after=PEOPLE,
            environ_before={"MIXPANEL_TOKEN": ""},
            environ_after={"MIXPANEL_TOKEN": TOKEN},
            fix="MIXPANEL_TOKEN",
        )
    ],
    "service-account": [
        Trip(before=PEOPLE, after=sending(project_id=7), environ_before=ACCOUNT, environ_after=ACCOUNT)
    ],
    "strict": [
        Trip(before=sending(strict=False), after=sending(strict=True), fix="strict = true", kinds=(ACTIONS,))
    ],
    "filters": [
        Trip(before=filtered("event =="), after=filtered("event = 'Test'"), fix="mend the condition")
    ],
    "transformations": [
        Trip(before=transformed("event =="), after=transformed("event = 'Test'"), fix="mend the condition")
    ],
    "not-sent": [
        Trip(before=classic(people=False), after=PEOPLE, fix="people = true", kinds=(CLASSIC,)),
        Trip(
            before={"subscriptions": [{"preset": "Identify Calls"}]},
            after={"subscriptions": [{"preset": "Identify Calls"}, {"preset": "Track Calls"}]},
            fix="subscription",
            kinds=(ACTIONS,),
        ),
    ],
    "people": [
        Trip(before=classic(people=False), after=PEOPLE, fix="people = true", kinds=(CLASSIC,)),
        Trip(after=PEOPLE, fix="look in Segment", kinds=(CLASSIC,), standing=UNKNOWN),
    ],
    "profiles": [
        Trip(before=PEOPLE, after=PEOPLE, sent=STEPS, sent_after=(KNOWN, *STEPS), fix="call identify")
    ],
    "pages": [
        Trip(sent=(*USE, NAMELESS), sent_after=(*USE, NAMED), fix="name", kinds=(ACTIONS,)),
        Trip(
            before=classic(consolidated_page_calls=True, track_named_pages=True),
            after=classic(consolidated_page_calls=True),
            sent=(*USE, NAMED),
            fix="page option",
            kinds=(CLASSIC,),
        ),
        Trip(
            before=classic(consolidated_page_calls=False),
            after=classic(consolidated_page_calls=True),
            fix="consolidated_page_calls = true",
            kinds=(CLASSIC,),
        ),
    ],
}
"""The checks that settings or all messages together trip; those of rules are held by the rules' examples."""

SURPLUS = {"pages": "the second event of the page"}
"""Where less is sent with the fix applied, and what that is."""

BY_PERSON = {
    "modes": "switches one connection mode off: see test_modes",
    "not-imitated": "knows what the part does",
    "order-of-stages": "asks Segment, or keeps the two from touching the same fields",
    "engine": "does what the engine's fault asks for",
    "ingest": "mends the requests, each of which names its fault",
    "delivery": "mends what each answer names, and replays the messages",
    "subscriptions": "mends the mapping that the fault names: segtap mappings show",
    "connection-mode": "looks at mp_lib in Mixpanel, and at the connection mode in Segment",
    "api-secret": "asks Segment which version sends the token in the secret's place",
    "identity": "follows the fixes of the rules on users, and looks at one with segtap doctor --user",
    "groups": "follows the fix of each of the four parts",
    "lexicon": "looks at the event's status in Lexicon",
    "dropdowns": "writes the event's name into the menu",
    "merge-delay": "looks at the profile's activity feed, and again a day later",
    "sources": "corrects the write keys of the source, or has it send",
    "routes": "adds a route to Mixpanel, if messages are to go there: see test_routes",
    "route": "corrects what is wrong with the place or the write keys: see test_routes",
    "route-online": "corrects url, region or credentials of the route",
    "time-zone": "looks at the time zone in Project Settings",
    "token-online": "copies the token again from Project Settings",
    "service-account-online": "checks user, secret, number and role",
    "clock-online": "sets the machine's clock by NTP",
}
"""Checks whose fix only a person can do, and what they do."""

OF_RULES = {"others", *(topic.check for topic in TOPICS)}
CASES = [
    (check, number, kind, merge)
    for check, trips in TRIPS.items()
    for number, trip in enumerate(trips)
    for kind in trip.kinds
    for merge in ("original", "simplified")
]


def toml(settings: dict[str, Any]) -> str:
    """The text of segtap.toml."""
    lines: list[str] = []
    for name, value in sorted(settings.items(), key=lambda item: isinstance(item[1], dict | list)):
        if not isinstance(value, dict | list):
            lines.append(f"{name} = {toml_value(value)}")
            continue
        for table in value if isinstance(value, list) else [value]:
            lines.append(f"[[{name}]]" if isinstance(value, list) else f"[{name}]")
            lines += [f"{key} = {toml_value(item)}" for key, item in table.items()]
    return "\n".join(lines)


def diagnosed(
    folder: Path, trip: Trip, kind: str, merge: str, *, after: bool
) -> tuple[list[Diagnosis], set[str]]:
    """The verdicts, and the records that are sent."""
    given = trip.after if after else trip.before
    whole = {**given, "identity": merge, "destination": {"kind": kind, **given.get("destination", {})}}
    by = settings_of(folder, toml(whole), **(trip.environ_after if after else trip.environ_before))
    messages = trip.sent if not after or trip.sent_after is None else trip.sent_after
    details = read(messages, by)
    return diagnose(Facts(by, destination_of(by), details, now=NOW)), set(records(details))


def records(details: Sequence[MessageDetail]) -> Iterator[str]:
    for each in details:
        for operation in each.verdict.translation.operations:
            for record in operation.request.records():
                yield str(record.get("event") or next((key for key in record if key.startswith("$s")), ""))


@pytest.mark.parametrize(("check", "number", "kind", "merge"), CASES)
def test_the_fix_ends_what_the_example_trips(
    tmp_path: Path, check: str, number: int, kind: str, merge: str
) -> None:
    trip = TRIPS[check][number]
    before, sent = diagnosed(tmp_path, trip, kind, merge, after=False)
    tripped = [one for one in before if one.check == check and one.standing in trip.standing]
    assert tripped, [(one.check, one.standing) for one in before]
    assert trip.fix in tripped[0].fix
    assert tripped[0].fix
    after, then = diagnosed(tmp_path, trip, kind, merge, after=True)
    assert [one for one in after if one.check == check and one.standing in trip.standing] == []
    known = {(one.check, one.standing) for one in before}
    worse = [one for one in after if one.standing in GRAVE and (one.check, one.standing) not in known]
    assert worse == []
    assert then >= sent or check in SURPLUS


def test_every_check_has_an_example_or_is_a_persons() -> None:
    code = "".join(file.read_text() for file in Path(str(doctor.__file__)).parent.glob("*.py"))
    named = {*re.findall(r'check="([\w-]+)"', code), *re.findall(r'_verdict\(\s*"([\w-]+)",\s*"', code)}
    named -= {"error", "warning", "unknown", "note", "good"}
    assert named - {*TRIPS, *BY_PERSON, *OF_RULES} == set()
    assert not TRIPS.keys() & BY_PERSON.keys()
