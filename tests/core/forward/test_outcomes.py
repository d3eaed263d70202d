"""The table of answers: what each means for a batch, down to the record."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest
from examples import examples
from forwarding import BASIC, engage
from hypothesis import given as generated
from hypothesis import strategies as st
from mixpanel_faults import BAD_GATEWAY, FORBIDDEN, PORTAL, TOO_MANY, UNAVAILABLE

from segtap.core.delivery import Outcome
from segtap.core.forward.batch import Batch
from segtap.core.forward.outcomes import Action, Answer, judge, one_line
from segtap.core.forward.records import operation_records
from segtap.core.stand_in.faults import TOO_LARGE, UNAUTHORIZED, Fault
from segtap.core.verdict import OutgoingRequest

TAKEN, REFUSED, UNCERTAIN = Outcome.SENT, Outcome.REFUSED, Outcome.UNCERTAIN
KEYS = st.sampled_from(
    ["code", "error", "status", "num_records_imported", "failed_records", "index", "insert_id", "message"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


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
        (answer(414), ADDING, [REFUSED], HTTPStatus(414).phrase),
        (of(BAD_GATEWAY), ADDING, [UNCERTAIN], "would count twice"),
        (answer(500), ADDING, [UNCERTAIN], "would count twice"),
        (of(UNAVAILABLE), ADDING, [UNCERTAIN], "would count twice"),
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
        (answer(503, b"upstream connect error"), events(2), Action.RETRY),
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
        "Mixpanel refuses the credentials: 401 Invalid credentials. What waits is kept."
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


LATIN = '{"code": 400, "error": "donn\u00e9es refus\u00e9es", "status": "Bad Request"'.encode("latin-1")
LISTED = b', "failed_records": [{"index": 1, "message": "\xe9"}]}'


@pytest.mark.parametrize(
    ("said", "batch", "action", "words"),
    [
        (answer(502, b"<h1>Passerelle erron\xe9e</h1>"), events(2), Action.RETRY, "Passerelle erron\ufffde"),
        (answer(502, b'{"error": "erron\xe9"}'), events(2), Action.RETRY, "erron\ufffd"),
        (answer(502, b'"\xe9"'), events(2), Action.RETRY, "\ufffd"),
        (answer(400, LATIN + b"}"), events(2), Action.HALVE, "donn\ufffdes refus\ufffdes"),
        (answer(400, LATIN + LISTED), events(2), Action.SETTLE, "donn\ufffdes"),
        (answer(200, b'{"code": 200, "num_records_imported": 2, "status": "\xe9"}'), events(2), Action.SETTLE,
         "\ufffd"),
        (answer(200, b'{"status": "\xff"}'), profiles(2), Action.RETRY, "\ufffd"),
        (answer(200, b'{"code": 200, "num_records_imported": 1e400}'), events(2), Action.SETTLE, ""),
        (answer(500, b'{"error": "\\ud800"}'), events(2), Action.RETRY, "\ufffd"),
        (answer(500, b'{"error": ["\\ud800", 1e400]}'), events(2), Action.RETRY, "null"),
        (answer(500, b'\xef\xbb\xbf{"error": "with a mark"}'), events(2), Action.RETRY, "with a mark"),
        (answer(500, b"\xff\xfe" + "x".encode("utf-16-le")), events(2), Action.RETRY, "x"),
        (answer(500, b"1" * 5000), events(2), Action.RETRY, ""),
        (answer(500, b"[" * 100_000), events(2), Action.RETRY, "["),
        (Answer(status=200, words="its body cannot be unpacked"), events(2), Action.RETRY, "unpacked"),
        (Answer(status=502, words="its body cannot be unpacked"), events(2), Action.RETRY, "unpacked"),
        (Answer(status=401, broken=True, words="the answer broke off"), events(2), Action.HALT, "broke off"),
        (Answer(status=200, broken=True, words="the answer broke off"), events(2), Action.RETRY, "broke off"),
        (Answer(status=400, broken=True, words="the answer broke off"), events(2), Action.RETRY, "broke off"),
        (Answer(status=400, body=b'{"error": "so', broken=True, words="…"), events(2), Action.RETRY, "so"),
        (Answer(status=200, body=b"1", broken=True, words="…"), profiles(2), Action.RETRY, ""),
        (Answer(status=400, broken=True, words="the answer broke off"), ADDING, Action.SETTLE, "broke off"),
    ],
)  # fmt: skip
def test_an_answer_is_read_whatever_its_bytes(said: Answer, batch: Batch, action: Action, words: str) -> None:
    verdict = judge(said, batch)
    assert verdict.action is action
    assert words in verdict.words
    assert verdict.words.isprintable()


@pytest.mark.parametrize("index", [True, False, -1, 3, 10**30, 1.5, "1", None, [], {}])
def test_an_odd_index_blames_nobody_but_by_insert_id(index: Any) -> None:
    assert judge(failed({"index": index, "message": "m"}), events(3)).action is Action.HALVE
    verdict = judge(failed({"index": index, "insert_id": "i-2", "message": "m"}), events(3))
    assert [judgement.outcome for judgement in verdict.records] == [TAKEN, TAKEN, REFUSED]


@pytest.mark.parametrize("listed", [None, 5, "x", {}, [5], ["x"], [None], [[]], [{}]])
def test_failed_records_in_an_odd_form_blame_nobody(listed: Any) -> None:
    body = {"code": 400, "error": "some failed", "status": "Bad Request", "failed_records": listed}
    assert judge(answer(400, body), events(3)).action is Action.HALVE


@generated(st.integers(100, 599), st.binary(max_size=60) | st.builds(dumped, json_values), st.booleans())
@examples(300)
def test_no_answer_raises(status: int, body: bytes, broken: bool) -> None:
    for batch in (events(1), events(3), profiles(1), profiles(3), ADDING):
        verdict = judge(Answer(status=status, body=body, broken=broken), batch)
        assert verdict.words.isprintable()
        assert len(verdict.records) == (len(batch) if verdict.action is Action.SETTLE else 0)


def test_what_a_record_may_cause_is_suspect() -> None:
    assert [judge(answer(status), events(2)).suspect for status in (500, 502, 503, 408, 200, 429, 425)] == [
        *[True] * 5, False, False,
    ]  # fmt: skip
    assert judge(Answer(words="sent, but no answer"), events(2)).suspect
    assert not judge(Answer(sent=False, words="no connection"), events(2)).suspect


def test_retry_after_is_handed_on() -> None:
    assert judge(answer(429, retry_after=30.0), events(1)).after == 30.0
    assert judge(answer(502, retry_after=9.0), events(1)).after == 9.0


def test_every_status_has_a_meaning_and_nothing_repeats_what_adds() -> None:
    for status in range(100, 1000):
        verdict = judge(answer(status), ADDING)
        assert verdict.action in (Action.RETRY, Action.HALT, Action.SETTLE)
        assert verdict.action is not Action.RETRY or status in (425, 429)
        assert all(judgement.outcome is not TAKEN for judgement in verdict.records)


def test_words_are_fit_to_be_shown() -> None:
    assert one_line("<html><b>502</b>\r\n \x1b[31mBad\x1b[0m \u202eGateway") == "502 [31mBad [0m Gateway"
    assert len(one_line("x" * 10_000)) == 300
    assert one_line("<" * 100_000).startswith("<<<")
