"""What Mixpanel's identity clusters become, out of real messages."""

from typing import Any

import msgspec
import pytest
from check_helpers import NOW, TRANSLATOR
from streams import ANONYMOUS, call, uuid

from segtap.core.destinations.kinds import translator
from segtap.core.identities.model import (
    SHORT_LINKS,
    SHORT_MEMBERS,
    SHORT_NOTES,
    LeftOut,
    Link,
    in_short,
)
from segtap.core.identities.named import named_ids
from segtap.core.identities.notes import MAX_IDS
from segtap.core.identities.table import Identities
from segtap.core.identities.users import cluster_of, clusters, user_rows
from segtap.core.settings import Destination, IdentityMode
from segtap.core.verdict import Operation, OutgoingRequest, Translation

OTHER = "0f0f0f0f-0a4e-4ef0-9b76-4a94a8e6d0f3"


def seen(mode: IdentityMode, *messages: dict[str, Any]) -> Identities:
    identities = Identities(mode)
    for number, message in enumerate(messages, start=1):
        identities.add(named_ids(TRANSLATOR.translate(message, now=NOW)), number)
    return identities


def members(identities: Identities, id: str) -> list[tuple[str, str, int, bool]]:
    cluster = cluster_of(identities, id)
    assert cluster is not None
    return [(one.id, one.kind, one.events, one.profile) for one in cluster.members]


PAGE = call("page", anonymousId=ANONYMOUS)
LOGIN = call("identify", 1, userId="u-1", anonymousId=ANONYMOUS)
ORDER = call("track", 2, userId="u-1", anonymousId=ANONYMOUS)


def test_original_joins_by_identify() -> None:
    identities = seen("original", PAGE, ORDER, LOGIN)
    assert members(identities, ANONYMOUS) == [("u-1", "user", 1, True), (ANONYMOUS, "anonymous", 1, False)]
    cluster = cluster_of(identities, "u-1")
    assert cluster is not None
    assert (cluster.distinct_id, cluster.links) == ("u-1", ((Link("identify", "u-1", ANONYMOUS), 3),))
    assert cluster.notes == ()


def test_original_joins_nothing_by_events() -> None:
    identities = seen("original", PAGE, ORDER)
    assert len(list(clusters(identities))) == 2


def test_simplified_joins_by_the_first_event_with_both() -> None:
    identities = seen("simplified", PAGE, LOGIN)
    cluster = cluster_of(identities, ANONYMOUS)
    assert cluster is not None
    assert cluster.distinct_id == f"$device:{ANONYMOUS}"
    assert "Simplified ID merge ignores $identify" in cluster.notes[0]
    identities = seen("simplified", PAGE, LOGIN, ORDER)
    assert members(identities, f"$device:{ANONYMOUS}")[1][:2] == (f"$device:{ANONYMOUS}", "anonymous")
    cluster = cluster_of(identities, ANONYMOUS)
    assert cluster is not None
    assert cluster.distinct_id == "u-1"


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("original", 'belongs to "u-1": $identify does not join it to "u-2"'),
        ("simplified", 'belongs to "u-1", the first user on it, and is not joined to "u-2"'),
    ],
)
def test_a_shared_device_stays_with_the_first_user(mode: IdentityMode, words: str) -> None:
    second = [
        call("identify", 3, userId="u-2", anonymousId=ANONYMOUS),
        call("track", 4, userId="u-2", anonymousId=ANONYMOUS),
    ]
    identities = seen(mode, PAGE, LOGIN, ORDER, *second)
    assert [row[0].removeprefix("$device:") for row in members(identities, ANONYMOUS)] == ["u-1", ANONYMOUS]
    assert [row[0] for row in members(identities, "u-2")] == ["u-2"]
    cluster = cluster_of(identities, "u-2")
    assert cluster is not None
    assert any(words in note for note in cluster.notes)


def test_a_device_that_an_event_names_with_both_is_not_said_to_lack_one() -> None:
    second = [call(kind, 3, userId="u-2", anonymousId=ANONYMOUS) for kind in ("identify", "track")]
    for messages in (second, second[::-1]):
        cluster = cluster_of(seen("simplified", PAGE, LOGIN, ORDER, *messages), "u-2")
        assert cluster is not None
        (note,) = cluster.notes
        assert "the first user on it" in note


