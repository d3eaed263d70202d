"""Where an archive writes its objects: a folder of this machine, or a bucket of S3 or of a server like it.

An object is written whole or not at all, and in place of an earlier one of the same name.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterable, Awaitable, Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from .. import private_files
from ..errors import ForwardingRefused
from ..settings import RouteSettings
from ..text import clean, shorten

BUCKET = "s3://"
_WORDS = 200
"""Characters of a server's words that are shown."""
_PART = 1 << 40
"""Bytes from which an object is sent in parts: never, for parts that are not put together stay and cost."""


class NotWritten(Exception):
    """An object could not be written: the reason in words."""


class Objects(Protocol):
    """A place for objects."""

    async def put(self, name: str, data: bytes) -> None:
        """Write an object, on disk or acknowledged when this returns. Raises NotWritten."""
        ...


class Folder:
    """A folder of this machine; it is made with the first object."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def put(self, name: str, data: bytes) -> None:
        """Write a file, and onto the disk."""
        try:
            await asyncio.to_thread(self._write, self._path / name, data)
        except OSError as error:
            why = error.strerror or str(error)
            raise NotWritten(f"{clean(str(self._path))} cannot be written: {why}") from error

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_files.replace(path, data)
        with contextlib.suppress(OSError):  # where a folder cannot be opened, as on Windows
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


class Bucket:
    """A bucket of S3, through object_store. Credentials come from the environment (`AWS_…`)."""

    def __init__(self, route: RouteSettings) -> None:
        try:
            # By name: only who archives to a bucket has it.
            client, stores = import_module("obstore"), import_module("obstore.store")
        except ImportError:
            raise ForwardingRefused(needs_client(route)) from None
        bucket, _, prefix = route.url.removeprefix(BUCKET).partition("/")
        given = {"endpoint": route.endpoint, "region": route.bucket_region}
        self._put: Callable[..., Awaitable[object]] = client.put_async
        self._list: Callable[..., AsyncIterable[object]] = client.list
        self._where = route.url
        self._store = stores.S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            client_options={"allow_http": route.endpoint.startswith("http://"), "timeout": "60s"},
            retry_config={"max_retries": 0},
            **{name: value for name, value in given.items() if value},
        )

    async def put(self, name: str, data: bytes) -> None:
        """Write an object in one request."""
        try:
            await self._put(self._store, name, data, use_multipart=False, chunk_size=_PART)
        except Exception as error:
            # The client has no base of its own for all that it raises, and none of it ends the archive.
            words = shorten(" ".join(clean(str(error)).split()), _WORDS)
            raise NotWritten(f"{clean(self._where)} cannot be written: {words}") from error

    async def look(self) -> None:
        """Ask for the first name in the bucket. Raises what the client raises."""
        async for _ in self._list(self._store, chunk_size=1):
            return


def objects_of(route: RouteSettings) -> Objects:
    """Return where a route writes. Raises ForwardingRefused if the client for buckets is not installed."""
    return Bucket(route) if route.url.startswith(BUCKET) else Folder(Path(route.url))


def place_fault(route: RouteSettings) -> str:
    """Return why an archive cannot write to its place, "" if nothing speaks against it; writes nothing."""
    if route.url.startswith(BUCKET):
        return "" if find_spec("obstore") else needs_client(route)
    path = Path(route.url)
    try:
        nearest = next(one for one in (path, *path.parents) if one.exists())
    except OSError as error:
        return f"{clean(str(path))} cannot be looked at: {error.strerror or error}"
    if not nearest.is_dir():
        return f"{clean(str(nearest))} is not a folder"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"{clean(str(nearest))} cannot be written by this user"
    return ""


def needs_client(route: RouteSettings) -> str:
    """Return what is missing for a route to a bucket, and how to install it."""
    return (
        f"The route {route.name} writes to a bucket, and needs the package obstore."
        " Install it: pip install 'segtap[s3]'"
    )
