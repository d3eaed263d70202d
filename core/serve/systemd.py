"""What systemd learns of a service of `Type=notify`: that it is ready, that it stops, that it still lives.

Each word is a datagram to the socket that $NOTIFY_SOCKET names; without that nothing is sent.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import resources

logger = logging.getLogger(__name__)

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"


def notify(*words: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send words to systemd; return False where it has not started this process, or cannot be reached."""
    found, fault = _send(words, environ)
    if fault:
        logger.warning("Cannot report %s to systemd: %s", words[0], fault)
    return found


def _send(words: Sequence[str], environ: Mapping[str, str]) -> tuple[bool, str]:
    """Return whether systemd got the words, and what was in the way."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return False, ""
    if address.startswith("@"):
        address = "\0" + address[1:]  # a name in Linux's abstract namespace
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
            sending.setblocking(False)
            sending.sendto("\n".join(words).encode(), address)
    except OSError as error:
        return False, str(error)
    return True, ""


def watchdog_interval(environ: Mapping[str, str] = os.environ) -> float:
    """Return the seconds after which systemd wants to hear again that this process lives, 0 if never."""
    for_pid, given = environ.get("WATCHDOG_PID", ""), environ.get("WATCHDOG_USEC", "")
    if (for_pid and for_pid != str(os.getpid())) or not given.isdecimal():
        return 0.0
    return int(given) / 1_000_000


async def keep_alive(lives: Callable[[], Awaitable[object]], interval: float) -> None:
    """Tell systemd until cancelled that this process lives: twice in each interval, once `lives` returns.

    That it cannot be reached is logged once.
    """
    before = ""
    while interval:
        await lives()
        _, fault = _send((ALIVE,), os.environ)
        if fault and fault != before:
            logger.warning("Cannot report %s to systemd: %s", ALIVE, fault)
        before = fault
        await asyncio.sleep(interval / 2)


def unit(command: str) -> str:
    """Return a unit that runs `segtap forward`, where `command` is the path of segtap."""
    text = resources.files(__package__ or "").joinpath("segtap.service").read_text(encoding="utf-8")
    return text.replace("{command}", command).rstrip("\n")
