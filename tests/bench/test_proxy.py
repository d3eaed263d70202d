"""A request through `segtap proxy` against a bare pass-through of httpx beside it: only the ratio counts.

The proxy keeps each request on disk before it answers. `pytest tests/bench -s` prints the figures.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
from engines import engine_settings, running_engine, track
from ingesting import served
from standins import stand_in

from segtap.core.settings import ProxySettings

REQUESTS = 150
ROUNDS = 4


def bare(client: httpx.AsyncClient, url: str) -> Any:
    """An app that passes bodies on, and looks at nothing."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            event = await receive()
            body += event["body"]
            more = event["more_body"]
        answer = await client.request(scope["method"], url + scope["path"], content=body)
        headers = [(b"content-length", b"%d" % len(answer.content))]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": answer.content})

    return app


async def seconds_a_request(client: httpx.AsyncClient, url: str, start: int) -> float:
    began = time.perf_counter()
    for number in range(start, start + REQUESTS):
        properties = {f"property_{i}": f"value {i} of {number}" for i in range(14)}
        body = json.dumps({"batch": [track(f"m-{number}", properties=properties)], "writeKey": "wk"})
        assert (await client.post(url, content=body)).status_code == 200
    return (time.perf_counter() - began) / REQUESTS


async def test_the_proxy_adds_little(tmp_path: Path) -> None:
    async with stand_in() as segment, httpx.AsyncClient(trust_env=False) as client:
        settings = msgspec.structs.replace(
            engine_settings(tmp_path), proxying=True, proxy=ProxySettings(segment_api_url=segment.url)
        )
        async with (
            httpx.AsyncClient(trust_env=False) as passing,
            served(bare(passing, segment.url)) as port,
            running_engine(settings) as (engine, _),
        ):
            through: list[float] = []
            plain: list[float] = []
            for number in range(ROUNDS):
                start = number * REQUESTS
                plain.append(await seconds_a_request(client, f"http://127.0.0.1:{port}/v1/batch", start))
                through.append(await seconds_a_request(client, f"{engine.url}/segment/v1/batch", start))
    ratio, added = min(through) / min(plain), min(through) - min(plain)
    print(f"\nbare {min(plain) * 1e3:.2f} ms a request, the proxy {added * 1e3:.2f} ms more: {ratio:.2f}")
    assert ratio < 4
