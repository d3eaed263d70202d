"""No telemetry, no calls home: an engine connects to its destination, and to what its settings name.

Variables of OpenTelemetry, which may be set for other programs, name nothing for segtap.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from engines import engine_settings, isolate, listed, post, running_engine, track, until
from otlp_server import Collector

from segtap.core.doctor.source import newest_messages
from segtap.core.settings import MetricsSettings
from segtap.core.stand_in.server import MixpanelServer

Peer = tuple[str, int]

_watching: list[set[Peer]] = []
"""Where connections are noted: an audit hook cannot be removed, so it looks here."""


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event == "socket.connect" and isinstance(arguments[1], tuple):
        _watching[-1].add(arguments[1][:2])


sys.addaudithook(_note)


@pytest.fixture
def peers() -> Iterator[set[Peer]]:
    """Every address that this process connects to during the test."""
    found: set[Peer] = set()
    _watching.append(found)
    yield found
    _watching.pop()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every name that is looked up during the test; names of other machines do not resolve."""
    found: set[str] = set()
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *more: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name in ("127.0.0.1", "::1", "localhost"):
            return real(host, *more, **options)
        found.add(name)
        raise socket.gaierror(socket.EAI_NONAME, "no names in tests")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return found


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "10")


def peer_of(url: str) -> Peer:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


async def test_only_the_destination_is_connected_to(
    tmp_path: Path, peers: set[Peer], names: set[str]
) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings, forwarding=True) as (engine, client):
            async with httpx.AsyncClient(base_url=engine.url, trust_env=False) as http:
                assert (await http.get("/v1/projects/wk/settings")).status_code == 200
            await post(engine.url, track("m-1"))
            (line,) = await listed(client, 1)
            await until(client, lambda state: state.deliveries.sent == 1)
            await client.detail(line.id)
            await client.overview()
            await client.users()
            await client.groups()
            await client.replay([line.id])
            await until(client, lambda state: state.deliveries.sent == 2)
            await newest_messages(settings, limit=10, url=engine.url)
        assert len(mixpanel.events) == 2
        assert peers == {peer_of(engine.url), peer_of(mixpanel.url)}
    assert names == set()


async def test_only_the_destinations_name_is_looked_up(
    tmp_path: Path, peers: set[Peer], names: set[str]
) -> None:
    settings = engine_settings(tmp_path)
    settings = msgspec.structs.replace(
        settings, destination=msgspec.structs.replace(settings.destination, mixpanel_url="", region="eu")
    )
    async with running_engine(settings, forwarding=True) as (engine, client):
        await post(engine.url, track("m-1"))
        await until(client, lambda state: bool(state.retrying))
        assert names == {"api-eu.mixpanel.com"}
        assert peers == {peer_of(engine.url)}


async def test_without_forwarding_nothing_is_connected_to(
    tmp_path: Path, peers: set[Peer], names: set[str]
) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, track("m-1"))
        await listed(client, 1)
        assert peers == {peer_of(engine.url)}
    assert names == set()


async def test_metrics_go_to_the_collector_that_the_settings_name(
    tmp_path: Path, peers: set[Peer], names: set[str]
) -> None:
    async with Collector() as collector:
        metrics = MetricsSettings(otlp=True, otlp_url=collector.url)
        settings = msgspec.structs.replace(engine_settings(tmp_path), metrics=metrics)
        async with running_engine(settings) as (engine, client):
            await post(engine.url, track("m-1"))
            await listed(client, 1)
            async with asyncio.timeout(30):
                while not collector.got:  # noqa: ASYNC110 – of the exporter's thread
                    await asyncio.sleep(0.01)
        assert peers == {peer_of(engine.url), peer_of(collector.url)}
    assert names == set()