def test_original_takes_uuids_only_as_anonymous_ids() -> None:
    identities = seen("original", call("identify", userId="u-1", anonymousId="visitor-1"))
    cluster = cluster_of(identities, "visitor-1")
    assert cluster is not None
    assert cluster.notes == ('"visitor-1" is not a UUIDv4: $identify does not join it to "u-1"',)


@pytest.mark.parametrize(
    ("ids", "joined"),
    [
        ({"distinct_id": "u-1", "$anon_distinct_id": f"$device:{ANONYMOUS}"}, True),
        ({"distinct_id": "u-1", "$anon_distinct_id": ANONYMOUS}, True),
        ({"distinct_id": "u-1", "$anon_distinct_id": "u-0"}, False),
        ({"$identified_id": "u-1", "$anon_id": f"$device:{ANONYMOUS}"}, False),
    ],
)
def test_original_takes_the_prefix_of_mixpanels_own_sdks(ids: dict[str, Any], joined: bool) -> None:
    request = OutgoingRequest(
        "POST", "https://api-js.mixpanel.com/track", body={"event": "$identify", "properties": ids}
    )
    identities = Identities("original")
    identities.add(named_ids(Translation((Operation("", "", request),))), 1)
    other = next(id for name, id in ids.items() if "anon" in name)
    assert identities.joined("u-1", other) is joined


def test_a_cluster_of_an_original_project_is_full_at_500() -> None:
    logins = [
        call("identify", n, userId="u-1", anonymousId=f"6d5dc550-92e6-4f3d-8356-{n:012x}")
        for n in range(MAX_IDS)
    ]
    identities = seen("original", *logins)
    whole = cluster_of(identities, "u-1")
    assert whole is not None
    assert len(whole.members) == MAX_IDS
    cluster = cluster_of(identities, uuid(MAX_IDS - 1))
    assert cluster is not None
    full = f'"{uuid(MAX_IDS - 1)}" stays apart from "u-1": together they would be more than 500 ids'
    assert cluster.notes == (full,)


def test_a_profile_of_an_anonymous_id_is_carried_nowhere_in_a_simplified_project() -> None:
    identities = seen("simplified", call("identify", anonymousId=ANONYMOUS, userId=None), ORDER)
    cluster = cluster_of(identities, "u-1")
    assert cluster is not None
    assert any("stands by itself" in note for note in cluster.notes)


def test_an_id_that_was_never_sent_is_in_no_cluster() -> None:
    assert cluster_of(seen("original", PAGE), OTHER) is None


def alias(previous: str, user: str, number: int) -> Translation:
    """What the classic destination makes of an alias call."""
    message = call("alias", number, userId=user, previousId=previous)
    classic = Destination(kind="classic-cloud", settings={"token": "0" * 32})
    return translator(classic).translate(message, now=NOW)


@pytest.mark.parametrize("device", [0, "0"])
def test_a_number_is_read_as_text(device: int | str) -> None:
    """The classic destination sends ids that are properties as they are."""
    properties: dict[str, Any] = {"$user_id": 7, "$device_id": device}
    message = call("track", userId="u-1", properties=properties)
    classic = Destination(kind="classic-cloud", settings={"token": "0" * 32})
    identities = Identities("simplified")
    identities.add(named_ids(translator(classic).translate(message, now=NOW)))
    assert [row.ids for row in user_rows(identities)] == [["$device:0", "7"]]


def test_an_alias_maps_to_one_id() -> None:
    identities = Identities("original")
    identities.add(named_ids(alias("visitor-1", "u-1", 1)), 1)
    identities.add(named_ids(alias("visitor-2", "u-1", 2)), 2)
    assert [row[0] for row in members(identities, "u-1")] == ["u-1", "visitor-1"]
    cluster = cluster_of(identities, "visitor-2")
    assert cluster is not None
    assert cluster.notes == (
        '"u-1" was an alias before: Mixpanel keeps the first, and does not join it to "visitor-2"',
    )


def test_an_alias_that_was_in_use_is_joined_with_a_doubt() -> None:
    identities = seen("original", ORDER)
    identities.add(named_ids(alias("visitor-1", "u-1", 2)), 2)
    cluster = cluster_of(identities, "visitor-1")
    assert cluster is not None
    assert len(cluster.members) == 2
    assert "was in use before its alias call" in cluster.notes[0]


