"""The doctor's verdicts over settings and real messages; what Mixpanel is asked, of a stand-in for it."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import msgspec
import pytest
from check_helpers import NOW, verdict_on
from details import detail
from engines import engine_settings, post, running_engine
from ingesting import served
from mixpanel_faults import GARBAGE, RESET
from streams import ANONYMOUS, call, uuid

from segtap.core.api.models import MessageDetail, Summary
from segtap.core.catalogue import rules
from segtap.core.checks.settings import check_settings
from segtap.core.config.transformations import read_transformations
from segtap.core.delivery import Delivery, Outcome
from segtap.core.doctor import CHECKS, Diagnosis, Facts, ask_mixpanel, diagnose, newest_messages
from segtap.core.doctor.online import clock_verdicts
from segtap.core.doctor.source import Messages
from segtap.core.errors import EngineError, JournalError
from segtap.core.expected import Expected, MappingTest
from segtap.core.ingest.body import Receive, Scope, Send
from segtap.core.not_imitated import NotImitated
from segtap.core.outcomes import FunctionOutcome
from segtap.core.pipeline.functions import function_findings
from segtap.core.segment_code import segment_code
from segtap.core.segment_names import destination_of
from segtap.core.settings import (
    ClassicSettings,
    DestinationFilter,
    DestinationSettings,
    InsertFunction,
    JournalSettings,
    Secret,
    SegmentSettings,
    SettingPlace,
    Settings,
)
from segtap.core.stand_in.faults import Fault
from segtap.core.stand_in.server import MixpanelServer
from segtap.core.verdict import Finding

TOKEN = "0123456789abcdef0123456789abcdef"
SENDING = DestinationSettings(token=TOKEN)
GOOD = Settings(destination=msgspec.structs.replace(SENDING, region="eu", project_region="eu"))
CLASSIC = Settings(destination=msgspec.structs.replace(SENDING, kind="classic-cloud"))


def read(message: dict[str, Any], settings: Settings, *more: Finding, **changes: Any) -> MessageDetail:
    """The message's detail as an engine gives it; `more` are findings of the rules on the stream."""
    destination = destination_of(settings)
    verdict = verdict_on(message, destination, NOW, size=500, settings=check_settings(settings))
    return detail(
        message,
        translation=verdict.translation,
        findings=(*verdict.findings, *more),
        id=changes.pop("id", 1) << 20,
        **changes,
    )


def facts(
    settings: Settings, *messages: dict[str, Any], details: Sequence[MessageDetail] = (), **more: Any
) -> Facts:
    found = [read(message, settings, id=number) for number, message in enumerate(messages, start=1)]
    return Facts(settings, destination_of(settings), [*found, *details], now=NOW, **more)


def verdicts(given: Facts) -> dict[str, Diagnosis]:
    return {diagnosis.check: diagnosis for diagnosis in diagnose(given)}


IDENTIFY = call("identify", userId="u-1", anonymousId=ANONYMOUS)
ORDER = call("track", 1, userId="u-1", event="Order Completed", properties={"total": 12})


@pytest.mark.parametrize("settings", [GOOD, CLASSIC], ids=["actions", "classic-cloud"])
def test_a_field_in_the_wrong_place_does_not_arrive(settings: Settings) -> None:
    traits = call("track", 2, userId="u-1", event="Signed Up", traits={"plan": "pro"})
    diagnosis = verdicts(facts(settings, IDENTIFY, traits))["lost-properties"]
    assert (diagnosis.standing, diagnosis.fix) == ("warning", "send them as properties")
    assert "misplaced-field (1)" in diagnosis.words


