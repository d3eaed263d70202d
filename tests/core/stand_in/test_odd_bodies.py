"""Bodies that no SDK sends: the stand-in Mixpanel answers each, and its page still draws."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import random
from typing import Any
from urllib.parse import quote

import httpx

from segtap.core.stand_in.http_text import token_of
from segtap.core.stand_in.server import MixpanelServer

ODD = [None, True, -1, 1e308, "", "x", "\x1b[31m", "\ud800", [], {}, [[]], {"a": {"b": []}}, "0" * 400, 2**70]
KEYS = """
event properties $token $distinct_id $group_key $group_id
$set $set_once $add $append $union $remove $unset $delete
""".split()  # noqa: SIM905 (a list of these would have 15 lines)
SHAPES = ("json", "form", "base64", "gzip", "half", "noise", "deep")


def record(chance: random.Random) -> dict[str, Any]:
    """A record of which half is odd."""
    made: dict[str, Any] = {key: chance.choice(ODD) for key in KEYS if chance.random() < 0.4}
    if chance.random() < 0.7:
        names = ("token", "time", "distinct_id", "$insert_id", "x")
        made["properties"] = {key: chance.choice(ODD) for key in names if chance.random() < 0.8}
    if chance.random() < 0.6:
        ids = ["u", 7, [1], {}]
        made |= {"event": "E", "$token": "t", "$distinct_id": chance.choice(ids), "$group_key": "k"}
        made["$group_id"] = chance.choice(ids)
    for key in KEYS[6:12]:
        if chance.random() < 0.3:
            made[key] = {"a": chance.choice(ODD), "b": chance.choice([1, [1], "x"])}
    return made


def body_of(shape: str, text: bytes, chance: random.Random) -> tuple[bytes, dict[str, str]]:
    match shape:
        case "form":
            return b"data=" + quote(text).encode(), {}
        case "base64":
            return b"data=" + quote(base64.b64encode(text)).encode(), {}
        case "gzip":
            return gzip.compress(text), {"content-encoding": "gzip"}
        case "half":
            return gzip.compress(text)[:-9], {"content-encoding": "gzip"}
        case "noise":
            return chance.randbytes(20), {}
        case "deep":
            return b"[" * 100_000, {}
        case _:
            return text, {"content-type": "application/json"}


def test_every_body_is_answered() -> None:
    chance, server = random.Random(3), MixpanelServer()
    for number in range(1_500):
        what: Any = chance.choice([record(chance), [record(chance), record(chance)], chance.choice(ODD)])
        shape = SHAPES[number % len(SHAPES)]
        body, headers = body_of(shape, json.dumps(what).encode(), chance)
        if chance.random() < 0.5:
            headers |= {
                "content-type": chance.choice(["application/json", "application/x-ndjson", "text/plain"])
            }
        headers["authorization"] = chance.choice(
            ["Basic c2VjcmV0Og==", "Basic !!", "Basic /w==", "Bearer x", ""]
        )
        target = chance.choice(["/import?strict=1", "/track?verbose=1", "/engage", "/groups", "/x"])
        token_of(target, headers, body)
        answer = server.handle("POST", target, headers, body)
        assert answer.status in (200, 400, 401, 404)
    assert server.events
    assert server.profiles
    assert server._page()


async def test_what_is_not_http_is_refused_and_others_are_served() -> None:
    async with MixpanelServer() as server:
        for noise in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n", b"x" * 600_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(noise)
            answer = await reader.read(1_000)
            assert answer.startswith(b"HTTP/1.1 400"), noise[:20]
            writer.close()
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
            assert (await client.get("/")).status_code == 200
