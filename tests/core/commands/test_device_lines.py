"""Lines that `segtap export` writes of device traffic, in every command that reads messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from command_line import segtap

from segtap.core.codec import decode
from segtap.core.commands.check import check_lines
from segtap.core.commands.replay import line_of, read_lines
from segtap.core.commands.translate import translate_lines
from segtap.core.commands.why import Why, why
from segtap.core.compare.lines import compare_lines
from segtap.core.errors import InputError
from segtap.core.pipeline import compiled
from segtap.core.pipeline.lines import Copies, Given, documents, given_messages
from segtap.core.pipeline.pasted import pasted_messages
from segtap.core.settings import Destination

NOW = 1_795_557_600_000
TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8ff9"
ACTIONS = Destination(settings={"projectToken": TOKEN, "apiSecret": "hidden"})
SETTINGS = compiled(ACTIONS)


def record(token: str = TOKEN, **properties: Any) -> dict[str, Any]:
    own = {"token": token, "distinct_id": "u-1", "$insert_id": "i-1", "time": NOW / 1000, **properties}
    return {"event": "Seen", "properties": own}


def line(endpoint: Any = "/track", made: Any = None) -> bytes:
    return json.dumps({"endpoint": endpoint, "record": record() if made is None else made}).encode()


PROFILE = {"$set": {"plan": "pro"}, "$token": TOKEN, "$distinct_id": "u-1"}
BROKEN = [
    (line(made=5), "its record is not a JSON object"),
    (line(made=[record()]), "its record is not a JSON object"),
    (line(made="text"), "its record is not a JSON object"),
    (line("/nope"), "its endpoint is not one of /track, /engage, /groups, /import"),
    (line(7), "its endpoint is not one of"),
    (line(made={"a": 1}), "its record is neither an event nor an update of a profile"),
]


@pytest.mark.parametrize(("text", "why"), BROKEN)
def test_a_broken_line_is_an_error_in_every_command(text: bytes, why: str) -> None:
    (checked,) = check_lines([text], SETTINGS, clock=lambda: NOW)
    (translated,) = translate_lines([text], SETTINGS, clock=lambda: NOW)
    (compared,) = compare_lines([text], ACTIONS, Destination("classic-cloud"), clock=lambda: NOW)
    (pasted,) = pasted_messages(text, destination=ACTIONS)
    faults: list[str] = []
    assert list(documents([text], faults)) == []
    said = [checked.error, json.loads(translated.text)["error"], compared.error, str(pasted), *faults]
    assert [why in str(one) for one in said] == [True] * 5
    with pytest.raises(InputError, match="Line 1: "):
        list(read_lines([text]))
    if b'"a"' not in text:
        with pytest.raises(InputError, match="line of device traffic"):
            decode(text)


def ways(text: bytes) -> list[Why]:
    given = pasted_messages(text, destination=ACTIONS)
    return [why(one.message, SETTINGS, now=NOW) for one in given if isinstance(one, Given)]


def test_a_record_is_checked_by_mixpanels_rules_and_translated_to_its_own_request() -> None:
    good, bad = check_lines(
        [line(), line(made=record(**{"$insert_id": "i:1", "s": "x" * 300}))],
        SETTINGS,
        clock=lambda: NOW,
    )
    assert (good.name, good.findings, good.nowhere) == ("device mode Seen", (), False)
    assert {finding.rule for finding in bad.findings} == {"insert-id-charset", "string-truncated"}
    (translated,) = translate_lines([line("/import", record())], SETTINGS, clock=lambda: NOW)
    (request,) = json.loads(translated.text)["requests"]
    assert (request["url"], request["body"]) == ("https://api.mixpanel.com/import", record())
    assert request["authorization"] == "Basic ••••"


def test_why_says_who_sends_it_and_what_segtap_does() -> None:
    (own, other) = ways(line() + b"\n" + line(made=record("ab12" * 8)))
    assert own.title == "device mode Seen"
    assert (
        own.end
        == "Mixpanel's own SDK sends it to Mixpanel (device mode): it does not come to Segment's stages."
    )
    assert other.end.endswith("segtap does not forward it: another project (ab12…).")
    assert own.lines == other.lines == ()


def test_comparing_and_simulating_leave_it_out_with_the_reason() -> None:
    (compared,) = compare_lines([line()], ACTIONS, Destination("classic-cloud"), clock=lambda: NOW)
    assert "Mixpanel's own SDK (device mode)" in compared.error
    result = segtap("translate", "--destination", "classic-device", given=line())
    assert "Mixpanel's own SDK (device mode)" in json.loads(result.stdout)["error"]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_decode_gives_the_records(mark: bytes) -> None:
    alone = decode(mark + line("/engage", PROFILE))
    assert (alone.value, alone.kind, alone.url) == (PROFILE, "mixpanel profiles", "/engage")
    assert alone.layers[-1] == "export"
    several = decode(mark + line() + b"\n" + line("/engage", PROFILE) + b"\n")
    assert (several.value, several.url) == ([record(), PROFILE], "")
    odd = b'{"endpoint":"/track","record":{"event":"E", "n":1.50}}'
    assert decode(odd).text == b'{"event":"E", "n":1.50}'


def test_replay_gives_the_line_again_as_it_was_spelled() -> None:
    odd = b'{"endpoint":"/track","record":{"event":"E","properties":{"n":1.50,"s":"\\u00e9"}}}'
    assert [line_of(one) for one in read_lines([odd])] == [odd]


def test_a_second_receipt_goes_by_mixpanels_own_key() -> None:
    copies = Copies()
    lines = [
        line(),
        line(),
        line(made=record(distinct_id="u-2")),
        line("/engage", PROFILE),
        line("/engage", PROFILE),
    ]
    given = [one for one in given_messages(lines, destination=ACTIONS) if isinstance(one, Given)]
    assert [copies.is_copy(one, NOW) for one in given] == [False, True, False, False, False]
