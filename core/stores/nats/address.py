"""Where the streams are: `nats://host[:port][,host…]/stream[?replicas=N]`, and the names made of it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from ... import state_folder
from ...errors import JournalError
from .credentials import HOW

SCHEME = "nats://"
DEFAULT_PORT = 4222
PARTITIONS = 8
"""Parts into which messages are divided by their users: so many engines can send at the same time."""

_FORM = "nats://HOST[:PORT][,HOST…]/STREAM, for example nats://10.0.0.5,10.0.0.6,10.0.0.7/segtap"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)


class Address(msgspec.Struct, frozen=True):
    """The servers and the stream of a shared journal. `replicas` is 0 where the URL does not say how many."""

    hosts: tuple[str, ...]
    stream: str
    replicas: int = 0

    @property
    def shown(self) -> str:
        """The address for people; it holds no credentials."""
        return f"{SCHEME}{','.join(self.hosts)}/{self.stream}"

    @property
    def servers(self) -> list[str]:
        """A URL for each server."""
        return [f"{SCHEME}{host}" for host in self.hosts]

    @property
    def receipts(self) -> str:
        """The stream of the requests, and the subject in it."""
        return self.stream

    @property
    def outcomes(self) -> str:
        """The stream of what became of messages; a subject in it for each partition."""
        return f"{self.stream}_outcomes"

    @property
    def leases(self) -> str:
        """The stream that says which engine sends the messages of which partition, and which engines run."""
        return f"{self.stream}_leases"


def is_nats(path: str) -> bool:
    """Return True if the path of a journal names streams of NATS."""
    return path.startswith(SCHEME)


def read_address(url: str) -> Address:
    """Return what a URL says. Raises JournalError for one that cannot be used, and shows no password in
    it.
    """
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise JournalError(f"The journal's URL cannot be read ({error}). Write it as {_FORM}.") from error
    if "@" in parts.netloc:
        raise JournalError(
            "The journal's URL has credentials in it, which others on this machine can see. Take them out,"
            f" and put them into the environment: {HOW}."
        )
    hosts = parts.netloc.split(",")
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise JournalError(f"The journal's URL names no server. Write it as {_FORM}.")
    name = parts.path.strip("/")
    if not _NAME.fullmatch(name):
        raise JournalError(
            f"The journal's URL names no stream, or one whose name has other characters than letters, "
            f"digits, "
            f"- and _. Write it as {_FORM}."
        )
    replicas = query.pop("replicas", ["0"])[-1]
    if query or replicas not in ("0", "1", "3", "5"):
        raise JournalError("The journal's URL may end in ?replicas=1, 3 or 5, and in nothing else.")
    with_port = tuple(host if _has_port(host) else f"{host}:{DEFAULT_PORT}" for host in hosts)
    return Address(with_port, name, int(replicas))


def _has_port(host: str) -> bool:
    return host.rpartition("]")[2].count(":") == 1


def cache_paths(address: Address, count: int) -> list[Path]:
    """Return the files of this machine that may hold a copy of the streams, one for each engine.

    The order in which the URL names the servers does not matter.
    """
    key = "\n".join((*sorted(address.hosts), address.stream))
    digest = hashlib.blake2b(key.encode(), digest_size=5).hexdigest()
    folder = state_folder.state_folder() / "nats"
    return [folder / f"{address.stream}-{digest}-{number}.db" for number in range(1, count + 1)]
