import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

import pytest
from check_helpers import DESTINATION, NOW, real_message

from segtap.core.commands.check import Checked, Tally, check_lines
from segtap.core.commands.check_formats import FORMATS, as_table
from segtap.core.pipeline import compiled
from segtap.core.settings import DestinationFilter

GOOD = json.dumps(real_message("python", "page"))
BAD = json.dumps(real_message("python", "track", messageId="order_991"))
POOR = json.dumps(real_message("next", "page"))


def checked(*lines: str | bytes) -> list[Checked]:
    return list(check_lines(lines, compiled(DESTINATION), clock=lambda: NOW))


def rules(one: Checked) -> list[str]:
    return [finding.rule for finding in one.findings if finding.severity != "info"]


def tally_of(messages: Iterable[Checked]) -> Tally:
    tally = Tally()
    list(tally.counting(messages))
    return tally


def test_each_line_is_a_message() -> None:
    one, two, three = checked(GOOD, "", BAD + "\n", POOR.encode())
    assert [(one.line, one.name, rules(one)), (two.line, two.name, rules(two))] == [
        (1, "page Pricing", []),
        (3, "track Order Completed", ["insert-id-charset"]),
    ]
    assert rules(three) == ["page-name-missing"]


def test_exit_1_is_for_errors_and_unreadable_lines_only() -> None:
    assert tally_of(checked(GOOD)).exit_code == 0
    assert tally_of(checked(GOOD, POOR)).exit_code == 0
    assert tally_of(checked(GOOD, BAD)).exit_code == 1
    assert tally_of(checked(GOOD, "{")).exit_code == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON: expecting .* at byte 1"),
        ("[1]", "not a JSON object"),
        ("[" * 100_000, "not JSON: an object was expected at byte 0"),
        ('{"a":' * 100_000, "nested too deep: no more than 512 levels are read"),
        ('{"batch":[7]}', "not a JSON object: write one Segment message"),
        ('{"message":{}, "now":"never"}', "now has to be a date"),
        ('\ud800{"', "not JSON"),
    ],
)
def test_a_line_that_cannot_be_read_says_so_and_the_rest_run(line: str, words: str) -> None:
    first, second = checked(line, GOOD)
    assert first.error is not None
    assert re.search(words, first.error)
    assert second.error is None


def test_an_envelope_brings_its_clock_and_settings() -> None:
    message = json.loads(BAD) | {"messageId": "m-1", "timestamp": "2030-01-01T00:00:00Z"}
    late, early = checked(
        json.dumps({"now": "2030-01-01T00:00:00Z", "settings": {"projectToken": "t"}, "message": message}),
        json.dumps({"now": "2026-01-01T00:00:00Z", "settings": {"projectToken": "t"}, "message": message}),
    )
    assert rules(late) == []
    assert rules(early) == ["time-out-of-range"]


def test_a_received_message_is_judged_by_the_moment_of_its_receipt() -> None:
    message = real_message(
        "python", "page", timestamp="2030-01-01T00:00:00Z", receivedAt="2030-01-01T00:00:01Z"
    )
    (one,) = checked(json.dumps(message))
    assert rules(one) == []


def test_a_batch_is_checked_message_by_message() -> None:
    one, two = checked(json.dumps({"batch": [json.loads(GOOD), json.loads(BAD)], "sentAt": "x"}))
    assert (rules(one), rules(two)) == ([], ["insert-id-charset"])


def test_what_segment_would_reject() -> None:
    big = real_message("python", "page")
    big["properties"]["note"] = "x" * 40_000
    nan = '{"type":"page","name":"a","userId":"u-1","messageId":"m-1","properties":{"v":NaN}}'
    one, two, three = checked(json.dumps(big), nan, '{"event":"a","userId":"u-1","messageId":"m-1"}')
    assert one.findings[0].message == "Segment would reject this: 39.4 KB, its limit is 32 KB"
    assert two.findings[0].message.startswith("Segment would reject this: NaN at $.properties.v is no JSON")
    assert three.findings[0].message.startswith("Segment would reject this: it has no type")
    assert {one.findings[0].rule, two.findings[0].rule, three.findings[0].rule} == {"segment-would-reject"}


def test_json_is_one_line_a_message_in_the_shape_of_the_contract() -> None:
    good, bad, broken = map(json.loads, FORMATS["json"](checked(GOOD, BAD, "{"), "x.jsonl"))
    assert good["messageId"] == json.loads(GOOD)["messageId"]
    assert bad.keys() == {"messageId", "warnings"}
    assert bad["messageId"] == "order_991"
    assert bad["warnings"][0] == {
        "rule": "insert-id-charset",
        "severity": "error",
        "path": "$.messageId",
        "message": 'messageId "order_991": Mixpanel takes letters, digits and - only',
        "fix": "send a UUID as messageId",
    }
    assert broken["error"].startswith("line 3: not JSON")


