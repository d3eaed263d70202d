"""Insert functions in a running engine: judged once, kept, sent as judged, and judged again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from engines import engine_settings, isolate, running_engine, until
from functions import needs_node
from mixpanel_faults import UNAVAILABLE

from segtap.core.engine.lifecycle import Engine
from segtap.core.functions import Limits
from segtap.core.settings import InsertFunction, Settings
from segtap.core.stand_in.server import MixpanelServer

pytestmark = needs_node

COUNT = """
let runs = 0
async function onTrack(event, settings) {
  console.log('run', ++runs, settings.key)
  if (event.event === 'Drop') throw new DropEvent('unwanted ' + settings.key)
  return {...event, event: event.event + ' by ' + settings.by, properties: {chance: Math.random()}}
}
"""


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


def settings(folder: Path, code: str = COUNT, *, url: str = "http://127.0.0.1:9", **more: Any) -> Settings:
    file = folder / "fn.js"
    file.write_text(code, encoding="utf-8")
    one = InsertFunction(file=str(file), settings={"by": "fn", "key": "sk_0123456789"}, **more)
    return msgspec.structs.replace(engine_settings(folder, mixpanel_url=url), insert_functions=(one,))


async def post(engine: Engine, *events: str, type: str = "track") -> None:
    batch = [
        {"type": type, "event": event, "userId": "u1", "messageId": f"m-{event}-{type}"} for event in events
    ]
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{engine.url}/v1/batch", json={"batch": batch})
    assert answer.status_code == 200
    await engine.indexed()


async def details(engine: Engine) -> list[Any]:
    lines = (await engine.queries.page(limit=100)).summaries
    return [await engine.queries.detail(line.id) for line in lines]


def sent_event(detail: Any) -> str:
    (operation,) = detail.verdict.translation.operations
    return operation.request.body[0]["event"]


async def test_messages_are_judged_with_the_function_and_keep_its_outcome(tmp_path: Path) -> None:
    own = settings(tmp_path)
    async with Engine(own) as engine:
        await post(engine, "A", "Drop", "B")
        await post(engine, "P", type="page")
        a, drop, b, page = await details(engine)
        assert [sent_event(a), sent_event(b)] == ["A by fn", "B by fn"]
        assert drop.verdict.translation.not_sent.stage == "insert_function"
        assert drop.verdict.outcomes[0].reason == "it threw DropEvent: unwanted ••••"
        assert drop.verdict.outcomes[0].logs == ("run 2 ••••",)
        assert "insert-function-no-handler" in [one.rule for one in page.verdict.findings]
        before = a.verdict, b.verdict
        assert [(one.stage, one.effect) for one in a.verdict.stages] == [("insert_function", "changed")]
    async with Engine(own) as engine:
        await engine.rejudged()
        a, drop, b, _ = await details(engine)
        assert [sent_event(a), sent_event(b)] == ["A by fn", "B by fn"]
        assert drop.verdict.outcomes[0].logs == ("run 2 ••••",)
        assert (a.verdict, b.verdict) == before


async def test_what_was_judged_is_sent(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        own = settings(tmp_path, url=mixpanel.url)
        async with running_engine(own, forwarding=True) as (engine, client):
            await post(engine, "A", "Drop")
            await until(client, lambda state: state.deliveries.sent >= 1)
        assert [record["event"] for record in mixpanel.events] == ["A by fn"]


async def test_what_is_owed_after_a_restart_is_sent_as_judged(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        own = settings(tmp_path, url=mixpanel.url)
        mixpanel.poison("", UNAVAILABLE)
        async with running_engine(own, forwarding=True) as (engine, client):
            await post(engine, "A", "B")
            judged = [detail.verdict.translation for detail in await details(engine)]
        mixpanel.heal()
        async with running_engine(own, forwarding=True) as (engine, client):
            await until(client, lambda state: state.deliveries.sent >= 2)
        chances = [one.operations[0].request.body[0]["properties"]["chance"] for one in judged]
        assert [event["properties"]["chance"] for event in mixpanel.events] == chances


async def test_other_code_and_other_settings_judge_again(tmp_path: Path) -> None:
    own = settings(tmp_path)
    async with Engine(own) as engine:
        await post(engine, "A")
        (tmp_path / "fn.js").write_text("async function onTrack(e) { return {...e, event: 'new code'} }")
        await engine.parts.change.apply(own)
        await engine.rejudged()
        assert sent_event((await details(engine))[0]) == "new code"
        off = msgspec.structs.replace(own.insert_functions[0], enabled=False)
        await engine.parts.change.apply(msgspec.structs.replace(own, insert_functions=(off,)))
        await engine.rejudged()
        (detail,) = await details(engine)
        assert sent_event(detail) == "A"
        assert detail.verdict.stages == ()


async def test_a_file_that_changes_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text('[[insert_functions]]\nfile = "fn.js"\n', encoding="utf-8")
    own = settings(tmp_path, "async function onTrack(e) { return {...e, event: 'old'} }")
    own = msgspec.structs.replace(own, file=str(file), flags={"destination": {"token": "1" * 32}})
    async with Engine(own) as engine:
        await post(engine, "A")
        (tmp_path / "fn.js").write_text("async function onTrack(e) { return {...e, event: 'newer'} }")
        await engine.parts.watch.look()
        await engine.rejudged()
        assert sent_event((await details(engine))[0]) == "newer"


async def test_a_paste_runs_the_function(tmp_path: Path) -> None:
    async with Engine(settings(tmp_path)) as engine:
        detail = await engine.queries.inspect(b'{"type":"track","event":"P","userId":"u"}')
        assert sent_event(detail) == "P by fn"


async def test_code_that_hangs_stops_no_ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segtap.core.functions.room.USUAL", Limits(seconds=0.3))
    code = "async function onTrack(event) { if (event.event === 'Bad') for (;;) {} return event }"
    async with Engine(settings(tmp_path, code)) as engine:
        await post(engine, "A", "B", "Bad")
        a, b, bad = await details(engine)
        assert [sent_event(a), sent_event(b)] == ["A", "B"]
        assert bad.verdict.outcomes[0].effect == "fault"
        assert "did not end within 0.3 s" in bad.verdict.translation.not_sent.reason
        assert "the insert function 'fn.js' failed" in (await engine.queries.state()).fault
        await post(engine, "C")
        assert (await engine.queries.state()).fault == ""


async def test_without_node_the_function_is_named_and_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segtap.core.functions.room.shutil.which", lambda name: None)
    async with Engine(settings(tmp_path)) as engine:
        await post(engine, "A")
        (detail,) = await details(engine)
        assert sent_event(detail) == "A"
        assert [(one.effect, one.reason) for one in detail.verdict.stages] == [
            ("not_imitated", "node is not installed")
        ]
        assert "not-imitated" in [one.rule for one in detail.verdict.findings]
        state = await engine.queries.state()
        assert state.not_imitated == "the insert function 'fn.js' (node is not installed)"
