"""The tee for analytics-node: Segment receives as before, and segtap gets a marked copy of each message."""

from __future__ import annotations

import asyncio
import json

from sdk_clients import Endpoint, Node, nobody_listens

from segtap.core.errors import JournalError
from segtap.core.messages import Marks
from segtap.core.snippets import TEE_NODE

CALLS = """
const delivered = []
const report = (error, context) => delivered.push(error ? String(error.reason) : context.event.messageId)
const userId = 'u-1'
analytics.identify({ userId, traits: { name: 'Zoë 🎉' } }, report)
analytics.page({ anonymousId: 'a-1', name: 'Intro' }, report)
analytics.alias({ userId, previousId: 'a-1' }, report)
for (let i = 0; i < 20; i++) analytics.track({ userId, event: `B${i}`, integrations: { All: false } }, report)
await analytics.closeAndFlush({ timeout: 20000 })
console.log(JSON.stringify(delivered))
"""


async def send(node: Node, segment: Endpoint, tee: str) -> list[str]:
    """Send 23 messages to Segment with this tee; gives what the SDK reports of each, sorted."""
    start = "import { Analytics } from '@segment/analytics-node'\n"
    start += f"const analytics = new Analytics({{ writeKey: 'KEY', host: '{segment.url}' }})\n"
    return sorted(json.loads(await node.evaluate(start + tee + CALLS)))


def ids(endpoint: Endpoint) -> list[str]:
    """The ids of what came, sorted: two requests may overtake each other."""
    return sorted(message.message_id for message in endpoint.messages())


async def test_both_get_every_message_and_segtaps_are_marked(
    endpoint: Endpoint, segment: Endpoint, node: Node
) -> None:
    delivered = await send(node, segment, TEE_NODE.fill(endpoint.url))
    sent, copied = segment.messages(), endpoint.messages()
    assert ids(segment) == delivered
    assert len(delivered) == len(set(delivered)) == 23
    assert {message.message_id: message.document for message in copied} == {
        message.message_id: message.document for message in sent
    }
    assert len(copied) == 23
    assert sorted(r.body for r in endpoint.sink.taken) == sorted(r.body for r in segment.sink.taken)
    assert {message.marks for message in copied} == {Marks.TEED}
    assert {message.marks for message in sent} == {Marks.NONE}
    assert {message.write_key for message in copied} == {"KEY"}


async def test_what_segment_gets_twice_is_copied_twice(
    endpoint: Endpoint, segment: Endpoint, node: Node
) -> None:
    segment.sink.fails = [JournalError("come again")]
    delivered = await send(node, segment, TEE_NODE.fill(endpoint.url))
    assert ids(segment) == delivered
    assert set(ids(endpoint)) == set(delivered)
    assert len(endpoint.sink.taken) == len(segment.sink.taken) + 1


async def test_without_segtap_segment_gets_all_the_same(segment: Endpoint, node: Node) -> None:
    delivered = await send(node, segment, TEE_NODE.fill(nobody_listens()))
    assert ids(segment) == delivered
    assert len(delivered) == 23


async def test_a_segtap_that_hangs_neither_stops_segment_nor_the_process(
    segment: Endpoint, node: Node
) -> None:
    came: list[asyncio.StreamWriter] = []

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer)

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        tee = TEE_NODE.fill(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert "AbortSignal.timeout(5000)" in tee
        quicker = tee.replace("AbortSignal.timeout(5000)", "AbortSignal.timeout(300)")
        delivered = await send(node, segment, quicker)
        for writer in came:
            writer.close()
    assert came
    assert ids(segment) == delivered
    assert len(delivered) == 23