@pytest.mark.parametrize(
    ("token", "standing", "words"),
    [
        ("", "error", "there is none"),
        ("not-a-token", "warning", "does not look like one"),
        (TOKEN, "unknown", "answer 1 to any token"),
    ],
)
def test_a_token_that_looks_right_proves_nothing(token: str, standing: str, words: str) -> None:
    diagnosis = verdicts(facts(Settings(destination=DestinationSettings(token=token))))["token"]
    assert (diagnosis.standing, TOKEN in diagnosis.words) == (standing, False)
    assert words in diagnosis.words


def test_the_api_secret_ends_in_march_2027() -> None:
    secret = Settings(
        destination=msgspec.structs.replace(SENDING, api_secret=Secret("s3cr3t-of-the-project"))
    )
    diagnosis = verdicts(facts(secret))["api-secret"]
    assert diagnosis.standing == "note"
    assert "2027-03-03 (in 98 days)" in diagnosis.words
    assert "s3cr3t" not in repr(diagnosis)
    after = Facts(secret, destination_of(secret), [], now=1_804_100_000_000)
    assert verdicts(after)["api-secret"].standing == "error"


def test_people_off_costs_every_profile() -> None:
    said = msgspec.structs.replace(CLASSIC, places={"classic.people": SettingPlace("file", "segtap.toml")})
    off = verdicts(facts(said, IDENTIFY, ORDER))
    assert (off["people"].standing, off["people"].messages) == ("warning", (IDENTIFY["messageId"],))
    assert off["profiles"].standing == "note"
    assert "assumed" not in off["people"].words + off["profiles"].words
    assumed = verdicts(facts(CLASSIC, IDENTIFY, ORDER))
    assert (assumed["people"].standing, assumed["people"].messages) == ("unknown", (IDENTIFY["messageId"],))
    assert "not given: segtap assumes that it is off" in assumed["people"].words
    assert "(assumed: classic.people is not given)" in assumed["profiles"].words
    on = msgspec.structs.replace(CLASSIC, classic=ClassicSettings(people=True))
    assert verdicts(facts(on, IDENTIFY, ORDER))["people"].standing == "good"
    assert "people" not in verdicts(facts(GOOD, IDENTIFY))


def test_findings_of_rules_become_verdicts_with_evidence() -> None:
    placeholder = call("track", userId="undefined")
    found = verdicts(facts(GOOD, placeholder))["users"]
    assert (found.standing, found.messages) == ("error", (placeholder["messageId"],))
    assert found.words.startswith("placeholder-user-id (1). The newest: userId")
    assert verdicts(facts(GOOD, ORDER))["users"].standing == "good"
    stream = Finding("double-fired", "warning", "$.messageId", "came twice", "look for a handler")
    found = verdicts(facts(GOOD, details=[read(ORDER, GOOD, stream)]))["duplicates"]
    assert (found.standing, found.fix) == ("warning", "look for a handler")


def test_what_mixpanel_refused_is_quoted() -> None:
    attempt = Delivery(
        message=1 << 20,
        operation=0,
        at=NOW,
        endpoint="/engage",
        outcome=Outcome.REFUSED,
        status=200,
        words="token is missing",
    )
    diagnosis = verdicts(facts(GOOD, details=[read(ORDER, GOOD, deliveries=(attempt,))]))["delivery"]
    assert diagnosis.standing == "error"
    assert "/engage 200: token is missing" in diagnosis.words
    assert "an answer of 200 may be a refusal" in diagnosis.words
    taken = msgspec.structs.replace(attempt, outcome=Outcome.SENT)
    diagnosis = verdicts(facts(GOOD, details=[read(ORDER, GOOD, deliveries=(taken,))]))["delivery"]
    assert diagnosis.standing == "good"


def test_requests_that_were_not_taken_are_counted() -> None:
    refused = msgspec.structs.replace(detail(ORDER).summary, name="not JSON: byte 34", message_id="")
    given: tuple[Summary, ...] = (refused, refused)
    diagnosis = verdicts(facts(GOOD, refused=given))["ingest"]
    assert (diagnosis.standing, diagnosis.words) == ("error", "2 requests: not JSON: byte 34")


