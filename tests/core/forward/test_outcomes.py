"""The table of answers: what each means for a batch, down to the record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from forwarding import BASIC, engage
from mixpanel_server import BAD_GATEWAY, FORBIDDEN, PORTAL, TOO_LARGE, TOO_MANY, UNAUTHORIZED, Fault

from segtap.core.delivery import Outcome
from segtap.core.forward.batch import Batch
from segtap.core.forward.outcomes import Action, Answer, judge, one_line
from segtap.core.forward.records import operation_records
from segtap.core.inspection import OutgoingRequest

TAKEN, REFUSED, UNCERTAIN = Outcome.TAKEN, Outcome.REFUSED, Outcome.UNCERTAIN
CHARSET = "'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters"


def events(count: int, *, insert_ids: bool = True) -> Batch:
    body: list[Any] = [
        {"event": "e", "properties": {"$insert_id": f"i-{n}"} if insert_ids else {}} for n in range(count)
    ]
    request = OutgoingRequest(
        "POST", "https://api.mixpanel.com/import?strict=1", "application/json", BASIC, body=body
    )
    return Batch(tuple(operation_records(1, 0, request)))


def profiles(count: int) -> Batch:
    return Batch(tuple(operation_records(n, 0, engage(f"u-{n}", set={"a": 1}))[0] for n in range(count)))


ADDING = Batch(tuple(operation_records(1, 0, engage("u", add={"n": 1}))))


def answer(status: int, body: Any = b"", **more: Any) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, body=data, **more)


def of(fault: Fault) -> Answer:
    body = fault.body.encode() if isinstance(fault.body, str) else json.dumps(fault.body).encode()
    return Answer(status=fault.status, body=body, location=dict(fault.headers).get("location", ""))


def imported(count: int) -> Answer:
    return answer(200, {"code": 200, "num_records_imported": count, "status": "OK"})


def failed(*records: dict[str, Any], imported: int = 0) -> Answer:
    return answer(
        400,
        {
            "code": 400,
            "error": "some data points in the request failed validation",
            "num_records_imported": imported,
            "status": "Bad Request",
            "failed_records": list(records),
        },
    )


@pytest.mark.parametrize(
    ("said", "batch", "outcomes", "words"),
    [
        (imported(3), events(3), [TAKEN] * 3, "OK, 3 of 3"),
        (answer(200, {"code": 200, "status": "OK"}), events(2), [TAKEN] * 2, "status OK"),
        (answer(200, b"1"), profiles(1), [TAKEN], "status 1"),
        (answer(200, b"1\n"), profiles(1), [TAKEN], "status 1"),
        (answer(200, {"status": 1, "error": None}), profiles(1), [TAKEN], "status 1"),
        (answer(200, {"status": 1, "error": None}), profiles(3), [TAKEN] * 3, "at least one is valid"),
        (answer(200, {"status": 1}), ADDING, [TAKEN], "status 1"),
        (answer(200, {"status": 0, "error": "$token, missing"}), profiles(1), [REFUSED], "$token, missing"),
        (answer(200, b"0"), profiles(1), [REFUSED], "body 0"),
        (answer(200, b"0"), ADDING, [REFUSED], "body 0"),
        (imported(0), events(1), [REFUSED], "0 of 1"),
        (answer(400, {"error": "data, invalid", "status": "error"}), profiles(1), [REFUSED], "data, invalid"),
        (answer(400, {"code": 400, "error": "bad"}), events(1), [REFUSED], "bad"),
        (of(TOO_LARGE), events(1), [REFUSED], "2097152 bytes"),
        (answer(414), ADDING, [REFUSED], "Request-URI Too Long"),
        (of(BAD_GATEWAY), ADDING, [UNCERTAIN], "would count twice"),
        (answer(500), ADDING, [UNCERTAIN], "would count twice"),
        (of(PORTAL), ADDING, [UNCERTAIN], "login page"),
        (Answer(words="sent, but no answer"), ADDING, [UNCERTAIN], "sent, but no answer"),
        (Answer(words="sent, but no answer"), events(1, insert_ids=False), [UNCERTAIN], "would count twice"),
        (failed({"index": 1, "insert_id": "i-1", "field": "$insert_id", "message": CHARSET}), events(3),
         [TAKEN, REFUSED, TAKEN], CHARSET),
        (failed({"index": 0, "$insert_id": "i-0", "field": "event", "message": "is blank"}), events(2),
         [REFUSED, TAKEN], "is blank (event)"),
        (failed({"insert_id": "i-2", "message": "m"}), events(3), [TAKEN, TAKEN, REFUSED], "m"),
        (failed({"$insert_id": "i-2", "message": "m"}), events(3), [TAKEN, TAKEN, REFUSED], "m"),
        (failed({"index": 99, "insert_id": "i-0", "message": "m"}), events(2), [REFUSED, TAKEN], "m"),
        (failed({"index": 0, "message": "a"}, {"index": 0, "message": "b"}), events(1), [REFUSED], "a; b"),
        (failed({"index": 0, "message": "m"}), profiles(2), [REFUSED, TAKEN], "m"),
    ],
)  # fmt: skip
def test_settled(said: Answer, batch: Batch, outcomes: list[Outcome], words: str) -> None:
    verdict = judge(said, batch)
    assert verdict.action is Action.SETTLE
    assert [judgement.outcome for judgement in verdict.records] == outcomes
    worst = next((j for j in verdict.records if j.outcome is not TAKEN), verdict.records[0])
    assert words in worst.words


@pytest.mark.parametrize(
    ("said", "batch", "action"),
    [
        (of(TOO_MANY), events(2), Action.RETRY),
        (of(TOO_MANY), ADDING, Action.RETRY),
        (answer(503, b"upstream connect error"), ADDING, Action.RETRY),
        (Answer(sent=False, words="no connection"), ADDING, Action.RETRY),
        (Answer(sent=False, words="no connection"), events(2), Action.RETRY),
        (Answer(words="sent, but no answer"), events(2), Action.RETRY),
        (Answer(words="sent, but no answer"), profiles(2), Action.RETRY),
        (of(BAD_GATEWAY), events(2), Action.RETRY),
        (answer(500), profiles(2), Action.RETRY),
        (answer(599), events(2), Action.RETRY),
        (answer(408), events(1), Action.RETRY),
        (of(PORTAL), events(2), Action.RETRY),
        (answer(200, {"login": "required"}), events(2), Action.RETRY),
        (answer(200, b""), profiles(2), Action.RETRY),
        (answer(200, b"true"), profiles(1), Action.RETRY),
        (answer(204), profiles(1), Action.RETRY),
        (answer(200, b"["), events(1), Action.RETRY),
        (answer(200, b"[" * 100_000), events(1), Action.RETRY),
        (of(TOO_LARGE), events(2), Action.HALVE),
        (answer(413, b"<html>nginx</html>"), profiles(2), Action.HALVE),
        (answer(400, {"code": 400, "error": "bad"}), events(2), Action.HALVE),
        (failed({"message": "which?"}), events(2), Action.HALVE),
        (failed({"index": 0, "message": "m"}, {"message": "which?"}), events(3), Action.HALVE),
        (imported(1), events(2), Action.HALVE),
        (answer(200, b"0"), profiles(2), Action.SINGLY),
        (answer(200, {"status": 0, "error": "x"}), profiles(2), Action.SINGLY),
        (answer(400, {"error": "x", "status": "error"}), profiles(2), Action.SINGLY),
        (of(UNAUTHORIZED), events(2), Action.HALT),
        (of(FORBIDDEN), profiles(2), Action.HALT),
        (answer(302, location="http://login.example.net/"), events(2), Action.HALT),
        (answer(404, b"<h1>Not Found</h1>"), events(1), Action.HALT),
        (answer(405), profiles(1), Action.HALT),
        (answer(400, b"<html>The plain HTTP request was sent to HTTPS port</html>"), events(2), Action.HALT),
        (answer(100), events(1), Action.HALT),
    ],
)
def test_not_settled(said: Answer, batch: Batch, action: Action) -> None:
    verdict = judge(said, batch)
    assert verdict.action is action
    assert verdict.records == ()
    assert verdict.words


def test_a_halt_says_what_to_do() -> None:
    assert judge(of(UNAUTHORIZED), events(1)).words == (
        "Mixpanel refuses the credentials: 401 Invalid credentials. Check token and api_secret, then turn "
        "forwarding on again; nothing that waits is lost."
    )
    words = judge(answer(302, location="http://login.example.net/"), events(1)).words
    assert words.startswith("302 Found to http://login.example.net/")
    assert "mixpanel_url" in words


def test_a_list_of_refusals_that_was_not_read_to_its_end_halts_nothing() -> None:
    begun = b'{"code": 400, "error": "some failed", "failed_records": [{"index": 0, "insert_id": "mmm'
    assert judge(answer(400, begun, cut=True), events(2)).action is Action.HALVE
    (one,) = judge(answer(400, begun, cut=True), events(1)).records
    assert (one.outcome, "some failed" in one.words) == (REFUSED, True)
    (unknown,) = judge(answer(400, begun, cut=True), events(1, insert_ids=False)).records
    assert unknown.outcome is UNCERTAIN
    assert judge(answer(400, b"<html>" + b"x" * 5000, cut=True), events(2)).action is Action.HALT


def test_retry_after_is_handed_on() -> None:
    assert judge(answer(429, retry_after=30.0), events(1)).after == 30.0
    assert judge(answer(502, retry_after=9.0), events(1)).after == 9.0


def test_every_status_has_a_meaning_and_nothing_repeats_what_adds() -> None:
    for status in range(100, 1000):
        verdict = judge(answer(status), ADDING)
        assert verdict.action in (Action.RETRY, Action.HALT, Action.SETTLE)
        assert verdict.action is not Action.RETRY or status in (425, 429, 503)
        assert all(judgement.outcome is not TAKEN for judgement in verdict.records)


def test_words_are_fit_to_be_shown() -> None:
    assert one_line("<html><b>502</b>\r\n \x1b[31mBad\x1b[0m \u202eGateway") == "502 [31mBad [0m Gateway"
    assert len(one_line("x" * 10_000)) == 300
    assert one_line("<" * 100_000).startswith("<<<")
