"""The lines that the screen and core/sources/README.md give, run as they stand."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from details import detail
from sdk_clients import Endpoint, Node, run_command

from segtap.core.copied.code import as_browser, as_node
from segtap.core.index.labels import describe
from segtap.core.snippets import DEVICE_SNIPPETS, SNIPPETS

LINES = {snippet.sdk: snippet for snippet in SNIPPETS}
DEVICE_LINES = {snippet.sdk: snippet for snippet in DEVICE_SNIPPETS}


async def test_python(endpoint: Endpoint, tmp_path: Path) -> None:
    code = f"""
import segment.analytics as analytics
{LINES["Python"].fill(endpoint.url)}
analytics.track("user-1", "Signed Up")
analytics.shutdown()
"""
    await run_command([sys.executable, "-c", code], tmp_path)
    (message,) = endpoint.messages()
    assert (describe(message)[0], message.write_key) == ("Signed Up", "WRITE_KEY")


async def test_node(endpoint: Endpoint, node: Node) -> None:
    code = f"""
import {{ Analytics }} from '@segment/analytics-node'
const analytics = {LINES["Node"].fill(endpoint.url)}
analytics.track({{ userId: 'user-1', event: 'Signed Up' }})
await analytics.closeAndFlush()
"""
    await node.evaluate(code)
    (message,) = endpoint.messages()
    assert (describe(message)[0], message.write_key) == ("Signed Up", "WRITE_KEY")


async def test_mixpanel_node(endpoint: Endpoint, node: Node) -> None:
    code = f"""
import Mixpanel from 'mixpanel'
{DEVICE_LINES["Mixpanel, Node"].fill(endpoint.url, "PROJECT_TOKEN")}
await new Promise((done) => mixpanel.track('Signed Up', {{ distinct_id: 'user-1' }}, done))
"""
    await node.evaluate(code)
    (message,) = endpoint.messages()
    assert (describe(message)[0], message.write_key) == ("Signed Up", "PROJECT_TOKEN")


async def test_mixpanel_python(endpoint: Endpoint, tmp_path: Path) -> None:
    code = f"""
from mixpanel import Consumer, Mixpanel
{DEVICE_LINES["Mixpanel, Python"].fill(endpoint.url, "PROJECT_TOKEN")}
mp.track("user-1", "Signed Up")
mp.people_set("user-1", {{"plan": "pro"}})
mp.group_set("company", "acme", {{"seats": 3}})
mp.import_data("", "user-1", "Old", 1795557763, api_secret="sec")
"""
    await run_command([sys.executable, "-c", code], tmp_path)
    messages = endpoint.messages()
    assert [describe(message)[0] for message in messages] == ["Signed Up", "$set", "$set", "Old"]
    assert {message.write_key for message in messages} == {"PROJECT_TOKEN"}


async def test_curl(endpoint: Endpoint, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    answer = await run_command(["sh", "-c", LINES["curl"].fill(endpoint.url)], tmp_path)
    assert json.loads(answer) == {"success": True}
    (message,) = endpoint.messages()
    assert message.write_key == "WRITE_KEY"
    assert message.document["userId"] == "user-1"
    assert message.document["properties"] == {"plan": "pro"}


COPIED = {
    "type": "track",
    "event": 'It\'s "1" ${x} `y`',
    "userId": "u-1",
    "messageId": "m-1",
    "timestamp": "2026-11-24T10:41:03.711Z",
    "properties": {"total": 1.5, "none": None, "deep": [{"a": True}]},
    "integrations": {"All": True},
}


async def test_a_message_copied_for_node_is_the_same_again(endpoint: Endpoint, node: Node) -> None:
    await node.evaluate(as_node(detail(COPIED), endpoint.url))
    (message,) = endpoint.messages()
    same = {**message.document, "timestamp": message.document["originalTimestamp"]}
    assert COPIED.items() <= same.items()
    assert message.write_key == "NODEKEY"


async def test_a_message_copied_for_a_page_calls_its_sdk_with_all_that_it_says(node: Node) -> None:
    calls = (
        "const analytics = new Proxy({}, {get: (_, name) => (...given) => "
        "console.log(JSON.stringify([name, ...given]))});\n"
    )
    printed = await node.evaluate(calls + as_browser(detail(COPIED)))
    name, event, properties, options = json.loads(printed)
    assert (name, event, properties) == ("track", COPIED["event"], COPIED["properties"])
    assert options == {name: COPIED[name] for name in ("userId", "timestamp", "integrations")}
