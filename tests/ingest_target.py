"""An engine of which only ingest and the receipt log run, for benchmarks: `ingest_target.py FOLDER`.

It prints its port. What is received is written to the journal and acknowledged, and not judged.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from engines import engine_settings

from segtap.core import stores
from segtap.core.engine.active import ActiveSettings
from segtap.core.engine.build import build
from segtap.core.serve.server import listen


async def main(folder: Path) -> None:
    settings = engine_settings(folder)
    opened, listener = await stores.open(settings.journal), listen(settings.ingest)
    parts = build(ActiveSettings(settings), opened, listener, token="token")
    await parts.web.start()
    print(listener.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(Path(sys.argv[1])))
