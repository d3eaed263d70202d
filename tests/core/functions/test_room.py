"""Insert functions run in node as Segment documents it: handlers, errors, settings, what they print."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from functions import PASS, function, needs_node, outcomes, running, track

from segtap.core.outcomes import FunctionOutcome, with_changes
from segtap.core.settings import InsertFunction

pytestmark = needs_node

MATRIX = "\n".join(
    f"async function {name}(event, settings) {{ event.seen = '{name}'; return event }}"
    for name in ("onTrack", "onIdentify", "onPage", "onScreen", "onGroup", "onAlias", "onDelete")
)


def test_each_type_goes_to_its_handler(tmp_path: Path) -> None:
    types = ["track", "identify", "page", "screen", "group", "alias", "delete"]
    made = outcomes(tmp_path, MATRIX, *({"type": type} for type in types))
    assert [one.effect for one in made] == ["passed"] * 7
    seen = [with_changes({"type": type}, one.changes)["seen"] for type, one in zip(types, made, strict=True)]
    assert seen == ["onTrack", "onIdentify", "onPage", "onScreen", "onGroup", "onAlias", "onDelete"]


def test_a_type_without_handler_is_dropped(tmp_path: Path) -> None:
    made = outcomes(tmp_path, PASS, {"type": "page"}, {"type": "toString"}, {"type": 5}, {}, track())
    assert [(one.effect, one.reason) for one in made] == [
        ("no_handler", "it has no onPage"),
        *[("no_handler", "it has no handler for this type")] * 3,
        ("passed", ""),
    ]


def test_a_handler_may_be_a_constant_or_not_async(tmp_path: Path) -> None:
    code = "const onTrack = (event) => ({...event, a: 1}); let onPage = async (event) => event"
    track_, page = outcomes(tmp_path, code, track(), {"type": "page"})
    assert with_changes(track(), track_.changes)["a"] == 1
    assert page == FunctionOutcome(0, "passed")


def test_on_batch_gets_every_type_one_at_a_time(tmp_path: Path) -> None:
    code = """
        async function onTrack(event) { return {...event, wrong: true} }
        async function onBatch(events) {
          return events.filter((e) => e.type !== 'page').map((e) => ({...e, n: events.length}))
        }
    """
    made = outcomes(tmp_path, code, track(), {"type": "alias"}, {"type": "page"})
    assert [with_changes({}, one.changes) for one in made] == [{"n": 1}, {"n": 1}, {}]
    assert [one.effect for one in made] == ["passed", "passed", "dropped"]
    assert made[2].reason == "it returned a list without the event instead of the event"
    (other,) = outcomes(tmp_path, "async function onBatch(events) { return events[0] }", track())
    assert (other.effect, other.reason) == ("dropped", "it returned no list instead of the event")


@pytest.mark.parametrize(
    ("thrown", "effect", "reason"),
    [
        ("new EventNotSupported('no')", "dropped", "it threw EventNotSupported: no (Segment calls it"),
        ("new InvalidEventPayload('bad')", "dropped", "it threw InvalidEventPayload: bad (Segment rejects"),
        ("new ValidationError('bad')", "dropped", "it threw ValidationError: bad (Segment rejects"),
        ("new RetryError('later')", "dropped", "it threw RetryError: later (Segment tries again"),
        ("new DropEvent('unwanted')", "dropped", "it threw DropEvent: unwanted"),
        ("new DropEvent()", "dropped", "it threw DropEvent"),
        ("new Error('oh')", "failed", "it threw Error: oh"),
        ("new TypeError('oh')", "failed", "it threw TypeError: oh"),
        ("'a text'", "failed", "it threw Error: a text"),
        ("null", "failed", "it threw Error: null"),
        ("Object.create(null)", "failed", "it threw Error"),
        ("new RetryError('\\ud800')", "dropped", "it threw RetryError: \ufffd (Segment"),
        ("new Error('x'.repeat(9000))", "failed", "it threw Error: xxx"),
    ],
)
def test_errors(tmp_path: Path, thrown: str, effect: str, reason: str) -> None:
    (made,) = outcomes(tmp_path, f"async function onTrack() {{ throw {thrown} }}", track())
    assert made.effect == effect
    assert made.reason.startswith(reason)
    assert len(made.reason) <= 500


@pytest.mark.parametrize(
    ("returned", "effect", "reason"),
    [
        ("undefined", "dropped", "it returned nothing instead of the event"),
        ("null", "dropped", "it returned nothing instead of the event"),
        ("5", "dropped", "it returned a number instead of the event"),
        ("'x'", "dropped", "it returned a string instead of the event"),
        ("[event]", "dropped", "it returned a list instead of the event"),
        ("() => 1", "dropped", "it returned a function instead of the event"),
        ("(event.self = event)", "failed", "it threw TypeError: Converting circular structure"),
        ("({a: 5n})", "failed", "it threw TypeError: Do not know how to serialize a BigInt"),
        ("({toJSON: () => 'x'})", "failed", "what it returned cannot be read as an event"),
        ("({toJSON: () => undefined})", "failed", "what it returned cannot be read as an event"),
    ],
)
def test_what_is_returned_instead_of_an_event(
    tmp_path: Path, returned: str, effect: str, reason: str
) -> None:
    (made,) = outcomes(tmp_path, f"async function onTrack(event) {{ return {returned} }}", track())
    assert made.effect == effect
    assert made.reason.startswith(reason)


def test_what_is_returned_becomes_the_event(tmp_path: Path) -> None:
    code = """
        async function onTrack(event) {
          delete event.messageId
          event.properties.total = Number.MAX_SAFE_INTEGER * 1e6
          event.properties.date = new Date(0)
          event.properties.gone = undefined
          event.properties.half = '\\ud800'
          return event
        }
    """
    document = track(gone=1, kept=1.0, big=2**60)
    (made,) = outcomes(tmp_path, code, document)
    after = with_changes(document, made.changes)
    assert "messageId" not in after
    assert after["properties"] == {
        "kept": 1,
        "big": 1152921504606847000,
        "total": 9007199254740991e6,
        "date": "1970-01-01T00:00:00.000Z",
        "half": "\ud800",
    }


def test_the_settings_are_given_and_masked(tmp_path: Path) -> None:
    code = """
        async function onTrack(event, settings) {
          console.log('key', settings.apiKey, settings)
          settings.apiKey = 'changed'
          event.properties.length = settings.apiKey.length
          throw new DropEvent(event.properties.key + settings.list[1])
        }
        async function onPage(event, settings) { return {...event, key: settings.apiKey} }
    """
    settings = {"apiKey": "sk_live_0123456789", "list": ["x", "another-secret"]}
    dropped, page = outcomes(tmp_path, code, track(key="k"), {"type": "page"}, settings=settings)
    assert dropped.reason == "it threw DropEvent: k••••"
    assert dropped.logs == ("key •••• { apiKey: '••••', list: [ 'x', '••••' ] }",)
    assert with_changes({}, page.changes)["key"] == "sk_live_0123456789", "each call gets its own settings"


def test_console_log_is_kept_and_bounded(tmp_path: Path) -> None:
    code = """
        async function onTrack(event) {
          console.log('a', 1, {b: [2]})
          console.error('x'.repeat(9999))
          for (let i = 0; i < 1e5; i++) console.log(i)
          return event
        }
        async function onPage(event) { return event }
    """
    made, page = outcomes(tmp_path, code, track(), {"type": "page"})
    assert made.logs[0] == "a 1 { b: [ 2 ] }"
    assert len(made.logs[1]) == 500
    assert len(made.logs) == 21
    assert made.logs[-1] == "… and 99982 more lines"
    assert page.logs == ()


def test_timers_end_with_their_message(tmp_path: Path) -> None:
    code = """
        let fired = []
        async function onTrack(event) {
          setTimeout(() => fired.push('late'), 5)
          setInterval(() => fired.push('again'), 1)
          await new Promise((resolve) => setTimeout(resolve, 2))
          return event
        }
        async function onPage(event) {
          fired = []
          await new Promise((resolve) => setTimeout(resolve, 20))
          return {fired}
        }
    """
    _, page = outcomes(tmp_path, code, track(), {"type": "page"})
    assert with_changes({"type": "page"}, page.changes) == {"fired": []}


def test_what_segment_has_and_segtap_has_not_is_named(tmp_path: Path) -> None:
    code = """
        async function onTrack(event) { return _.omit(event, 'userId') }
        async function onPage(event) { await fetch('http://127.0.0.1:9/'); return event }
        async function onGroup(event) {
          try { await fetch('http://127.0.0.1:9/') } catch (error) { throw new RetryError(error.message) }
        }
        async function onAlias(event) { return unknown(event) }
        async function onScreen(event) { return require('fs') }
    """
    types = ("track", "page", "group", "alias", "screen")
    made = outcomes(tmp_path, code, *({"type": type} for type in types))
    assert [(one.effect, one.reason) for one in made] == [
        ("not_imitated", "it uses lodash as _, which segtap does not have"),
        ("not_imitated", "it calls fetch, and network is false"),
        ("not_imitated", "it calls fetch, and network is false"),
        ("failed", "it threw ReferenceError: unknown is not defined"),
        ("failed", "it threw ReferenceError: require is not defined"),
    ]


def test_crypto_buffer_and_cache_are_there(tmp_path: Path) -> None:
    code = """
        let made = 0
        async function onTrack(event) {
          const load = () => cache.load('k', -1, async () => ++made)
          return {
            hash: crypto.createHash('sha256').update('a@b.c').digest('hex').slice(0, 8),
            text: Buffer.from('é').toString('base64'),
            url: new URL('/x?a=1', 'https://a.b').searchParams.get('a'),
            cached: [await load(), await load()]
          }
        }
    """
    (made,) = outcomes(tmp_path, code, {"type": "track"})
    assert with_changes({}, [one for one in made.changes if not one.removed]) == {
        "hash": hashlib.sha256(b"a@b.c").hexdigest()[:8],
        "text": "w6k=",
        "url": "1",
        "cached": [1, 1],
    }


def test_nothing_of_the_environment_reaches_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPANEL_SECRET", "top-secret-value")
    monkeypatch.setenv("NODE_OPTIONS", "--no-such-option")
    code = """
        async function onTrack(event) {
          const outer = Buffer.constructor('return process')()
          return {
            none: [typeof process, typeof require, typeof global, typeof module],
            environment: outer.env, arguments: outer.argv.length
          }
        }
    """
    (made,) = outcomes(tmp_path, code, {"type": "track"}, settings={"key": "in-the-pipe"})
    after = with_changes({"type": "track"}, made.changes)
    assert after["none"] == ["undefined"] * 4
    assert after["environment"] == {"TZ": "UTC"}
    assert after["arguments"] == 2


class _Server(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        said = json.dumps({"got": json.loads(body), "key": self.headers["x-key"]}).encode()
        self.send_response(201)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Print nothing."""


