"""The lines that the screen and core/sources/README.md give, run as they stand."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from sdk_clients import Endpoint, Node, run_command

from segtap.core.index.labels import describe
from segtap.core.snippets import SNIPPETS

LINES = {snippet.sdk: snippet for snippet in SNIPPETS}


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


async def test_curl(endpoint: Endpoint, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    answer = await run_command(["sh", "-c", LINES["curl"].fill(endpoint.url)], tmp_path)
    assert json.loads(answer) == {"success": True}
    (message,) = endpoint.messages()
    assert message.write_key == "WRITE_KEY"
    assert message.document["userId"] == "user-1"
    assert message.document["properties"] == {"plan": "pro"}
