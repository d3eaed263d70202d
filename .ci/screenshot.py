"""Make the README's picture from the running app: an engine, the demo's traffic, a stand-in Mixpanel.

`python .ci/screenshot.py` writes `.ci/screenshot.svg`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from msgspec.structs import replace

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from mixpanel_server import MixpanelServer  # noqa: E402

from segtap.core.api.client import Client  # noqa: E402
from segtap.core.config import load  # noqa: E402
from segtap.core.demo import start_demo  # noqa: E402
from segtap.core.serve.launch import start_engine  # noqa: E402
from segtap.core.settings import Settings  # noqa: E402
from segtap.tui.app import SegtapApp  # noqa: E402

SIZE = (176, 46)
MESSAGES = 90
SHOWN = "Order Completed"


def settings_for(mixpanel_url: str, folder: str) -> Settings:
    """An engine of its own on a free port, that sends to the stand-in."""
    settings = load(environ={"MIXPANEL_TOKEN": "a1b2c3d4e5f60718293a4b5c6d7e8ff9"})
    return replace(
        settings,
        ingest=replace(settings.ingest, port=0),
        journal=replace(settings.journal, path=f"{folder}/journal.db"),
        destination=replace(settings.destination, mixpanel_url=mixpanel_url),
    )


async def all_sent(client: Client) -> None:
    """Wait until nothing is owed to Mixpanel any more."""
    async for frame in client.feed():
        state = frame.state
        if state is not None and state.received >= MESSAGES and not state.deliveries.waiting:
            return


async def main() -> None:
    """Play, settle, take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        async with MixpanelServer() as mixpanel:
            settings = settings_for(mixpanel.url, folder)
            async with await start_engine(settings) as engine, Client(engine.url, engine.token) as client:
                await client.set_forwarding(True)
                demo = start_demo(engine.url, rate=40, count=MESSAGES, quiet=True)
                assert await asyncio.to_thread(demo.wait) == 0
                await all_sent(client)
                page = await client.page(limit=MESSAGES)
                wrong = [line for line in page.summaries if line.errors and line.name == SHOWN]
                app = SegtapApp(client, settings)
                async with app.run_test(size=SIZE) as pilot:
                    assert app.main is not None
                    while not app.main.list.select_id(wrong[-1].id):
                        await pilot.pause(0.1)
                    await pilot.pause(1.5)
                    picture = app.export_screenshot(title="segtap")
    (ROOT / ".ci" / "screenshot.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