def test_identity_and_groups_by_the_settings() -> None:
    shared = call("identify", 2, userId="u-2", anonymousId=ANONYMOUS)
    group = call("group", 3, userId="u-1")
    found = verdicts(facts(GOOD, IDENTIFY, shared, group, ORDER))
    assert found["identity"].standing == "warning"
    assert "original ID merge" in found["identity"].words
    assert found["groups.key-agreed"].standing == "unknown"
    assert found["groups.key-on-events"].standing == "note"
    assert 'without it: "Order Completed"' in found["groups.events"].words
    known = msgspec.structs.replace(GOOD, mixpanel_group_keys=("$group_id",))
    found = verdicts(facts(known, IDENTIFY, group, ORDER))
    assert found["groups.key-agreed"].standing == "good"
    assert (found["groups.key-on-events"].standing, found["groups.key-on-events"].messages) == (
        "error",
        (ORDER["messageId"],),
    )


@pytest.mark.parametrize(
    ("messages", "standing", "words"),
    [
        (
            [IDENTIFY, ORDER],
            "note",
            "insert-id-undocumented (1). The newest: $insert_id is set by Segment, value",
        ),
        ([IDENTIFY], "unknown", "which insert ids the classic destination sends cannot be known"),
    ],
)
def test_what_the_classic_destination_sends_as_insert_id_is_not_stated_as_a_fact(
    messages: list[dict[str, Any]], standing: str, words: str
) -> None:
    diagnosis = verdicts(facts(CLASSIC, *messages))["insert-id"]
    assert diagnosis.standing == standing
    assert words in diagnosis.words
    assert "every messageId" not in diagnosis.words


def test_without_messages_the_settings_are_judged_all_the_same() -> None:
    found = verdicts(facts(GOOD))
    assert found["traffic"].standing == "unknown"
    assert found["region"].standing == "good"
    assert f"Segment's code {segment_code()}" in found["settings"].words
    assert len({check.__name__ for check in CHECKS}) == len(CHECKS)


# Where messages come from ---------------------------------------------------------------------------


async def test_messages_come_from_the_engine_and_then_from_its_journal(tmp_path: Path) -> None:
    settings = engine_settings(tmp_path)
    none = await newest_messages(settings, limit=10)
    assert (none.details, "there is none yet" in none.source) == ((), True)
    async with running_engine(settings) as (engine, _):
        await post(engine.url, {**ORDER, "messageId": uuid(1)}, {**ORDER, "messageId": uuid(2)})
        await engine.indexed()
        asked = await newest_messages(settings, limit=10)
        assert asked.source == f"the segtap at {engine.url}"
        assert [one.summary.message_id for one in asked.details] == [uuid(1), uuid(2)]
        assert {"double-fired"} <= {one.rule for one in asked.details[1].verdict.findings}
    before = (tmp_path / "journal.db").read_bytes()
    kept = await newest_messages(settings, limit=10)
    assert (tmp_path / "journal.db").read_bytes() == before
    assert kept.source == str(tmp_path / "journal.db")
    assert [one.document for one in kept.details] == [one.document for one in asked.details]
    assert [one.verdict for one in kept.details] == [one.verdict for one in asked.details]
    assert len((await newest_messages(settings, limit=1)).details) == 1


async def test_an_engine_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        await newest_messages(engine_settings(tmp_path), limit=1, url="http://127.0.0.1:9")