def test_an_alias_does_nothing_in_a_simplified_project() -> None:
    identities = Identities("simplified")
    identities.add(named_ids(alias("visitor-1", "u-1", 1)), 1)
    cluster = cluster_of(identities, "u-1")
    assert cluster is not None
    assert (len(cluster.members), "ignores $identify, $create_alias" in cluster.notes[0]) == (1, True)


def test_a_link_that_did_nothing_is_moot_once_another_joins_its_ids() -> None:
    """Under Simplified ID merge Segment sends $identify before the event that joins the device."""
    before, after = seen("simplified", LOGIN), seen("simplified", LOGIN, ORDER)
    for id in ("u-1", ANONYMOUS):
        apart, joined = cluster_of(before, id), cluster_of(after, id)
        assert apart is not None
        assert joined is not None
        assert "ignores $identify" in apart.notes[0]
        assert (len(joined.members), joined.notes) == (2, ())


def test_a_short_form_counts_what_it_leaves_out() -> None:
    """One user of 5,000 devices, looked for by one of the last."""
    identities = Identities("simplified")
    for number in range(5_000):
        properties = {"distinct_id": "u-1", "$user_id": "u-1", "$device_id": f"Device-{number}"}
        event = {"event": "Opened", "properties": properties}
        request = OutgoingRequest("POST", "https://x/track", body=[event])  # type: ignore[list-item]
        identities.add(named_ids(Translation((Operation("", "", request),))), number + 1)
    whole = cluster_of(identities, "u-1")
    assert whole is not None
    assert whole.left_out == LeftOut()
    short = in_short(whole, "device-499")
    assert (short.ids, short.events, short.profiles) == (5_001, 5_000, 0)
    assert (whole.ids, whole.events, whole.profiles) == (5_001, 5_000, 0)
    assert len(short.members) == SHORT_MEMBERS
    assert short.members[0].id == "u-1"
    held = [one.id for one in short.members]
    assert "$device:Device-499" in held
    assert {f"$device:Device-{number}" for number in range(4_990, 5_000)} <= set(held), "they hold the text"
    assert held == [one.id for one in whole.members if one.id in set(held)], "in their order"
    assert "$device:Device-4321" in [one.id for one in in_short(whole, "Device-4321").members]
    assert len(short.links) == SHORT_LINKS
    assert short.left_out.links == 5_000 - SHORT_LINKS
    assert len(msgspec.json.encode(short)) < 21_000
    assert in_short(short) is short


def test_notes_without_end_are_cut_in_short() -> None:
    """A device at a till: everyone who identifies there belongs to somebody else."""
    identities = Identities("original")
    till = "5d0ae2de-4651-4bca-bee6-aa7e4ac04d1b"
    for number in range(1_000):
        properties = {"$identified_id": f"u-{number}", "$anon_id": till}
        request = OutgoingRequest(
            "POST", "https://x/track", body={"event": "$identify", "properties": properties}
        )
        identities.add(named_ids(Translation((Operation("", "", request),))), number + 1)
    whole = cluster_of(identities, till)
    assert whole is not None
    assert len(whole.notes) == 999
    short = in_short(whole)
    assert short.notes == whole.notes[:SHORT_NOTES]
    assert short.left_out == LeftOut(notes=999 - SHORT_NOTES)


@pytest.mark.parametrize("user", ["u-1", 42])
def test_a_user_of_whom_only_a_profile_is_written_is_no_device(user: object) -> None:
    """A server identifies users by userId alone: its request does not say that the id is a user's."""
    document = call("identify", userId=user, traits={"plan": "pro"})
    identities = Identities("simplified")
    identities.add(named_ids(TRANSLATOR.translate(document, now=NOW), document), 1)
    cluster = cluster_of(identities, str(user))
    assert cluster is not None
    assert cluster.distinct_id == str(user)
    assert cluster.notes == ()
    assert members(identities, str(user)) == [(str(user), "user", 0, True)]


def test_users_of_the_classic_destination_are_users() -> None:
    """Its events have a distinct_id and nothing that says whose it is."""
    translate = translator(Destination(kind="classic-cloud", settings={"token": "a" * 32})).translate
    identities = Identities("original")
    for document in (ORDER, PAGE):
        identities.add(named_ids(translate(document, now=NOW), document), 1)
    assert [one.members[0].kind for one in clusters(identities)] == ["anonymous", "user"]
