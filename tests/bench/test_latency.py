"""How long senders wait for an answer while the engine judges what they send, against bare uvicorn.

Requests come at a steady rate, whether or not those before are answered. Beside bare uvicorn runs a process
that is always busy, as a worker process of the engine is; but that one makes room for the engine, and bare
uvicorn writes nothing to the disk. So the engine is also compared with its own receiving and storing, without
verdicts: the rest is what judging adds.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import httpx
import ingest_target
import latency
import load
import pytest
from bare_server import BARE, serving
from engines import engine_settings, isolate
from measured import batches
from processes import running

from segtap.core.serve.launch import start_engine

RATE, BATCH, SECONDS, ROUNDS = 40, 50, 3, 3
"""Requests a second and messages in each: 2,000 messages a second, about half of what is judged."""
MOST = 8.0
"""Times the p99 of bare uvicorn; measured 2.6 to 6 on a machine with much other work."""
MOST_TO_STORING = 5.0
"""Times the p99 of receiving and storing alone; measured 1.0 to 3.3 on the same."""
BUSY = "while True: pass"
EDGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


async def times(port: int, requests: Path) -> list[float]:
    """Milliseconds until each answer."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, latency.__file__, str(port), str(requests), str(RATE), str(SECONDS)),
        stdout=subprocess.PIPE,
        limit=1 << 24,
    )
    return json.loads((await child.communicate())[0])


def share(taken: list[float], part: float) -> float:
    return sorted(taken)[int(len(taken) * part)]


def line(name: str, taken: list[float]) -> str:
    """The figures of one server, with how many answers took up to 1, 2, 4 … ms."""
    counts = [sum(low <= one < high for one in taken) for low, high in zip((0, *EDGES), EDGES, strict=False)]
    return (
        f"{name:22} p50 {share(taken, 0.5):6.1f} ms, p99 {share(taken, 0.99):6.1f} ms;"
        f" below {'/'.join(map(str, EDGES))} ms: {counts}"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="processes are slowed down as Linux does it")
@pytest.mark.timeout(300)
async def test_the_slowest_answers_while_verdicts_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    requests = tmp_path / "requests"
    requests.mkdir()
    for number, body in enumerate(batches(RATE * SECONDS * BATCH, BATCH)):
        (requests / f"{number:04}").write_bytes(load.http_post("/v1/batch", body))

    bare, storing, judging = list[float](), list[float](), list[float]()
    for turn in range(ROUNDS):
        with running([sys.executable, "-c", BUSY]):
            async with serving("-c", BARE) as (port, _):
                bare += await times(port, requests)
        (tmp_path / f"storing-{turn}").mkdir()
        async with serving(ingest_target.__file__, str(tmp_path / f"storing-{turn}")) as (port, _):
            storing += await times(port, requests)
        (tmp_path / f"engine-{turn}").mkdir()
        async with await start_engine(engine_settings(tmp_path / f"engine-{turn}")) as engine:
            judging += await times(int(engine.url.rsplit(":", 1)[1]), requests)
            judged = (await asyncio.to_thread(httpx.get, f"{engine.url}/_segtap/healthz")).json()["judged"]
            assert judged > 0

    ratio, added = (share(judging, 0.99) / share(other, 0.99) for other in (bare, storing))
    with capsys.disabled():
        for name, taken in (("bare, beside busy work", bare), ("storing", storing), ("judging", judging)):
            print("\n" + line(name, taken), end="")
        print(f"\np99 while judging: {ratio:.1f} times bare uvicorn's, {added:.1f} times that of storing")
    assert ratio <= MOST
    assert added <= MOST_TO_STORING
