"""The streams of a shared journal: made if they are missing, and looked at if they are there."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from ...errors import JournalError
from .address import PARTITIONS, Address
from .connection import MESSAGE_NOT_FOUND, STREAM_NOT_FOUND, ApiFault, Away, Connection

LEASE_SECONDS = 8.0
"""Seconds after which an engine that is not heard of loses its partitions."""
SAFE_REPLICAS = 3
_NS = 1_000_000_000
_NO_JETSTREAM = frozenset((10039, 10076, 503))
_NOT_ALONE, _TOO_FEW = 10074, 10005


class Streams(msgspec.Struct, frozen=True):
    """What the streams are: when each was made says whether it is still the same one."""

    created: str
    receipts_last: int
    outcomes_last: int

    @property
    def origin(self) -> str:
        """What a copy of them is a copy of."""
        return self.created


async def open_streams(connection: Connection, max_bytes: int) -> Streams:
    """Return the streams, made if needed. Raises JournalError where they cannot be used, with what to do."""
    address = connection.address
    replicas = address.replicas or (SAFE_REPLICAS if connection.clustered else 1)
    made: list[Mapping[str, Any]] = []
    for config in configs(address, replicas, max_bytes):
        found = await _open(connection, config)
        _check(address, config, found["config"], asked=address.replicas)
        made.append(found)
    receipts, outcomes, _ = made
    return Streams(
        f"{receipts['created']} {outcomes['created']}",
        int(receipts["state"]["last_seq"]),
        int(outcomes["state"]["last_seq"]),
    )


def configs(address: Address, replicas: int, max_bytes: int) -> list[dict[str, Any]]:
    """Return the configuration of each stream."""
    common = {"retention": "limits", "storage": "file", "num_replicas": replicas, "discard": "new"}
    return [
        {
            **common,
            "name": address.receipts,
            "subjects": [f"{address.stream}.receipts", f"{address.stream}.parts"],
            "max_bytes": max_bytes,
        },
        {**common, "name": address.outcomes, "subjects": [f"{address.stream}.outcomes.*"]},
        {
            **common,
            "name": address.leases,
            "subjects": [f"{address.stream}.lease.*", f"{address.stream}.node.*"],
            "max_msgs_per_subject": 1,
            "discard": "old",
            "max_age": int(LEASE_SECONDS * _NS),
            "duplicate_window": int(LEASE_SECONDS * _NS),
        },
    ]


async def info(connection: Connection, stream: str, **body: object) -> dict[str, Any]:
    """Return what JetStream says of a stream."""
    return await connection.api(f"STREAM.INFO.{stream}", body or None)


async def created(connection: Connection) -> str:
    """Return what says whether the streams are the same as before, see `Streams.origin`."""
    address = connection.address
    found = [(await info(connection, name))["created"] for name in (address.receipts, address.outcomes)]
    return " ".join(map(str, found))


async def _open(connection: Connection, config: Mapping[str, Any]) -> dict[str, Any]:
    name = str(config["name"])
    try:
        try:
            return await info(connection, name)
        except ApiFault as fault:
            if fault.code != STREAM_NOT_FOUND:
                raise
            return await connection.api(f"STREAM.CREATE.{name}", config)
    except ApiFault as fault:
        raise _in_words(connection.address, config, fault) from fault
    except Away as error:
        raise Away(
            f"{connection.address.shown} has no JetStream that answers. Start each server with JetStream "
            "(nats-server --jetstream), and see that more than half of the cluster's servers run."
        ) from error


def _in_words(address: Address, config: Mapping[str, Any], fault: ApiFault) -> JournalError:
    if fault.code in _NO_JETSTREAM:
        return JournalError(
            f"The server at {address.shown} runs without JetStream. Start it with: nats-server --jetstream"
        )
    if fault.code in (_NOT_ALONE, _TOO_FEW):
        return JournalError(
            f"{address.shown} cannot keep {config['num_replicas']} replicas ({fault.words}). Start more "
            f"servers, or "
            "end the URL with ?replicas=1: then what one server loses is lost."
        )
    return JournalError(f"The stream {config['name']} at {address.shown} cannot be made: {fault.words}.")


def _check(address: Address, wanted: Mapping[str, Any], found: Mapping[str, Any], *, asked: int) -> None:
    """Raise JournalError if a stream is one that would lose messages, or another program's."""
    name = wanted["name"]
    if sorted(found["subjects"]) != sorted(wanted["subjects"]):
        raise JournalError(
            f"The stream {name} at {address.shown} belongs to another program: its subjects are "
            f"{', '.join(found['subjects'][:3])}. Name another stream at the end of --journal."
        )
    wrong = [
        f"{setting} is {found.get(setting)} and must be {value}"
        for setting, value in (("retention", "limits"), ("storage", "file"), ("discard", wanted["discard"]))
        if found.get(setting) != value
    ]
    if wanted["discard"] == "new":
        limits = {"max_age": 0, "max_msgs": -1, "max_msgs_per_subject": -1}
        wrong += [
            f"{limit} must not be set"
            for limit, none in limits.items()
            if found.get(limit, none) not in (none, -1, 0)
        ]
    if asked and found["num_replicas"] < asked:
        wrong.append(f"it has {found['num_replicas']} replicas and the URL asks for {asked}")
    if wrong:
        raise JournalError(
            f"The stream {name} at {address.shown} has other settings than segtap gives it, and could lose "
            f"messages: "
            f"{'; '.join(wrong)}. Change them with `nats stream edit {name}`, or name another stream."
        )


async def purge_outcomes(connection: Connection) -> None:
    """Delete the outcomes that were written before the oldest receipt there is: they concern none that is
    left.
    """
    address = connection.address
    receipts = (await info(connection, address.receipts))["state"]
    outcomes = (await info(connection, address.outcomes))["state"]
    if not receipts["messages"]:
        return
    since = _moment(receipts["first_ts"])
    low, high = int(outcomes["first_seq"]), int(outcomes["last_seq"]) + 1
    while low < high:
        middle = (low + high) // 2
        try:
            found = await connection.api(f"STREAM.MSG.GET.{address.outcomes}", {"seq": middle})
            older = _moment(str(found["message"]["time"])) < since
        except ApiFault as fault:
            if fault.code != MESSAGE_NOT_FOUND:
                raise
            older = True  # another engine has deleted it
        low, high = (middle + 1, high) if older else (low, middle)
    await connection.api(f"STREAM.PURGE.{address.outcomes}", {"seq": low})


def _moment(text: str) -> tuple[str, str]:
    """Return a time of NATS so that earlier ones are less: its fraction may have any number of digits."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return whole, fraction.ljust(9, "0")


def outcome_subject(address: Address, partition: int | None) -> str:
    """Return the subject of what became of a partition's messages; None: what concerns all."""
    return f"{address.stream}.outcomes.{'all' if partition is None else partition}"


def lease_subject(address: Address, partition: int) -> str:
    """Return the subject of a partition's lease."""
    return f"{address.stream}.lease.{partition}"


def partition_of(user: str) -> int:
    """Return the partition of a user's messages, the same for every engine."""
    return zlib.crc32(user.encode("utf-8", "surrogatepass")) % PARTITIONS
