"""What people paste into a command: lines, indented JSON, lists, HTTP requests and curl commands."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from segtap.core.codec import decode
from segtap.core.codec.pieces import message_pieces, pieces
from segtap.core.commands.check import check_lines
from segtap.core.commands.translate import translate_lines
from segtap.core.compare import destination_for
from segtap.core.compare.lines import compare_lines
from segtap.core.pipeline import compiled
from segtap.core.settings import Destination, Settings

TRACK = '{"type":"track","event":"Paid","userId":"u1","messageId":"m-1"}'
PAGE = '{"type":"page","name":"Home","userId":"u1","messageId":"m-2"}'
INDENTED = json.dumps(json.loads(TRACK), indent=2)
ANSWER = '< HTTP/1.1 200 OK\n< Content-Length: 16\n<\n{\n  "success": true\n}\n* Connection #0 left intact\n'
SENT = '{"event":"Paid",\n "userId":"u1"}'


def read(text: str) -> list[tuple[int, object]]:
    """Each piece's line, and its value or what is said of it."""
    found: list[tuple[int, object]] = []
    for piece in pieces(text.encode().splitlines(keepends=True)):
        try:
            found.append((piece.line, piece.error or json.loads(piece.text)))
        except ValueError:
            found.append((piece.line, "not JSON"))
    return found


track, page = json.loads(TRACK), json.loads(PAGE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{TRACK}\n\n{PAGE}", [(1, track), (3, page)]),
        (INDENTED, [(1, track)]),
        (f"{INDENTED}\n{INDENTED}\n{PAGE}", [(1, track), (7, track), (13, page)]),
        (f"\n{INDENTED},\n{INDENTED},", [(2, track), (8, track)]),
        (f"[{TRACK}, {PAGE}]", [(1, track), (1, page)]),
        (f"[\n  {TRACK},\n  {PAGE}\n]\n{PAGE}", [(2, track), (3, page), (5, page)]),
        (json.dumps([track, page], indent=2), [(2, track), (8, page)]),
        (f"{TRACK} {PAGE}\n{TRACK}{PAGE}", [(1, track), (1, page), (2, track), (2, page)]),
        (f"\ufeff{INDENTED}", [(1, track)]),
        (
            '{"a":1}\n{"b":NaN}\n{"c":1}',
            [(1, {"a": 1}), (2, pytest.approx({"b": float("nan")}, nan_ok=True)), (3, {"c": 1})],
        ),
    ],
)
def test_json_over_lines_and_several_of_it(text: str, expected: list[tuple[int, object]]) -> None:
    assert read(text) == expected
    assert read(text.replace("\n", "\r\n")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'nonsense\n{TRACK}\n42\n"text"\n[1]\n[]', ["not JSON", track, 42, "text", [1], []]),
        (f'{{"cut": \n{TRACK}\n', ["not JSON", track]),
        (f'{{"cut": \n42\n"text"\n{TRACK}\n', ["not JSON", 42, "text", track]),
        (f'{{"type": "track"\n{{"cut\n{TRACK}', ["not JSON", "not JSON", track]),
        (f"* a note\n<\n> quoted\n{TRACK}", ["not JSON", "not JSON", "not JSON", track]),
        (f"{{\n42\n[\nnull\n{TRACK}", ["not JSON", 42, "not JSON", None, track]),
        (f"{TRACK} and more\n{TRACK}", ["not JSON", track]),
        (f'{{\n  "event": "Paid",\n  "userId": "u1",\n}}\n{TRACK}', ["not JSON", track]),
        (f'{{\n  "event": "Paid"\n  "userId": "u1"\n}}\n{TRACK}', ["not JSON", track]),
        ('{\n  "event": "Paid",\n  "userId": "u1"\n', ["not JSON"]),
    ],
)
def test_what_is_no_json_is_one_fault_and_the_rest_is_read(text: str, expected: list[object]) -> None:
    assert [value for _, value in read(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"POST /v1/track HTTP/1.1\nHost: api.segment.io\nContent-Length: 30\n\n{SENT}\n", [5]),
        (f"> POST /v1/t HTTP/2\n> Host: api.segment.io\n> Accept: */*\n>\n{SENT}\n{ANSWER}", [5]),
        (f"* Trying 1.2.3.4:443...\n> POST /proxy/v1/track HTTP/1.1\n>\n{SENT}\n{ANSWER}{TRACK}", [4, 13]),
        (f"curl -v https://api.segment.io/v1/track -u KEY: \\\n  -d '{SENT}'\n", [1]),
        (
            f"$ curl -v https://api.segment.io/v1/track -d '{SENT}'\n> POST /v1/track HTTP/1.1\n>\n{ANSWER}",
            [1],
        ),
        ("GET /v1/pixel/track?data=eyJldmVudCI6IlBhaWQiLCJ1c2VySWQiOiJ1MSJ9 HTTP/1.1\nHost: h\n\n", [1]),
        (f'POST /v1/batch HTTP/1.1\n\n{{"batch": [\n  {TRACK},\n  {TRACK}\n]}}', [4, 5]),
        (f"POST /v1/track HTTP/1.1\n\n{SENT}\n\nPOST /v1/track HTTP/1.1\n\n{SENT}\n", [3, 8]),
    ],
)
def test_requests_give_their_messages_with_the_type_of_their_path(text: str, expected: list[int]) -> None:
    found = read(text)
    assert [line for line, _ in found] == expected
    for _, message in found:
        assert isinstance(message, dict)
        assert (message["type"], message["event"], message["userId"]) == ("track", "Paid", "u1")
    messages = decode(text.rpartition(TRACK)[0] if text.endswith(f"}}\n{TRACK}") else text).messages
    assert {(one["type"], one["event"]) for one in messages} == {("track", "Paid")}


