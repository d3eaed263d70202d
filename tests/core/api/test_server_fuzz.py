"""Whatever is sent to the control API, the answer is JSON with a status below 500."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from engines import engine_settings, isolate, track
from examples import examples
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from segtap.core.api.errors import ErrorAnswer
from segtap.core.api.server import ControlApp, encode_answer
from segtap.core.engine.lifecycle import Engine
from segtap.core.verdict import Operation, OutgoingRequest, Translation, Verdict

GET = ("state", "page", "messages/1048576", "overview", "users", "user", "groups", "export", "messages")
POST = ("inspect", "forwarding", "replay", "clear", "reset", "settings")

Answer = tuple[int, bytes]


class Asker:
    """Asks the ASGI app itself, so that any bytes arrive as they are."""

    def __init__(self, runner: asyncio.Runner, engine: Engine) -> None:
        self._runner = runner
        self._app = ControlApp(engine.queries, engine.commands, engine.parts.outside, engine.token)
        self._token = engine.token
        self._engine = engine

    def settle(self) -> None:
        """Wait until all that was sent is listed."""
        self._runner.run(self._engine.indexed())

    def ask(self, method: str, path: str, query: bytes = b"", body: bytes = b"") -> Answer:
        return self._runner.run(self._ask(method, path, query, body))

    async def _ask(self, method: str, path: str, query: bytes, body: bytes) -> Answer:
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query,
            "headers": [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {self._token}".encode())],
            "client": ("127.0.0.1", 1),
        }
        sent: list[Any] = []
        coming: list[dict[str, Any]] = [{"type": "http.request", "body": body}]

        async def receive() -> dict[str, Any]:
            if not coming:
                await asyncio.Event().wait()  # the client stays
            return coming.pop()

        async def send(event: Any) -> None:
            sent.append(event)

        await self._app(scope, receive, send)
        return sent[0]["status"], b"".join(event.get("body", b"") for event in sent[1:])


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    folder = tmp_path_factory.mktemp("control")
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        isolate(folder, patch.setenv)
        engine = Engine(engine_settings(folder, ephemeral=True))
        runner.run(engine.start())
        with contextlib.closing(_Stopping(runner, engine)):
            asker = Asker(runner, engine)
            status, _ = asker.ask(
                "POST", "/_segtap/replay", body=msgspec.json.encode({"messages": [MESSAGE]})
            )
            assert status == 200
            runner.run(engine.indexed())
            yield asker


class _Stopping:
    def __init__(self, runner: asyncio.Runner, engine: Engine) -> None:
        self.close = lambda: runner.run(engine.stop())


MESSAGE = track("m-1", properties={"total": 5})


def read(answer: Answer) -> None:
    """Fails unless it is an answer of the API's: 2xx, or an error that says what is wrong."""
    status, body = answer
    if status == 200:
        return
    assert 400 <= status < 500, (status, body)
    assert msgspec.json.decode(body, type=ErrorAnswer).error.message


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("POST", "inspect", b"", b"\xff"),
        ("POST", "inspect", b"", b'{"type": "track"},{"type": "track"}'),
        ("POST", "inspect", b"", b'\xef\xbb\xbf[{"type": "track"}]'),
        ("POST", "inspect", b"", b'{"type": "track", "event": ' + b"[" * 600 + b"]" * 600 + b"}"),
        ("POST", "forwarding", b"", b'{"on": true, "x": "\xff"'),
        ("POST", "replay", b"", b'{"messages": [{"type": "track"}, 1]}'),
        ("POST", "replay", b"", b'{"messages": {"type": "track"}}'),
        ("POST", "replay", b"", b'{"messages": [{"type": "track"}], "\xff": 1}'),
        ("POST", "replay", b"", b'{"messages": [{"type": ' + b"[" * 600 + b"]" * 600 + b"}]}"),
        ("POST", "replay", b"", b'{"ids": [9223372036854775808]}'),
        ("POST", "replay", b"", b'{"ids": [-9223372036854775809]}'),
        ("POST", "replay", b"", b'{"ids": [1e400]}'),
        ("GET", "page", b"filter=%FF", b""),
        ("GET", "page", b"filter=\xff", b""),
        ("GET", "page", b"\xff=1", b""),
        ("GET", "page", b"filter=%ED%A0%80", b""),
        ("GET", "page", b"limit=%D9%A3", b""),
        ("GET", "users", b"text=%FF", b""),
        ("GET", "users", b"limit=1e9", b""),
        ("GET", "user", b"id=%C0%AF", b""),
        ("GET", "export", b"filter=%FF", b""),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_cannot_be_read_is_a_fault_of_the_asker(
    asker: Asker, method: str, path: str, query: bytes, body: bytes
) -> None:
    status, answer = asker.ask(method, f"/_segtap/{path}", query, body)
    assert status == 400
    assert msgspec.json.decode(answer, type=ErrorAnswer).error.kind == "InputError"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"type": "track", "event": "\xff", "userId": "u"}', "bytes that are no UTF-8"),
        (
            b'{"type": "track", "event": "E", "userId": "u", "properties": {"a": NaN}}',
            "NaN at $.properties.a",
        ),
        (b'\xef\xbb\xbf{"type": "track", "event": "E", "userId": "u"}', "a byte order mark"),
    ],
)
def test_a_message_is_inspected_as_it_is_spelled(asker: Asker, body: bytes, words: str) -> None:
    status, answer = asker.ask("POST", "/_segtap/inspect", body=body)
    assert status == 200
    assert words in answer.decode()


