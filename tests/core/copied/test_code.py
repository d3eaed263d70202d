"""A message as code: run, each snippet makes the same message again."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from details import MESSAGES, classic, detail, refused
from engines import engine_settings, post, running_engine, until

from segtap.core.api.models import MessageDetail
from segtap.core.commands.copy import copied
from segtap.core.copied.code import as_browser, as_node, as_pytest, as_python
from segtap.core.copied.formats import EXPORTERS
from segtap.core.errors import InputError
from segtap.core.sources.segment.times import read_time

AT = "2026-11-24T10:41:03.711Z"
SAME = (
    *("type", "userId", "anonymousId", "event", "name", "category", "properties", "traits", "groupId"),
    *("previousId", "integrations", "messageId"),
)
COMMON: dict[str, Any] = {
    "userId": "u-1",
    "anonymousId": "a-1",
    "timestamp": AT,
    "integrations": {"Mixpanel": False},
}
CALLS: dict[str, dict[str, Any]] = {
    "track": {
        "event": 'It\'s "1" \\ $HOME `id`',
        "properties": {"total": 1.5, "none": None, "n": [{"a": True}]},
    },
    "identify": {"traits": {"name": "Zoë 🎉", "deep": {"b": False}}},
    "page": {"category": "Docs", "name": "Intro", "properties": {"url": "https://a.example/?b=1"}},
    "screen": {"name": "Main"},
    "group": {"groupId": "acme", "traits": {"plan": "pro"}},
    "alias": {"previousId": "a-1", "anonymousId": None},
}


def message(call: str) -> dict[str, Any]:
    whole = {"type": call, "messageId": f"m-{call}", "context": {"ip": "8.8.8.8", "page": {"path": "/"}}}
    return {name: value for name, value in {**whole, **COMMON, **CALLS[call]}.items() if value is not None}


def same(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Compare what two messages say; an SDK adds `properties` and what it knows itself."""
    for name in SAME:
        assert (after.get(name) or {}) == (before.get(name) or {}), name
    assert read_time(after["originalTimestamp"]) == read_time(AT)
    assert before["context"].items() <= after["context"].items()


@pytest.mark.parametrize("how", ["python", "segment-curl"])
async def test_each_call_is_made_again(how: str, tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, *map(message, CALLS))
        await until(client, lambda state: state.received == len(CALLS))
        texts = [await copied(client, f"m-{call}", how) for call in CALLS]
        start = "threading.Thread(target=exec, args=(text, {})).start()"
        together = f"import threading\nfor text in {texts!r}:\n    {start}"
        run = [sys.executable, "-c", together] if how == "python" else ["bash", "-c", "\n".join(texts)]
        done = await asyncio.to_thread(subprocess.run, run, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        await until(client, lambda state: state.received == 2 * len(CALLS))
        found = [json.loads(line) async for line in client.export()]
        again = {one["messageId"]: one for one in found[len(CALLS) :]}
        for before in found[: len(CALLS)]:
            same(before, again[before["messageId"]])


def test_an_assertion_holds_for_its_message(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    sent = [{name: value for name, value in message(call).items() if name != "timestamp"} for call in CALLS]
    pytester.makeconftest(
        "import httpx, pytest\n\n@pytest.fixture(autouse=True)\ndef send(segtap):\n"
        f"    body = {{'batch': {sent!r}, 'writeKey': segtap.write_key}}\n"
        "    httpx.post(f'{segtap.host}/v1/batch', json=body, trust_env=False)\n"
    )
    tests = "\n\n".join(as_pytest(detail(message(call))) for call in CALLS)
    assert tests.count("    segtap.no_errors()\n") == len(CALLS)
    pytester.makepyfile(tests.replace("    segtap.no_errors()\n", ""))
    pytester.runpytest_subprocess("-p", "segtap.core.testing.plugin", "-q").assert_outcomes(passed=len(CALLS))


pytest_plugins = ["pytester"]


def test_the_call_of_a_page_has_its_arguments_in_order() -> None:
    assert as_browser(detail({"type": "page", "category": "Docs"})) == 'analytics.page("Docs", "", {});\n'
    assert (
        as_browser(detail({"type": "alias", "userId": "u", "previousId": "a"}))
        == 'analytics.alias("u", "a");\n'
    )
    assert as_browser(detail({"type": "identify", "traits": {}})) == "analytics.identify({});\n"


def test_signs_that_act_on_a_terminal_are_escapes() -> None:
    for make in (
        as_browser,
        as_pytest,
        lambda of: as_python(of, "http://a"),
        lambda of: as_node(of, "http://a"),
    ):
        text = make(detail({"type": "track", "event": "a\u202eb\x1b\x9b", "userId": "u"}))
        assert "\u202e" not in text
        assert "\x1b" not in text
        assert "\x9b" not in text


@pytest.mark.parametrize("made", [refused(), classic()], ids=["refused", "classic"])
def test_every_format_makes_a_text_or_none(made: MessageDetail) -> None:
    for make in (
        as_browser,
        as_pytest,
        lambda of: as_python(of, "http://a"),
        lambda of: as_node(of, "http://a"),
    ):
        assert (make(made) == "") == made.summary.refused


async def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (_, client):
        with pytest.raises(InputError, match=r"No message has the messageId or .insert_id 'm-9'"):
            await copied(client, "m-9", "python")
        with pytest.raises(InputError, match="no longer in the journal"):
            await copied(client, "9", "python")


def test_ids_and_letters_are_unique() -> None:
    assert len({one.id for one in EXPORTERS}) == len(EXPORTERS)
    assert len({one.key for one in EXPORTERS} | {"n"}) == len(EXPORTERS) + 1
    assert MESSAGES