def test_other_requests_are_named() -> None:
    (one,) = read(
        'POST /import?strict=1 HTTP/1.1\nHost: api.mixpanel.com\n\n[{"event":"A","properties":{"token":"x"}}]'
    )
    assert "a request to Mixpanel" in str(one[1])
    (one,) = read("POST /v1/track HTTP/1.1\nHost: api.segment.io\n")
    assert "paste it with its body" in str(one[1])
    assert "reads its body from a file" in str(read("curl https://h/v1/track -d @body.json")[0][1])
    assert read(f"curl isn't this\n{TRACK}")[1] == (2, track), "an apostrophe swallows nothing"


def test_a_batch_is_its_messages_to_commands_that_know_only_messages() -> None:
    text = f'{{"writeKey": "k", "batch": [\n{TRACK},\n{PAGE}]}}\n{TRACK}\n{{"batch": []}}\n'
    found = list(message_pieces(text.encode().splitlines(keepends=True)))
    assert [piece.line for piece in found] == [2, 3, 4, 5]
    assert [json.loads(piece.text) for piece in found[:3]] == [track, page, track]
    assert found[3].error == "the batch holds no message"
    tagged = {**track, "properties": {"batch": [1]}}
    assert [json.loads(piece.text) for piece in message_pieces([json.dumps(tagged)])] == [tagged]


def test_a_stream_of_lines_stays_a_stream() -> None:
    asked: list[int] = []

    def lines() -> Iterator[bytes]:
        for number in range(3):
            asked.append(number)
            yield TRACK.encode() + b"\n"

    stream = pieces(lines())
    next(stream)
    assert asked == [0]
    next(stream)
    assert asked == [0, 1]


def test_commands_read_what_is_pasted_with_the_right_lines() -> None:
    pasted = f"{INDENTED}\nbroken\nPOST /v1/page HTTP/1.1\n\n{PAGE}\n".encode().splitlines(keepends=True)
    plain = Destination("actions", {"projectToken": "t"})
    made = list(translate_lines(pasted, compiled(plain), clock=lambda: 0))
    assert [json.loads(line.text).get("messageId") for line in made] == ["m-1", None, "m-2"]
    assert [line.failed for line in made] == [False, True, False]
    assert [(one.line, one.call) for one in check_lines(pasted, compiled(plain), clock=lambda: 0)] == [
        (1, "track"),
        (7, ""),
        (10, "page"),
    ]
    two = (destination_for(Settings(), "actions"), destination_for(Settings(), "classic-cloud"))
    assert [one.number for one in compare_lines(pasted, *two, clock=lambda: 0)] == [1, 7, 10]
