"""A path that is none of Segment's: the answer names it, and the one that was probably meant."""

from __future__ import annotations

import pytest
from ingesting import Sink, ingest_app, post

from segtap.core.sources.segment.routes import near_path


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/v1/trak", "/v1/track"),
        ("/v1/Track", "/v1/track"),
        ("/v1/tracks/", "/v1/track"),
        ("/v1/identfy", "/v1/identify"),
        ("/v1/batches", "/v1/batch"),
        ("/proxy/v1/trak", "/proxy/v1/track"),
        ("/v2/track", "/v1/track"),
        ("/trak", "/v1/track"),
        ("/v1/track", ""),
        ("/own/collect", ""),
        ("/", ""),
    ],
)
def test_the_nearest_path(path: str, meant: str) -> None:
    assert near_path(path) == meant


async def test_a_mistyped_path_is_named_with_the_one_meant_and_listed() -> None:
    sink = Sink()
    answer = await post(ingest_app(sink), "/v1/trak", b'{"event":"E","userId":"u"}')
    assert answer.status == 404
    message = str(answer.json["message"])
    assert message.endswith("/v1/trak is not a path of Segment's: did you mean /v1/track?")
    (receipt,) = sink.refused
    assert receipt.refused == message