def test_half_an_emoji_in_a_request_is_answered_all_the_same() -> None:
    """A mapping that cuts a text after so many UTF-16 units leaves one."""
    request = OutgoingRequest("POST", "https://x", body=[{"event": "cut \ud83d", "\udc00": ["\ud83d\ude00"]}])
    sent = Verdict(Translation((Operation("Track", "trackEvent", request),)))
    read = msgspec.json.decode(encode_answer(sent), type=Verdict)
    body = read.translation.operations[0].request.body
    assert body == [{"event": "cut \ufffd", "\ufffd": ["\U0001f600"]}]


def test_raw_utf_8_in_a_query_is_read_as_its_escapes_are(asker: Asker) -> None:
    status, _ = asker.ask(
        "POST", "/_segtap/replay", body=msgspec.json.encode({"messages": [track("m-2", "é")]})
    )
    assert status == 200
    asker.settle()
    answers = [asker.ask("GET", "/_segtap/page", b"filter=" + text) for text in (b"\xc3\xa9", b"%C3%A9")]
    assert [status for status, _ in answers] == [200, 200]
    assert answers[0] == answers[1]
    assert b"m-2" in answers[0][1]


junk = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [
            b"%FF",
            b"%00",
            b"%ED%A0%80",
            b"-1",
            b"9" * 30,
            b"9223372036854775807",
            b"9223372036854775808",
            b"1.5",
        ]
    ),
)
queries = st.lists(
    st.tuples(st.sampled_from([b"before", b"after", b"limit", b"text", b"id", b"x", b"\xff"]), junk),
    max_size=4,
).map(lambda pairs: b"&".join(name + b"=" + value for name, value in pairs))
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=10),
        st.sampled_from(["track", "identify", "alias", "\0", "\u202e", "2026-11-24T22:00:00Z"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                [
                    *("type", "event", "userId", "anonymousId", "messageId", "properties", "traits"),
                    *(
                        "context",
                        "timestamp",
                        "sentAt",
                        "integrations",
                        "on",
                        "ids",
                        "messages",
                        "batch",
                        "\0",
                    ),
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)
bodies = st.one_of(
    st.binary(max_size=80),
    values.map(msgspec.json.encode),
    st.builds(lambda value: b'{"messages": [' + msgspec.json.encode(value) + b"]}", values),
    st.builds(lambda value: b'{"ids": [' + msgspec.json.encode(value) + b"]}", values),
    st.builds(
        lambda value, junk: msgspec.json.encode(value).replace(b'"', b'"' + junk, 1),
        values,
        st.binary(max_size=3),
    ),
)


@examples(300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "\xff"]),
    name=st.sampled_from([*GET, *POST]),
    query=queries,
    body=bodies,
)
@example(method="POST", name="inspect", query=b"", body=b"\xff")
def test_nothing_sent_to_the_control_api_is_a_fault_of_segtaps(
    asker: Asker, method: str, name: str, query: bytes, body: bytes
) -> None:
    read(asker.ask(method, f"/_segtap/{name}", query, body))


@examples(200)
@given(path=st.text(st.characters(exclude_categories=()), max_size=20))
@example(path="messages/\ud800")
@example(path="\udcff")
@example(path="messages/٣")
def test_no_path_is_a_fault_of_segtaps(asker: Asker, path: str) -> None:
    read(asker.ask("GET", f"/_segtap/{path}"))