async def test_a_file_that_is_no_journal_is_said(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary")
    with pytest.raises(JournalError):
        await newest_messages(Settings(journal=JournalSettings(path=str(path))), limit=1)


async def test_an_empty_file_holds_no_messages(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.touch()
    found = await newest_messages(Settings(journal=JournalSettings(path=str(path))), limit=1)
    assert found.details == ()


# Online ---------------------------------------------------------------------------------------------


class StandIn:
    """Mixpanel's credential check: answers one status, and keeps what it was asked."""

    def __init__(self, status: int, *, text: str = "") -> None:
        self.status, self.text = status, text
        self.asked: list[tuple[str, str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        self.asked.append((scope["method"], scope["path"], msgspec.json.decode(body)))
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": self.text.encode()})


@asynccontextmanager
async def mixpanel(status: int, **about: Any) -> AsyncIterator[tuple[StandIn, str]]:
    stand_in = StandIn(status, **about)
    async with served(stand_in) as port:
        yield stand_in, f"http://127.0.0.1:{port}"


async def test_mixpanel_knows_the_token() -> None:
    async with mixpanel(200) as (stand_in, url):
        found = {one.check: one for one in await ask_mixpanel(SENDING, base_url=url)}
    assert stand_in.asked == [("POST", "/api/app/validate-project-credentials/", {"project_token": TOKEN})]
    assert found["token-online"].standing == "good"
    assert found["clock-online"].standing == "good"


async def test_mixpanel_does_not_know_the_token_and_no_secret_is_repeated() -> None:
    destination = msgspec.structs.replace(SENDING, api_secret=Secret("s3cr3t-of-the-project"))
    text = '{"error": "no project has s3cr3t-of-the-project"}'
    async with mixpanel(403, text=text) as (stand_in, url):
        token = (await ask_mixpanel(destination, base_url=url))[0]
    assert stand_in.asked[0][2] == {"project_token": TOKEN, "api_secret": "s3cr3t-of-the-project"}
    assert token.standing == "error"
    assert "Mixpanel answers 403" in token.words
    assert "s3cr3t" not in token.words


ACCOUNT = msgspec.structs.replace(
    SENDING, service_account=Secret("segtap.1a2b3c:qL9vWc3nT7xR5zK1"), project_id=123
)


def test_a_service_account_goes_before_the_secret() -> None:
    alone = verdicts(facts(Settings(destination=ACCOUNT)))
    assert alone["service-account"].standing == "good"
    assert "segtap sends /import with segtap.1a2b3c and project_id 123" in alone["service-account"].words
    assert alone["api-secret"].standing == "good"
    both = msgspec.structs.replace(ACCOUNT, api_secret=Secret("s3cr3t-of-the-project"))
    secret = verdicts(facts(Settings(destination=both)))["api-secret"]
    assert secret.standing == "note"
    assert "2027-03-03" in secret.words
    assert "do not empty the secret" in secret.fix
    assert "service-account" not in verdicts(facts(Settings(destination=SENDING)))
    for diagnosis in [*alone.values(), secret]:
        assert "qL9v" not in repr(diagnosis)


def test_a_secret_in_use_is_told_the_way_that_goes_on() -> None:
    for kind, words in (("actions", "do not empty the secret"), ("classic-cloud", "the key stays")):
        given = msgspec.structs.replace(SENDING, kind=kind, api_secret=Secret("s3cr3t-of-the-project"))
        diagnosis = verdicts(facts(Settings(destination=given)))["api-secret"]
        assert diagnosis.standing == "note"
        assert "2027-03-03" in diagnosis.words
        assert "MIXPANEL_SERVICE_ACCOUNT" in diagnosis.fix
        assert "project_id" in diagnosis.fix
        assert words in diagnosis.fix


def test_a_service_account_that_cannot_be_used_is_an_error() -> None:
    given = msgspec.structs.replace(ACCOUNT, project_id=0)
    diagnosis = verdicts(facts(Settings(destination=given)))["service-account"]
    assert diagnosis.standing == "error"
    assert "project_id = 123 under [destination]" in diagnosis.words


@pytest.mark.parametrize(
    ("known", "standing", "words"),
    [
        ({"segtap.1a2b3c:qL9vWc3nT7xR5zK1": 123}, "good", "accepts segtap.1a2b3c and project_id 123"),
        ({"segtap.1a2b3c:qL9vWc3nT7xR5zK1": 124}, "error", "403"),
        ({"someone:else": 123}, "error", "401"),
    ],
    ids=["right", "project", "secret"],
)
async def test_mixpanel_is_asked_about_the_service_account(
    known: dict[str, int], standing: str, words: str
) -> None:
    async with MixpanelServer(accounts=known) as server:
        found = {one.check: one for one in await ask_mixpanel(ACCOUNT, base_url=server.url)}
    diagnosis = found["service-account-online"]
    assert (diagnosis.standing, words in diagnosis.words) == (standing, True)
    assert "qL9v" not in repr(found)
    assert [request.path for request in server.requests][1:] == ["/lookup-tables"]


def test_a_filter_that_is_not_fql_is_an_error_of_the_settings_or_of_the_engine() -> None:
    odd = msgspec.structs.replace(GOOD, filters=(DestinationFilter(condition="event ==", name="Odd"),))
    own = verdicts(facts(odd))["filters"]
    assert (own.standing, own.rule, own.messages) == ("error", "filter-not-fql", ())
    assert "filter 1 (Odd) stops every message: The condition 'event ==' is not FQL" in own.words
    # The engine has that filter, the settings here have not.
    engine = verdicts(facts(GOOD, details=[read(ORDER, odd)]))["filters"]
    assert (engine.standing, engine.words, engine.messages) == ("error", own.words, (ORDER["messageId"],))
    assert "filters" not in verdicts(facts(GOOD, ORDER))


def test_what_is_not_imitated_is_named_with_the_messages_that_it_may_change() -> None:
    part = NotImitated(kind="insert_function", name="enrich", where="main.tf", condition='type = "track"')
    settings = msgspec.structs.replace(GOOD, not_imitated=(part,))
    found = verdicts(facts(settings, ORDER))["not-imitated"]
    assert (found.standing, found.rule, found.messages) == ("note", "not-imitated", (ORDER["messageId"],))
    assert "does not imitate the insert function 'enrich' (main.tf)" in found.words
    assert "not-imitated" not in verdicts(facts(GOOD, ORDER))


def test_what_a_transformation_of_the_settings_does_and_segtap_does_not_is_named() -> None:
    hashing = {"paths": ["properties.email"], "key": "5ecret"}
    made = read_transformations(
        [
            {"name": "Hash", "if": "event = 'A'", "hashPropertiesConfiguration": hashing},
            {
                "name": "Compute",
                "if": "event = 'A'",
                "fqlDefinedProperties": [{"fql": "md5(event)", "propertyName": "properties.id"}],
            },
            {"name": "Off", "if": "event = 'A'", "enabled": False, "hashPropertiesConfiguration": hashing},
        ],
        "here",
    )
    settings = msgspec.structs.replace(GOOD, transformations=made)
    found = [one for one in diagnose(facts(settings, ORDER)) if one.check == "not-imitated"]
    assert [one.words.partition(": what")[0] for one in found] == [
        "segtap does not imitate the hashing of 'properties.email' (source)",
        "segtap does not imitate the transformation 'Compute' (source) (its computed property properties.id)",
    ]
    # An import lists the hashing among what is not imitated as well: it is named once.
    listed = NotImitated(kind="hashing", name="properties.email", scope="source", where="main.tf")
    again = msgspec.structs.replace(settings, not_imitated=(listed,))
    assert len([one for one in diagnose(facts(again, ORDER)) if one.check == "not-imitated"]) == 2
    assert "2 not imitated" in verdicts(facts(again, ORDER))["settings"].words


def test_an_insert_function_that_is_not_run_is_named_with_the_reason(tmp_path: Path) -> None:
    gone = InsertFunction(file=str(tmp_path / "gone.js"))
    settings = msgspec.structs.replace(
        GOOD, insert_functions=(gone, InsertFunction(file="off.js", enabled=False))
    )
    found = Facts.of(Messages(settings=settings, judged_by="segtap.toml"), NOW)
    (named,) = [one for one in diagnose(found) if one.check == "not-imitated"]
    assert "the insert function 'gone.js' (" in named.words
    assert "cannot be read: No such file or directory)" in named.words
    # A reason that only messages show is that of the messages, and they are listed.
    needs = FunctionOutcome(0, "not_imitated", "it calls fetch, and network is false")
    (finding,) = function_findings([needs], settings.insert_functions)
    (named,) = [
        one
        for one in diagnose(facts(settings, details=[read(ORDER, settings, finding)]))
        if one.check == "not-imitated"
    ]
    assert named.words.endswith("it calls fetch, and network is false: what Mixpanel gets may differ")
    assert named.messages == (ORDER["messageId"],)


def test_the_order_that_segment_does_not_document_is_said_where_it_matters() -> None:
    function = InsertFunction(file="fn.js")
    change = {"name": "Name", "if": "event = 'A'", "newEventName": "B"}
    scoped = {**change, "destinationMetadataId": "615c7438d93d9b61b1e9e192"}
    for transformation, one, said in (
        (scoped, function, True),
        (change, function, False),
        ({**scoped, "enabled": False}, function, False),
        (scoped, msgspec.structs.replace(function, scope="source"), False),
        (scoped, msgspec.structs.replace(function, enabled=False), False),
    ):
        settings = msgspec.structs.replace(
            GOOD, transformations=read_transformations([transformation], "here"), insert_functions=(one,)
        )
        found = verdicts(facts(settings, ORDER)).get("order-of-stages")
        assert (found is not None) is said
        assert found is None or "segtap runs the transformations first" in found.words


def test_transformations_that_never_change_a_message_are_named() -> None:
    made = read_transformations(
        [
            {"name": "Both", "if": "event = 'A' and event = 'B'", "newEventName": "C"},
            {"name": "Blocked", "if": "event = 'Oven Cleaned'", "newEventName": "C"},
            {"name": "Off", "if": "event = 'A' and event = 'B'", "enabled": False},
            {"name": "Classic", "if": "event = 'A'", "destinationMetadataId": "54521fd925e721e32a72eed6"},
            {"name": "Fine", "if": "event = 'A' or event = 'B'", "newEventName": "C"},
        ],
        "here",
    )
    settings = msgspec.structs.replace(
        GOOD, transformations=made, segment=SegmentSettings(blocked_events=("Oven Cleaned",))
    )
    found = [one for one in diagnose(facts(settings, ORDER)) if one.check == "transformations"]
    assert {one.standing for one in found} == {"warning"}
    assert [one.words.partition(" never changes a message: ")[::2] for one in found] == [
        ("transformation 1 (Both)", 'event cannot be both "A" and "B": join them by or'),
        ("transformation 2 (Blocked)", 'the event "Oven Cleaned" is blocked at its source'),
        ("transformation 4 (Classic)", "it is for another destination than actions: classic-cloud"),
    ]


def test_what_is_configured_is_counted() -> None:
    tests = (MappingTest(name="One", message=ORDER, expect=Expected(events=())),)
    part = NotImitated(kind="insert_function", name="enrich")
    settings = msgspec.structs.replace(GOOD, tests=tests, not_imitated=(part,))
    words = verdicts(facts(settings, ORDER))["settings"].words
    assert "1 not imitated" in words
    assert "1 test of the mappings" in words


async def test_what_cannot_be_known_is_unknown() -> None:
    async with mixpanel(503) as (_, url):
        assert (await ask_mixpanel(SENDING, base_url=url))[0].standing == "unknown"
    (gone,) = await ask_mixpanel(SENDING, base_url="http://127.0.0.1:9")
    assert (gone.standing, "could not be asked" in gone.words) == ("unknown", True)
    assert await ask_mixpanel(DestinationSettings(), base_url="http://127.0.0.1:9") == []


@pytest.mark.parametrize(
    ("fault", "standing", "words"),
    [
        (Fault(403, b"<h1>refus\xe9</h1>"), "error", "refus\ufffd"),
        (Fault(403, gzip.compress(b"no such project"), (("content-encoding", "gzip"),)), "error", "no such"),
        (
            Fault(403, gzip.compress(gzip.compress(bytes(9_000_000))), (("content-encoding", "gzip, gzip"),)),
            "error",
            "cannot be unpacked",
        ),
        (Fault(403, "x" * 3_000_000), "error", "xxx"),
        (RESET, "unknown", "could not be asked"),
        (GARBAGE, "unknown", "could not be asked"),
        (Fault(200, "ok", (("date", "Tue, 24 Nov 2026 22:00:00 +99999999999999"),)), "good", "knows"),
    ],
    ids=["latin-1", "gzip", "gzip twice", "long", "reset", "garbage", "odd date"],
)
async def test_an_odd_answer_is_an_answer(fault: Fault, standing: str, words: str) -> None:
    async with MixpanelServer() as server:
        server.script(fault)
        token = (await ask_mixpanel(SENDING, base_url=server.url))[0]
        assert server.requests[0].headers["accept-encoding"] == "identity"
    assert token.standing == standing
    assert words in token.words


def test_a_clock_that_is_off_is_said() -> None:
    date = formatdate(1_000_000, usegmt=True)
    (diagnosis,) = clock_verdicts(date, 1_000_300.0)
    assert (diagnosis.standing, "300 s ahead of" in diagnosis.words) == ("warning", True)
    (diagnosis,) = clock_verdicts(date, 999_000.0)
    assert "1,000 s behind" in diagnosis.words
    assert [one.standing for one in clock_verdicts(date, 1_000_010.0)] == ["good"]
    assert list(clock_verdicts("no date", 1.0)) == []


def test_a_verdict_names_the_rule_that_tells_more() -> None:
    secret = Settings(
        destination=msgspec.structs.replace(
            SENDING, project_region="eu", api_secret=Secret("s3cr3t-of-the-project")
        )
    )
    given = verdicts(facts(secret))
    assert {check: given[check].rule for check in ("region", "token", "api-secret")} == {
        "region": "region-mismatch",
        "token": "token-unverified",
        "api-secret": "api-secret-deprecated",
    }
    known = {rule.id for rule in rules()}
    assert {diagnosis.rule for diagnosis in given.values() if diagnosis.rule} <= known


@pytest.mark.parametrize("time", ["1970-01-01T00:00:00Z", "2019-06-03T08:00:00Z"])
def test_a_time_that_the_classic_destination_refuses_counts_for_the_clocks(time: str) -> None:
    old = call("track", 1, event="Mill Run", userId="u-1", timestamp=time)
    diagnosis = verdicts(facts(CLASSIC, old))["clock"]
    assert (diagnosis.standing, diagnosis.messages) == ("error", (old["messageId"],))
    assert "last five years" in diagnosis.words
    assert diagnosis.fix
    without_name = call("track", 1, userId="u-1")
    assert verdicts(facts(GOOD, without_name))["clock"].standing == "good"


def test_increments_that_do_not_happen_are_a_verdict_on_the_classic_destination_only() -> None:
    counted = msgspec.structs.replace(CLASSIC, classic=ClassicSettings(event_increments=("Mill Run",)))
    run = call("track", 1, event="Mill Run", userId="u-1")
    diagnosis = verdicts(facts(counted, run))["classic-settings"]
    assert (diagnosis.standing, diagnosis.messages) == ("warning", (run["messageId"],))
    assert "people = true" in diagnosis.fix
    assert verdicts(facts(CLASSIC, run))["classic-settings"].standing == "good"
    assert "classic-settings" not in verdicts(facts(GOOD, run))
