"""Group keys over several messages: for both destinations and both ID merges, and in any order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import permutations
from typing import Any

import pytest
from check_helpers import DESTINATION, NOW, classic

from segtap.core.checks import CheckSettings
from segtap.core.checks.examples.example import ANONYMOUS, call, presets
from segtap.core.checks.stream import Loose, StreamChecker, digest
from segtap.core.commands.check import MOST_HELD, check_lines
from segtap.core.destinations.kinds import translator
from segtap.core.messages import Json
from segtap.core.pipeline import compiled
from segtap.core.settings import Destination
from segtap.core.verdict import Finding

FAMILY = {
    *("group-key-mismatch", "group-key-missing-on-event", "group-key-missing-on-profile"),
    *("group-value-unknown", "group-id-overridden", "group-key-not-a-name", "placeholder-group-id"),
    *("group-trait-missing", "unmatched", "group-without-traits"),
}
Message = dict[str, Any]


def found(
    messages: Iterable[Message],
    destination: Destination = DESTINATION,
    known: Iterable[str] | None = None,
    identity: Any = "original",
) -> list[Finding]:
    """What `segtap check` finds of groups in a file of these messages."""
    lines = [json.dumps(message) for message in messages]
    settings = CheckSettings(group_keys=None if known is None else tuple(known), identity=identity)
    checked = list(check_lines(lines, compiled(destination, settings), clock=lambda: NOW))
    assert [one.error for one in checked] == [None] * len(lines)
    return [one for each in checked for one in each.findings if one.rule in FAMILY]


def rules(findings: Iterable[Finding]) -> list[str]:
    return [one.rule for one in findings]


def group(id: Json = "acme", number: int = 1, /, **traits: Json) -> Message:
    return call("group", number, groupId=id, traits={"name": "A company", **traits})


def identify(number: int = 2, /, **traits: Json) -> Message:
    return call("identify", number, traits={"plan": "pro", **traits})


def track(number: int = 3, /, *, event: str = "Paid", context: Json = None, **properties: Json) -> Message:
    return call("track", number, event=event, properties={"total": 3, **properties}, context=context)


def keyed(key: Json) -> Destination:
    """The presets of Actions with this Group Key."""
    return Destination(
        settings=DESTINATION.settings, subscriptions=presets("groupIdentifyUser", group_key=key)
    )


def by_traits(*keys: str) -> Destination:
    return classic(people=True, groupIdentifierTraits=list(keys))


# -- group-key-mismatch -----------------------------------------------------------------------------------

NAMES: list[tuple[str, Json]] = [("company_id", "acme"), ("workspace", "acme"), ("account.no", 42)]


@pytest.mark.parametrize(("order", "of"), [*zip(permutations(range(3)), 2 * NAMES, strict=True)])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("several", [False, True])
def test_another_key_is_named_once_and_its_fix_ends_it(
    order: tuple[int, ...], of: tuple[str, Json], known: bool, several: bool
) -> None:
    name, id = of
    value: Json = [id, "other"] if several else id
    recipe = [group(str(id), **{name: id}), identify(**{name: value}), track(**{name: value})]
    messages = [recipe[index] for index in order]
    keys = [name] if known else None
    for identity in ("original", "simplified"):
        (finding,) = found(messages, known=keys, identity=identity)
        assert (finding.rule, finding.severity) == ("group-key-mismatch", "error" if known else "warning")
        assert f"set group_key = \"{name}\" in the mapping of subscription 'Group Calls'" in finding.fix
        assert found(messages, keyed(name), keys, identity) == []


def test_the_message_that_completes_it_is_where_it_is_named() -> None:
    recipe = {"group": group(company_id="acme"), "track": track(company_id="acme")}
    paths = {
        last: found([*(recipe[one] for one in recipe if one != last), recipe[last]])[0].path
        for last in recipe
    }
    assert paths == {
        "group": "$.traits.company_id",
        "track": "$.properties.company_id",
    }


def test_without_an_identify_the_events_show_it() -> None:
    findings = found([group(company_id="acme"), track(company_id="acme"), track(4, company_id="acme")])
    assert rules(findings) == ["group-key-mismatch"]


def test_messages_of_a_server_are_held_to_the_same() -> None:
    recipe = [group(firm="acme"), identify(firm=["acme"]), track(firm=["acme", "b-2"])]
    server = [{**one, "context": {"library": {"name": "analytics-python"}}} for one in recipe]
    assert rules(found(server)) == ["group-key-mismatch"]


@pytest.mark.parametrize(
    ("key", "known", "words"),
    [
        ("firm_id", ("company_id",), 'add "company_id" to Group Identifier Traits'),
        ("firm_id", ("Firm_ID",), 'add "Firm_ID" to Group Identifier Traits'),
        ("firm_id", (), 'make "firm_id" a group key in Mixpanel'),
    ],
)
def test_on_classic_the_traits_are_named(key: str, known: tuple[str, ...], words: str) -> None:
    findings = found([group("f-1", firm_id="f-1")], by_traits(key), known)
    assert rules(findings) == ["group-key-mismatch"]
    assert words in findings[0].fix
    assert "group_key" not in findings[0].fix.replace("mixpanel_group_keys", "")


def test_the_classic_fix_ends_it() -> None:
    messages = [group("f-1", firm_id="f-1"), identify(firm_id="f-1"), track(firm_id="f-1")]
    assert rules(
        found([group("f-1", firm_id="f-1", old="f-1"), *messages[1:]], by_traits("old"), ["firm_id"])
    ) == ["group-key-mismatch"]
    assert found(messages, by_traits("firm_id"), ["firm_id"]) == []


@pytest.mark.parametrize(
    "messages",
    [
        # the same value by chance, in no group call
        [group(plan="pro"), identify(plan="pro"), track(plan="pro")],
        # the group's id under another name, and on nothing else
        [group(slug="acme"), identify(slug="ann"), track(slug="pricing", context={"groupId": "acme"})],
        # profiles carry Segment's own key
        [identify(**{"$group_id": ["acme"]}), group(slug="acme"), track(slug="acme")],
        # events carry Segment's own key
        [group(slug="acme"), identify(slug="acme"), track(slug="acme", context={"groupId": "acme"})],
    ],
)
def test_a_key_in_use_is_no_mismatch(messages: list[Message]) -> None:
    assert "group-key-mismatch" not in rules(found(messages))


def test_what_mixpanel_does_not_know_is_not_proposed() -> None:
    recipe = [group(company_id="acme"), identify(company_id="acme"), track(company_id="acme")]
    findings = found(recipe, known=["$group_id"])
    assert rules(findings) == ["group-key-missing-on-profile", "group-key-missing-on-event"]
    assert findings[1].fix == "send context.groupId with it"


def test_after_the_mismatch_the_key_that_is_meant_is_followed() -> None:
    recipe = [group(company_id="acme"), identify(company_id="acme"), track(company_id="acme")]
    last = found([*recipe, track(4, event="Left")], known=["company_id"])[-1]
    assert (last.rule, last.path) == ("group-key-missing-on-event", "$.properties.company_id")


def test_a_second_subscription_too_many_is_to_be_turned_off() -> None:
    two = presets("groupIdentifyUser")
    (own,) = (one for one in presets("groupIdentifyUser", group_key="firm") if one.mapping.get("group_key"))
    destination = Destination(settings=DESTINATION.settings, subscriptions=(*two, own))
    (finding,) = found([group(firm="acme")], destination, ["firm"])
    assert finding.fix.startswith("turn subscription 'Group Calls' off")


# -- the key on events and profiles -------------------------------------------------------------------------


def events(**fields: Json) -> Destination:
    """The presets of Actions, where track events are mapped like this."""
    return Destination(settings=DESTINATION.settings, subscriptions=presets("trackEvent", **fields))


AS_PROPERTY = "send firm as a property of the event"
CONTEXT = {"groupId": "acme"}
LACKING: list[tuple[Destination, list[str], Message, str, str]] = [
    # destination, Mixpanel's keys, event, path, fix
    (DESTINATION, ["$group_id"], track(), "$.context.groupId", "send context.groupId with it"),
    (
        events(group_id=None),
        ["$group_id"],
        track(context=CONTEXT),
        "$.context.groupId",
        "map Group ID in subscription 'Track Calls': group_id = { \"@path\" = \"$.context.groupId\" }",
    ),
    (
        events(group_id=None),
        ["$group_id"],
        track(),
        "$.context.groupId",
        "map Group ID in subscription 'Track Calls': group_id = { \"@path\" = \"$.context.groupId\" }, "
        "and send context.groupId",
    ),
    (
        events(group_id={"@path": "$.properties.lab"}),
        ["$group_id"],
        track(context=CONTEXT),
        "$.properties.lab",
        "send properties.lab with it",
    ),
    (
        events(group_id={"@template": "{{properties.lab}}"}),
        ["$group_id"],
        track(),
        "$.context.groupId",
        "mend Group ID in the mapping of subscription 'Track Calls': it gives nothing here",
    ),
    (keyed("firm"), ["firm"], track(context=CONTEXT), "$.properties.firm", AS_PROPERTY),
    (by_traits("firm"), ["firm"], track(context=CONTEXT), "$.properties.firm", AS_PROPERTY),
]  # fmt: skip


@pytest.mark.parametrize(("destination", "known", "event", "path", "fix"), LACKING)
@pytest.mark.parametrize("identity", ["original", "simplified"])
def test_what_brings_the_key_to_an_event_is_by_destination_and_mapping(
    destination: Destination, known: list[str], event: Message, path: str, fix: str, identity: Any
) -> None:
    findings = found([group(firm="acme"), event], destination, known, identity)
    (finding,) = [one for one in findings if one.rule == "group-key-missing-on-event"]
    assert (finding.severity, finding.path, finding.fix) == ("error", path, fix)


FOLLOWED: list[tuple[Destination, list[str], Message]] = [
    (DESTINATION, ["$group_id"], track(context=CONTEXT)),
    (events(group_id={"@path": "$.context.groupId"}), ["$group_id"], track(context=CONTEXT)),
    (events(group_id={"@path": "$.properties.lab"}), ["$group_id"], track(lab="acme")),
    (keyed("firm"), ["firm"], track(firm="acme")),
    (keyed("firm"), ["firm"], track(firm=["acme", "b-2"])),
    (by_traits("firm"), ["firm"], track(firm="acme")),
    (events(event_properties={"@path": "$.properties.own"}), ["$group_id"], track(context=CONTEXT)),
]


@pytest.mark.parametrize(("destination", "known", "event"), FOLLOWED)
def test_an_event_with_the_key_is_right(destination: Destination, known: list[str], event: Message) -> None:
    assert found([group(firm="acme"), event], destination, known) == []


def test_a_property_that_is_not_the_key_is_said_to_be_none() -> None:
    for destination in (keyed("firm"), by_traits("firm")):
        event = track(context=CONTEXT) if destination.kind == "actions" else track(**{"$group_id": "acme"})
        (finding,) = found([group(firm="acme"), event], destination, ["firm"])
        assert "$group_id is not its group key" in finding.message


def test_an_empty_group_id_is_a_placeholder() -> None:
    for empty in ("", None):
        event = {**track(), "context": {"groupId": empty}}
        (finding,) = found([group(), event], known=["$group_id"])
        assert (finding.rule, finding.severity) == ("placeholder-group-id", "error")


def test_pages_before_the_login_need_no_group() -> None:
    pages = [call("page", n, name=name, userId=None, anonymousId=ANONYMOUS) for n, name in enumerate("AB")]
    login = call("identify", 3, anonymousId=ANONYMOUS, traits={"plan": "pro", "$group_id": ["acme"]})
    assert found([*pages, login, group(), track(5, context=CONTEXT)], known=["$group_id"]) == []


def test_a_key_that_is_an_id_is_not_followed() -> None:
    messages = [group("den-1"), track(), group("den-2", 4), track(5, event="Left")]
    findings = found(messages, keyed({"@path": "$.groupId"}))
    assert rules(findings) == ["group-key-not-a-name"] * 2


def test_a_trait_that_the_mapping_leaves_out_is_to_be_taken_in() -> None:
    mapped = presets("identifyUser", traits={"plan": {"@path": "$.traits.plan"}})
    destination = Destination(settings=DESTINATION.settings, subscriptions=mapped)
    findings = found([group(), identify(**{"$group_id": ["acme"]})], destination, ["$group_id"])
    assert rules(findings) == ["group-key-missing-on-profile"]
    assert "User Properties (traits)" in findings[0].fix


# -- group-value-unknown ------------------------------------------------------------------------------------

KEYED = [pytest.param(keyed("firm"), id="actions"), pytest.param(by_traits("firm"), id="classic-cloud")]
LOGIN = identify(0, firm=["acme"])


@pytest.mark.parametrize("destination", KEYED)
@pytest.mark.parametrize(
    ("value", "path", "fix"),
    [
        ("Acme", "$.properties.firm", "write it acme"),
        (["Acme"], "$.properties.firm[0]", "write it acme"),
        (["acme", "ACME"], "$.properties.firm[1]", "write it acme"),
        ("other", "$.properties.firm", "send the id that group() sends"),
        (42, "$.properties.firm", "send the id that group() sends"),
        (True, "$.properties.firm", "send the id that group() sends"),
        (["other", "b-2"], "$.properties.firm[0]", "send the id that group() sends"),
    ],
)
def test_a_value_that_no_group_call_has(destination: Destination, value: Json, path: str, fix: str) -> None:
    messages = [LOGIN, group(firm="acme"), track(firm=value), track(4, event="Left", firm=value)]
    (finding,) = found(messages, destination, ["firm"])
    assert (finding.rule, finding.severity, finding.fix) == ("group-value-unknown", "warning", fix)
    assert finding.path == path
    right = [LOGIN, group(firm="acme"), track(firm="acme"), track(4, event="Left", firm="acme")]
    assert found(right, destination, ["firm"]) == []


@pytest.mark.parametrize("destination", KEYED)
def test_a_profile_with_a_value_that_no_group_call_has(destination: Destination) -> None:
    (finding,) = found([group(firm="acme"), identify(firm=["Acme"])], destination, ["firm"])
    assert (finding.rule, finding.path) == ("group-value-unknown", "$.traits.firm[0]")
    (finding,) = found([group(firm="acme"), identify(firm="other")], destination, ["firm"])
    assert (finding.rule, finding.path) == ("group-value-unknown", "$.traits.firm")


@pytest.mark.parametrize("destination", KEYED)
@pytest.mark.parametrize(
    "messages",
    [
        # the group call comes after the event
        [LOGIN, group(firm="acme"), track(firm="other"), group("other", 4, firm="other")],
        [track(firm="acme"), group(firm="acme"), LOGIN],
        # a user of two groups, of whom one is known
        [LOGIN, group(firm="acme"), track(firm=["acme", "other"])],
        # groups of others, whose group calls were elsewhere
        [LOGIN, group(firm="acme"), {**track(firm="other"), "userId": "user-2"}],
        # no group is known at all
        [track(firm="other")],
        # a number and its text
        [identify(0, firm=[7]), group("7", firm=7), track(firm="7")],
        # no group
        [track(firm=[]), LOGIN, group(firm="acme")],
    ],
)
def test_values_that_may_be_right_are_left_alone(destination: Destination, messages: list[Message]) -> None:
    assert found(messages, destination, ["firm"]) == []


def test_a_message_is_held_back_no_longer_than_it_takes() -> None:
    """Those before it come at once, and those after it once its value is settled."""
    given = [LOGIN, group(firm="acme"), track(firm="other"), track(4, event="Left", firm="acme")]
    given.append(group("other", 5, firm="other"))
    read: list[str] = []

    def lines() -> Iterable[str]:
        for message in given:
            read.append(message["type"])
            yield json.dumps(message)

    checked = check_lines(lines(), compiled(keyed("firm")), clock=lambda: NOW)
    assert [(next(checked).message_id, len(read)) for _ in given] == [
        (given[0]["messageId"], 1),
        (given[1]["messageId"], 2),
        *((message["messageId"], 5) for message in given[2:]),
    ]


def test_no_more_messages_are_held_back_than_may_be() -> None:
    given = [LOGIN, group(firm="acme"), track(firm="other")]
    given += [call("alias", n, previousId="a") for n in range(4, MOST_HELD + 10)]
    read = 0

    def lines() -> Iterable[str]:
        nonlocal read
        for message in given:
            read += 1
            yield json.dumps(message)

    checked = check_lines(lines(), compiled(keyed("firm")), clock=lambda: NOW)
    third = [next(checked) for _ in range(3)][-1]
    assert "group-value-unknown" in rules(third.findings)
    assert read == MOST_HELD + 3


def test_while_an_engine_runs_the_value_is_named_when_it_comes_again() -> None:
    destination = keyed("firm")
    checker, translate = StreamChecker(CheckSettings(), destination), translator(destination).translate
    last: tuple[Finding, ...] = ()
    for seconds, message in ((0, group(firm="acme")), (1, track(firm="other")), (2, track(4, firm="other"))):
        loose = Loose(document=message, type=message["type"], message_id=message["messageId"])
        last = checker.observe(digest(loose, translate(message, now=NOW), NOW + 1000 * seconds))
        assert "group-value-unknown" not in rules(last)
    message = track(59, firm="other")
    loose = Loose(document=message, type="track", message_id=message["messageId"])
    assert "group-value-unknown" in rules(
        checker.observe(digest(loose, translate(message, now=NOW), NOW + 70_000))
    )
    assert checker.waiting is None
