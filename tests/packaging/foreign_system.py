"""Run by test_platforms.py in a process of its own, in which another system stands in for this one.

`foreign_system.py win32|darwin FOLDER` writes a JSON object of what it found: the modules of segtap that
cannot be imported, whether a second engine gets the journal's lock, and how many messages an engine stored.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging.handlers
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import types
import zoneinfo
from pathlib import Path
from typing import Any

import httpx
import platformdirs
import textual.app
import uvicorn

try:
    import textual_serve.server  # its libraries look at the system as they are imported
except ImportError:
    textual_serve = None

POSIX_MODULES = {"fcntl", "resource", "termios", "uvloop", "pwd", "grp", "pty", "tty", "curses", "syslog"}
POSIX_SIGNALS = ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL", "SIGALRM")
POSIX_FUNCTIONS = (
    *("nice", "setpriority", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "getuid", "geteuid", "fork", "mkfifo"),
    *("fchmod", "getpgid", "setsid", "killpg", "sched_getaffinity", "statvfs"),
)
LOADED = (
    asyncio,
    httpx,
    logging.handlers,
    platformdirs,
    subprocess,
    tempfile,
    textual.app,
    uvicorn,
    zoneinfo,
)
"""They look at the system as they are imported, and do so before it is another one."""


class Missing:
    """Finds none of the modules that the system lacks."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def locking() -> types.ModuleType:
    """Windows' module of locks, made of POSIX's: a byte of a file, for one open file at a time."""
    import fcntl

    def lock(file: int, mode: int, count: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_UN if mode == 0 else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(13, "Permission denied") from None

    made: Any = types.ModuleType("msvcrt")
    made.LK_UNLCK, made.LK_NBLCK, made.locking = 0, 2, lock
    return made


def become(system: str) -> None:
    missing = {"uvloop"} if system == "darwin" else POSIX_MODULES
    if system == "win32":
        sys.modules["msvcrt"] = locking()
        for name in POSIX_SIGNALS:
            delattr(signal, name)
        for name in POSIX_FUNCTIONS:
            delattr(os, name)
    for name in missing:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, Missing(missing))  # pyright: ignore[reportArgumentType]
    sys.platform = system


def unimportable() -> dict[str, str]:
    import segtap.core
    import segtap.tui

    found: dict[str, str] = {}
    for root in (segtap.core, segtap.tui):
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if module.name.endswith("__main__"):
                continue
            try:
                importlib.import_module(module.name)
            except ImportError as error:
                found[module.name] = str(error)
    return found


async def run_an_engine(folder: Path) -> dict[str, object]:
    """Start an engine as `segtap forward` does, post to it, try its journal a second time, and stop it."""
    from segtap.core.api.client import Client
    from segtap.core.engine.lifecycle import Engine
    from segtap.core.engine.process import serve
    from segtap.core.errors import JournalLocked
    from segtap.core.settings import IngestSettings, JournalSettings, Settings

    journal = JournalSettings(path=str(folder / "journal.db"))
    settings = Settings(ingest=IngestSettings(port=0, host=("127.0.0.1",)), journal=journal)
    stop, started = asyncio.Event(), asyncio.get_running_loop().create_future()
    running = asyncio.create_task(serve(settings, ready=started.set_result, stop=stop))
    engine = await started
    try:
        async with Engine(settings):
            locked = False
    except JournalLocked:
        locked = True
    async with httpx.AsyncClient(trust_env=False) as http:
        body = {"type": "track", "event": "Signed Up", "userId": "u", "messageId": "m"}
        answer = await http.post(f"{engine.url}/v1/track", json=body)
    async with Client(engine.url, engine.token) as client:
        async for frame in client.feed():
            if frame.state is not None and frame.state.received:
                break
        stored = len((await client.page(limit=10)).summaries)
    stop.set()
    await running
    return {"locked": locked, "status": answer.status_code, "stored": stored}


if __name__ == "__main__":
    system, folder = sys.argv[1:]
    become(system)
    print(json.dumps({"unimportable": unimportable(), **asyncio.run(run_an_engine(Path(folder)))}))
