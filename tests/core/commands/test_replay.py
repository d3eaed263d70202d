"""`segtap replay` into an endpoint that is not segtap's and answers oddly."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
from command_line import segtap
from engines import track
from mixpanel_faults import RESET

from segtap.core.commands.bulk import Pace, Progress
from segtap.core.commands.replay import replay_lines
from segtap.core.errors import EngineError
from segtap.core.stand_in.faults import Fault
from segtap.core.stand_in.server import MixpanelServer

LINES = [json.dumps(track("m-1")).encode()]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(500, b"<h1>erron\xe9</h1>"), "answered 500 after 0 messages: <h1>erron\ufffd</h1>"),
        (Fault(500, "line\r\n\x1b[31mred"), "line"),
        (
            Fault(502, gzip.compress(gzip.compress(bytes(9_000_000))), (("content-encoding", "gzip, gzip"),)),
            "its body cannot be unpacked",
        ),
        (RESET, "cannot be reached"),
    ],
    ids=["latin-1", "control characters", "gzip twice", "reset"],
)
async def test_an_odd_refusal_is_one_line_of_words(fault: Fault, words: str) -> None:
    async with MixpanelServer() as server:
        server.script(fault)
        with pytest.raises(EngineError) as raised:
            await replay_lines(LINES, url=server.url)
    assert words in str(raised.value)
    assert str(raised.value).isprintable()
    assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_an_answer_of_200_is_never_unpacked() -> None:
    async with MixpanelServer() as server:
        server.script(Fault(200, gzip.compress(bytes(9_000_000)), (("content-encoding", "gzip"),)))
        assert await replay_lines(LINES, url=server.url) == 1


async def test_records_for_several_projects_come_in_requests_of_their_own() -> None:
    """The credentials of a request to /import name one project."""
    tokens = ["a" * 32, "a" * 32, "b" * 32]
    records = [{"event": "Seen", "properties": {"token": token}} for token in tokens]
    lines = [json.dumps({"endpoint": "/import", "record": record}).encode() for record in records]
    async with MixpanelServer() as server:
        assert await replay_lines(lines, url=server.url) == 3
        sent = [(one.headers["authorization"], len(one.records)) for one in server.requests]
    keys = [f"Basic {base64.b64encode(f'{token}:'.encode()).decode()}" for token in ("a" * 32, "b" * 32)]
    assert sent == list(zip(keys, (2, 1), strict=True))


async def test_messages_of_a_file_come_with_the_time_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def pause(self: Progress, seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(Progress, "pause", pause)
    times = ["2026-11-24T10:00:00.000Z", "2026-11-24T10:00:00.000Z", None, "2026-11-24T11:00:00.000Z"]
    lines = [
        json.dumps({**track(f"m-{number}"), **({"timestamp": time} if time else {})}).encode()
        for number, time in enumerate(times)
    ]
    async with MixpanelServer() as server:
        server.script(*[Fault(200, "{}")] * 4)
        assert await replay_lines(lines, url=server.url, pace=Pace(60)) == 4
        assert len(server.requests) == 2
    (seconds,) = waited
    assert 30 < seconds <= 60, "less what sending the first took"


def test_a_file_that_is_not_there_is_named() -> None:
    done = segtap("replay", "missing.jsonl")
    assert (done.returncode, "missing.jsonl" in done.stderr) == (2, True)