def test_fetch_works_with_network(tmp_path: Path) -> None:
    code = """
        async function onTrack(event, settings) {
          const answer = await fetch(settings.url, {
            method: 'POST', headers: {'X-Key': 'k1'}, body: JSON.stringify({a: 1})
          })
          event.answer = [answer.status, answer.ok, answer.headers.get('Content-Type'), await answer.json()]
          return event
        }
        async function onPage(event) { await fetch('http://127.0.0.1:1/'); return event }
    """
    with HTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/"
        try:
            made, page = outcomes(
                tmp_path, code, track(), {"type": "page"}, network=True, settings={"url": url}
            )
        finally:
            server.shutdown()
            thread.join()
    answer = with_changes(track(), made.changes)["answer"]
    assert answer == [201, True, "application/json", {"got": {"a": 1}, "key": "k1"}]
    assert page.effect == "failed"
    assert page.reason.startswith("it threw FetchError: ")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("async function onTrack(event { return event }", "SyntaxError: "),
        ("const key = process.env.KEY", "ReferenceError: process is not defined"),
        ("throw new Error('at once')", "Error: at once"),
        ("import fs from 'fs'", "SyntaxError: Cannot use import statement outside a module"),
    ],
)
def test_code_that_cannot_be_run_is_not_imitated(tmp_path: Path, code: str, why: str) -> None:
    with running(function(tmp_path, code, name="mine")) as room:
        assert room.unusable() == ()
        made = room.run(0, [track(), track()])
        assert [one.effect for one in made] == ["not_imitated"] * 2
        assert made[0].reason.startswith(why)
        (fault,) = room.unusable()
        assert fault.startswith(f"the insert function 'mine' ({why}")


