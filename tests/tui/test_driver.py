"""A wrong event among 15,000, from the first look to its delivery, in a real terminal: tmux runs the program.

`pytest -m terminal tests/tui/test_driver.py --update-grids` draws the README's pictures, too.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from rich.text import Text
from terminals import PATIENCE, UNSET

from segtap.core.stand_in.server import MixpanelServer

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux"),
]

MESSAGES = 15_000
MOST_KEYS = 12
PICTURES = Path(__file__).parents[2] / ".ci"
TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8ff9"
NAMES = ("Product Viewed", "Product Added", "Checkout Started", "Coupon Applied", "Signed Up")


class Driver:
    """A user at a terminal of tmux: presses keys, types text, reads what the screen shows."""

    def __init__(self, socket: Path, size: tuple[int, int]) -> None:
        self.size = size
        self.keys: list[str] = []
        self._tmux = ("tmux", "-S", str(socket), "-f", os.devnull)

    async def run(self, *command: str) -> str:
        """Run a command of tmux and return its output."""
        process = await asyncio.create_subprocess_exec(
            *self._tmux, *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        output, errors = await process.communicate()
        if process.returncode:
            raise AssertionError(f"tmux {command[0]}: {errors.decode()}")
        return output.decode()

    async def press(self, *keys: str) -> None:
        """Press keys, each of which counts."""
        self.keys += keys
        await self.run("send-keys", *keys)

    async def type(self, text: str) -> None:
        """Type text, which does not count."""
        await self.run("send-keys", "-l", text)

    async def sees(self, *patterns: str) -> str:
        """Wait until the screen shows all of these, and return the screen."""
        screen = ""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    screen = await self.run("capture-pane", "-p")
                    if all(re.search(pattern, screen) for pattern in patterns):
                        return screen
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"not all of {patterns} was shown:\n{screen}") from None

    async def draw(self, file: Path) -> None:
        """Draw the screen as an SVG file."""
        text = Text.from_ansi(await self.run("capture-pane", "-p", "-e", "-N"), no_wrap=True)
        console = Console(
            record=True, width=self.size[0], file=io.StringIO(), force_terminal=True, color_system="truecolor"
        )
        console.print(text, end="", crop=True)
        file.write_text(console.export_svg(title="segtap", unique_id="segtap"), "utf-8")


@asynccontextmanager
async def at_the_terminal(folder: Path, mixpanel: str, size: tuple[int, int]) -> AsyncIterator[Driver]:
    """segtap in a terminal of that size, with settings for the stand-in Mixpanel."""
    (folder / "segtap.toml").write_text(f'[destination]\ntoken = "{TOKEN}"\nmixpanel_url = "{mixpanel}"\n')
    driver = Driver(folder / "tmux", size)
    environment = {
        **{name: value for name, value in os.environ.items() if name not in UNSET},
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "COLORTERM": "truecolor",
    }
    line = shlex.join(
        [
            *("env", "-i", "LC_ALL=C.UTF-8", "TERM=tmux-256color"),
            *(f"{name}={value}" for name, value in environment.items() if name not in ("LC_ALL", "TERM")),
            *(sys.executable, "-m", "segtap.tui", "--port", "0"),
        ]
    )
    await driver.run(
        *("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "-c", str(folder), line),
        *(";", "set", "-g", "status", "off", ";", "set", "-g", "escape-time", "0"),
        *(";", "set", "-ga", "terminal-overrides", ",*:Tc"),
    )
    try:
        yield driver
    finally:
        await driver.run("kill-server")


def message(number: int) -> dict[str, object]:
    """The message with that number; one of them has a messageId that Mixpanel refuses."""
    wrong = number == MESSAGES * 2 // 3
    return {
        "type": "track",
        "event": "Order Completed" if wrong else NAMES[number % len(NAMES)],
        "userId": f"user-{number % 997}",
        "messageId": f"order_{number}" if wrong else f"m-{number}",
        "properties": {"revenue": 59.8, "currency": "EUR"} if wrong else {"position": number},
    }


async def post_all(url: str) -> None:
    """Send all messages."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE) as client:
        for first in range(0, MESSAGES, 500):
            batch = [message(number) for number in range(first, first + 500)]
            answer = await client.post("/v1/batch", json={"writeKey": "shop", "batch": batch})
            answer.raise_for_status()


async def test_a_wrong_event_is_found_mended_and_delivered(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    async with (
        MixpanelServer() as mixpanel,
        at_the_terminal(tmp_path, mixpanel.url, (160, 45)) as driver,
    ):
        shown = await driver.sees("Point an SDK here")
        found = re.search(r"http://127\.0\.0\.1:\d+", shown)
        assert found is not None

        await driver.press("f")
        await driver.sees("Turn forwarding on")
        await driver.press("y")
        await driver.sees("FORWARDING ON")
        await post_all(found[0])
        await driver.sees("15,000 received", "14,999 sent", "1 refused")

        await driver.press("N")  # find it
        await driver.sees("order_10000", "insert-id-charset", "✖1")
        await driver.press("5")  # understand it
        await driver.sees("Mixpanel refused 1 of 1 request", r"\$insert_id")
        await driver.press("4")
        await driver.sees("insert-id-charset", "letters, digits and - only")
        if pytestconfig.getoption("--update-grids"):
            await driver.draw(PICTURES / "screenshot.svg")
        await driver.press("e")  # mend it
        await driver.sees("order_10000", "F2 send")
        await driver.type("order-10000")
        await driver.sees(
            '"messageId": "order-10000"',
            "1 changed",
            r"\$insert_id +\"order-10000\"",
            rf"POST {mixpanel.url}",
        )
        if pytestconfig.getoption("--update-grids"):
            await driver.draw(PICTURES / "edit.svg")
        await driver.press("F2")  # send it
        await driver.sees("messageId as in the text")
        await driver.press("s")
        await driver.sees("Sent the edited “Order Completed”")
        await driver.press("Escape", "End", "5")  # see it delivered
        await driver.sees("order-10000", "Mixpanel accepted 1 request", "15,001 received")

        assert len(driver.keys) <= MOST_KEYS, driver.keys
        insert_ids = [event["properties"]["$insert_id"] for event in mixpanel.events]
        assert insert_ids.count("order-10000") == 1
        assert "order_10000" not in insert_ids
        assert len(insert_ids) == MESSAGES
