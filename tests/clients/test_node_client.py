"""@segment/analytics-node itself, sending to the endpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from engines import engine_settings, running_engine, until
from sdk_clients import Endpoint, Node

from segtap.core.errors import JournalError
from segtap.core.index.labels import describe, source_label
from segtap.core.messages import Marks

NAMES = ["Zoë 🎉", "Órder", "Intro", "Main", "acme", "a-1 → new"]


@pytest.mark.parametrize("path", ["/v1/batch", "/custom/ingest"])
async def test_each_call_comes_through(endpoint: Endpoint, node: Node, path: str) -> None:
    names = [*NAMES, *(f"B{number}" for number in range(20))]
    printed = json.loads(await node.run("send.mjs", endpoint.url, json.dumps({"path": path, "events": 20})))
    assert printed["errors"] == []
    got = endpoint.messages()
    # The SDK posts its two batches at once: either may come first.
    got.sort(key=lambda message: names.index(describe(message)[0]))
    assert [describe(message)[0] for message in got] == names
    assert {message.message_id for message in got} == set(printed["delivered"])
    assert {receipt.path for receipt in endpoint.sink.taken} == {path}
    assert len(endpoint.sink.taken) == 2
    identify, track = got[0].document, got[1].document
    assert identify["traits"] == {"name": "Zoë 🎉", "nul": None}
    assert track["integrations"] == {"All": True, "Mixpanel": {"a": 1}}
    assert track["properties"] == {"when": "1970-01-01T00:00:00.000Z", "total": 1.5}
    for message in got:
        assert (message.write_key, source_label(message.document)) == ("NODEKEY", "node")
        assert message.objections == ()


async def test_a_local_fault_is_retried_until_it_is_mended(endpoint: Endpoint, node: Node) -> None:
    endpoint.sink.fails = [JournalError("the disk is gone"), JournalError("still gone")]
    printed = json.loads(await node.run("send.mjs", endpoint.url))
    assert printed["errors"] == []
    assert [describe(message)[0] for message in endpoint.messages()] == NAMES
    assert endpoint.sink.fails == []


async def test_answers_on_demand_are_tried_again_as_attempts_at_the_same_messages(
    node: Node, tmp_path: Path
) -> None:
    settings = engine_settings(tmp_path, answers=("429 retry-after=1 x1", "500 x1", "lost x1"))
    async with running_engine(settings) as (engine, client):
        printed = json.loads(await node.run("send.mjs", engine.url))
        assert printed["errors"] == []
        state = await until(client, lambda state: state.refused == 2 and state.received == 2 * len(NAMES))
        assert state.answers == ()
        lines = (await client.page()).summaries
        assert [line.name.split(":")[0] for line in lines[:2]] == [
            "429 on demand, attempt 1",
            "500 on demand, attempt 2",
        ]
        for id in printed["delivered"]:
            (first, second) = (await client.page(filter=f"id:{id}")).summaries
            assert second.marks & Marks.SECOND_RECEIPT
            attempts = (await client.detail(second.id)).attempts
            assert [one.answer for one in attempts] == ["429", "500", "accepted, answer lost", "200"]
            assert (await client.detail(first.id)).attempts == attempts
