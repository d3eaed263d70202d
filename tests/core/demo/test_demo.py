"""The demo: Segment's own client, in a process of its own, tells a story with mistakes in it."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from segtap.core.demo import start_demo
from segtap.core.demo.scenario import calls
from segtap.core.errors import EngineError
from segtap.core.messages import CALL_TYPES

pytestmark = pytest.mark.terminal


class Endpoint(BaseHTTPRequestHandler):
    """Takes batches as Segment does and keeps their messages."""

    received: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.extend(json.loads(body)["batch"])
        answer = b'{"success": true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    Endpoint.received.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_story_has_every_call_and_mistakes_in_it() -> None:
    story = list(itertools.islice(calls(), 300))
    assert {call.method for call in story} == set(CALL_TYPES)
    mistakes = {call.note for call in story if call.note}
    assert len(mistakes) >= 12
    assert sum(bool(call.note) for call in story) < 100


def test_the_story_is_the_same_each_time() -> None:
    # The clock of one mistake is the only thing that may differ.
    def told() -> list[tuple[str, object]]:
        return [(call.method, call.arguments.get("event")) for call in itertools.islice(calls(3), 200)]

    assert told() == told()


def test_real_client_sends_what_was_asked_for(endpoint: str) -> None:
    with start_demo(endpoint, rate=1000, count=120) as process:
        assert process.wait(60) == 0
    assert len(Endpoint.received) == 120
    libraries = {message["context"]["library"]["name"] for message in Endpoint.received}
    assert libraries == {"analytics-python"}
    assert {message["type"] for message in Endpoint.received} == set(CALL_TYPES)


def test_the_demo_ends_with_its_parent(endpoint: str) -> None:
    with start_demo(endpoint, rate=5) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


def test_an_endpoint_that_is_not_there_is_named() -> None:
    command = [sys.executable, "-m", "segtap.core.demo", "--url", "http://127.0.0.1:9", "--count", "1"]
    # Its standard input stays open, as a terminal's would.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.wait(60) == 1
        assert process.stderr is not None
        assert b"Is segtap running at http://127.0.0.1:9?" in process.stderr.read()


def test_without_the_client_the_demo_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "segment", None)
    with pytest.raises(EngineError, match=r"pip install 'segtap\[demo\]'"):
        start_demo("http://127.0.0.1:9")