def test_a_missing_file_or_node_is_not_imitated(tmp_path: Path) -> None:
    with running(InsertFunction(file=str(tmp_path / "none.js"))) as room:
        (made,) = room.run(0, [track()])
        assert made.effect == "not_imitated"
        assert made.reason.endswith("none.js cannot be read: No such file or directory")
        assert room.unusable()[0].startswith("the insert function 'none.js' (")
    with running(function(tmp_path, PASS), node="") as room:
        assert room.run(0, [track()]) == [FunctionOutcome(0, "not_imitated", "node is not installed")]
    with running(function(tmp_path, PASS), node=str(tmp_path / "node")) as room:
        assert "cannot be started" in room.run(0, [track()])[0].reason


def test_global_variables_live_on_between_messages(tmp_path: Path) -> None:
    code = "let count = 0; async function onTrack(event) { event.count = ++count; return event }"
    with running(function(tmp_path, code)) as room:
        made = [*room.run(0, [track()] * 70), *room.run(0, [track()])]
    assert [with_changes({}, one.changes)["count"] for one in made] == list(range(1, 72))


def test_each_function_has_a_process_of_its_own(tmp_path: Path) -> None:
    first = function(tmp_path, "async function onTrack(event) { return {...event, a: typeof b} }")
    (tmp_path / "second").mkdir()
    second = function(tmp_path / "second", "var b = 1; async function onTrack() { return {b} }")
    with running(first, second) as room:
        assert with_changes({}, room.run(0, [track()])[0].changes) == {"a": "undefined"}
        assert room.run(1, [track()])[0].function == 1


def test_messages_larger_than_a_pipe(tmp_path: Path) -> None:
    document = track(text="x" * 900_000)
    made = outcomes(tmp_path, "async function onTrack(e) { return {...e, n: 1} }", *[document] * 8)
    assert {one.effect for one in made} == {"passed"}
    assert os.path.getsize(tmp_path / "fn.js") < 100