def test_the_table_shows_what_is_wrong_and_sums_up() -> None:
    assert list(as_table(checked(GOOD, BAD, POOR), "x.jsonl")) == [
        "x.jsonl:2  track Order Completed (order_991)",
        '  ✖ insert-id-charset  messageId "order_991": Mixpanel takes letters, digits and - only',
        "                       → send a UUID as messageId",
        "x.jsonl:3  page (ajs-next-1795557600668-5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3)",
        '  ▲ page-name-missing  no name: the event is "Viewed ", as for every other page without one',
        "                       → give the call a name, such as Pricing",
        "3 messages: 1 error and 1 warning in 2 of them; 6 notes (--format json shows them)",
    ]


def test_the_table_without_unicode() -> None:
    for line in as_table(checked(BAD, POOR, "{"), "x.jsonl", ascii_only=True):
        assert line.isascii()


def test_nothing_wrong_is_said_plainly() -> None:
    message = real_message("next", "group")
    assert list(FORMATS["table"](checked(json.dumps(message)), "-")) == ["1 message: nothing is wrong"]


HOSTILE = json.dumps(
    real_message("python", "track", event='a\n::error::b\x1b[31m<&"]]>%0A', messageId='x"\r\n<b>:,%')
)


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_names_stay_harmless(name: str) -> None:
    for line in FORMATS[name](checked(HOSTILE), "we,ird:%\n.jsonl"):
        assert "\x1b" not in line
        assert "\n" not in line
        assert "\r" not in line


def test_github_annotations() -> None:
    lines = list(FORMATS["github"](checked(BAD, POOR, "{"), "a,b:c.jsonl"))
    assert lines[0] == (
        "::error file=a%2Cb%3Ac.jsonl,line=1,title=insert-id-charset::track Order Completed (order_991): "
        'messageId "order_991": Mixpanel takes letters, digits and - only – send a UUID as messageId'
    )
    assert lines[1].startswith("::warning file=a%2Cb%3Ac.jsonl,line=2,title=page-name-missing::")
    assert lines[2].startswith("::error file=a%2Cb%3Ac.jsonl,line=3,title=unreadable line::not JSON")


def test_junit_is_xml_whatever_the_messages_hold() -> None:
    text = "\n".join(FORMATS["junit"](checked(GOOD, BAD, POOR, "{", HOSTILE), "x<>.jsonl"))
    root = ET.fromstring(text.encode())
    assert root.attrib == {"name": "segtap check", "tests": "5", "failures": "2", "errors": "1"}
    cases = root.findall("./testsuite/testcase")
    assert len(cases) == 5
    assert [case.get("type") for case in root.iter("failure")] == ["insert-id-charset"] * 2
    assert "page-name-missing" in (cases[2].findtext("system-out") or "")
    assert cases[3].find("error") is not None


def test_what_segment_answers_200_to_and_drops() -> None:
    """The findings are those of a running engine, and `no-identity` stays beside them."""
    nobody = '{"type":"identify","traits":{"plan":"pro"},"messageId":"m-1"}'
    group = '{"batch":[{"type":"group","groupId":"acme","traits":{"plan":"pro"},"userId":""}]}'
    nameless = '{"type":"track","userId":"u-1","event":"","messageId":"m-2"}'
    purchase = '{"type":"purchase","userId":"u-1"}'
    one, two, three, four = checked(nobody, group, nameless, purchase)
    told = [found.message for line in (one, two, three, four) for found in line.findings[:1]]
    assert told == [
        "Segment would reject this: it has neither userId nor anonymousId",
        "Segment would reject this: it has neither userId nor anonymousId",
        "Segment would reject this: it is a track call without an event name",
        'Segment would reject this: type "purchase" is none of its calls',
    ]
    assert {line.findings[0].rule for line in (one, two, three, four)} == {"segment-would-reject"}
    assert "no-identity" in rules(one)


def test_a_long_message_id_is_a_note() -> None:
    (short, long) = (json.dumps(real_message("python", "page", messageId="x" * n)) for n in (99, 100))
    assert [
        [found.severity for found in one.findings if found.rule == "segment-would-change"]
        for one in checked(short, long)
    ] == [[], ["info"]]


def test_what_is_sent_nowhere_is_counted_in_the_headline() -> None:
    dropping = DestinationFilter(condition='type = "track"', name="No tracks")
    dropped = compiled(DESTINATION, filters=(dropping,))
    lines = [
        json.dumps(real_message("python", "track")).encode(),
        json.dumps({**json.loads(POOR), "name": "Home"}).encode(),
    ]
    made = list(check_lines(lines, dropped, clock=lambda: NOW))
    assert [one.nowhere for one in made] == [True, False]
    assert [(one.rule, one.severity) for one in made[0].findings] == [("unmatched", "info")]
    (headline,) = as_table(made, "x.jsonl")
    assert headline.startswith("2 messages: 1 is sent nowhere; no errors, no warnings")
    everything = compiled(DESTINATION, filters=(DestinationFilter(condition='type != "alias"'),))
    made = list(check_lines(lines, everything, clock=lambda: NOW))
    assert list(as_table(made, "x.jsonl"))[-1].startswith("2 messages: 2 are sent nowhere; ")
