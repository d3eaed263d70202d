"""Metrics sent to an OpenTelemetry Collector: the numbers of Prometheus' page, and nothing that is secret."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from answering_server import Said
from engines import API_SECRET, engine_settings, isolate, listed, post, running_engine, track, until
from otlp_server import Collector

from segtap.core.engine import exporting as exporting_module
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import SettingsError
from segtap.core.metrics import otlp
from segtap.core.metrics.histogram import BOUNDS
from segtap.core.settings import MetricsSettings, Settings
from segtap.core.stand_in.server import MixpanelServer

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "100")


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with Collector() as collector:
        yield collector


def sending(folder: Path, collector: Collector | None = None, url: str = "", **keys: Any) -> Settings:
    url = collector.url if collector is not None else url
    metrics = MetricsSettings(otlp=True, otlp_url=url)
    return msgspec.structs.replace(engine_settings(folder, **keys), metrics=metrics)


async def eventually(true: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if true():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never came true")


async def test_the_numbers_are_those_of_prometheus_page(tmp_path: Path, collector: Collector) -> None:
    async with MixpanelServer() as mixpanel:
        settings = sending(tmp_path, collector, mixpanel_url=mixpanel.url)
        began = time.time_ns()
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-1"), track("m-2"))
            await post(engine.url, track("m_3!"))
            await until(client, lambda state: state.deliveries.sent == 2 and state.deliveries.refused == 1)
            async with httpx.AsyncClient(trust_env=False) as http:
                page = (await http.get(f"{engine.url}/_segtap/metrics")).text
            port, before = engine.url.rpartition(":")[2], len(collector.got)
            # The next but one was made after the page.
            await eventually(lambda: len(collector.got) > before + 1)
    lines = [line.rpartition(" ") for line in page.splitlines() if not line.startswith("#")]
    told = {
        name: float(value) for name, _, value in lines if "_bucket" not in name and "_created" not in name
    }
    assert collector.values.keys() == told.keys()
    moving = ("_sum", "_bytes", "segtap_forwarding")
    for name, value in told.items():
        if not any(part in name for part in moving):
            assert collector.values[name] == value, name
    assert collector.values["segtap_sent_messages_total"] == 2
    assert collector.values['segtap_refused_messages_total{reason="mixpanel_400"}'] == 1
    sent = collector.metrics["segtap_sent_messages_total"]
    assert (sent.sum.is_monotonic, sent.sum.aggregation_temporality) == (True, 2)
    (point,) = sent.sum.data_points
    assert began - 10**9 < point.start_time_unix_nano < point.time_unix_nano < time.time_ns() + 10**9
    judged = collector.metrics["segtap_judge_seconds"]
    (point,) = judged.histogram.data_points
    assert (tuple(point.explicit_bounds), sum(point.bucket_counts)) == (BOUNDS, point.count)
    assert not point.HasField("min")
    assert (judged.unit, collector.metrics["segtap_journal_bytes"].unit, sent.unit) == ("s", "By", "")
    assert collector.resource["service.name"] == "segtap"
    assert collector.resource["service.instance.id"].endswith(f":{port}")
    assert {(one.method, one.target) for one in collector.got} == {("POST", "/v1/metrics")}


async def test_the_last_numbers_are_sent_at_the_end(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting_module, "LAST", 30.0)
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "3600000")
    async with running_engine(sending(tmp_path, collector)) as (engine, client):
        await post(engine.url, track("m-1"))
        await listed(client, 1)
        assert collector.got == []
    assert len(collector.got) == 1
    assert collector.values["segtap_received_messages_total"] == 1


async def test_nothing_secret_is_sent(tmp_path: Path, collector: Collector) -> None:
    settings = sending(tmp_path, collector)
    assert settings.destination.api_secret.reveal() == API_SECRET
    async with running_engine(settings) as (engine, client):
        await post(engine.url, track("m-1", "A Private Event"), write_key="a-long-write-key")
        await listed(client, 1)
        await eventually(lambda: len(collector.got) > 1)
        secrets = (API_SECRET, settings.destination.token, engine.token, "a-long-write-key", "Private")
    for one in collector.got:
        whole = one.body + repr(one.headers).encode()
        assert not [secret for secret in secrets if secret.encode() in whole]


async def test_the_standard_variables_say_where_and_what_else(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, f"{collector.url}/base/")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=staging,service.instance.id=one")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "events")
    async with running_engine(sending(tmp_path)):
        await eventually(lambda: bool(collector.got))
    assert collector.got[0].target == "/base/v1/metrics"
    assert collector.got[0].header("authorization") == "Bearer abc"
    resource = collector.resource
    assert (resource["service.name"], resource["service.instance.id"]) == ("events", "one")
    assert resource["deployment.environment"] == "staging"


async def test_a_collector_that_fails_costs_one_line_of_the_log(
    tmp_path: Path, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.said = Said(401, b"who are you?", ())
    with caplog.at_level(logging.INFO):
        async with running_engine(sending(tmp_path, collector)) as (engine, client):
            await eventually(lambda: len(collector.got) >= 3)
            assert (await client.state()).fault == ""
            collector.said = Said(200, b"", ())
            await eventually(lambda: "again" in caplog.text)
            assert (await post(engine.url, track("m-1"))).status_code == 200
    told = [record for record in caplog.records if "metrics are" in record.getMessage()]
    assert [record.levelname for record in told] == ["WARNING", "INFO"]
    words = f"metrics are not sent to {collector.url}/v1/metrics: it answers 401 X"
    assert told[0].getMessage() == words
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]


async def test_a_collector_that_is_away_is_named_with_its_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.5")
    url = "http://user:hunter2@127.0.0.1:9"
    async with running_engine(sending(tmp_path, url=url)):
        await eventually(lambda: "metrics are not sent" in caplog.text)
        began = time.monotonic()
    assert time.monotonic() - began < 1.5
    assert "metrics are not sent to http://••••@127.0.0.1:9/v1/metrics: [Errno 111] Connection" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("connects", [True, False])
async def test_a_collector_that_does_not_answer_does_not_hold_up_the_end(
    tmp_path: Path, silent: str, connects: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting_module, "LAST", 0.3)
    engine = Engine(sending(tmp_path, url=silent if connects else "http://user:hunter2@127.0.0.1:9"))
    await engine.start()
    await asyncio.sleep(0.2)  # until the first export is under way
    began = time.monotonic()
    await engine.stop()
    assert time.monotonic() - began < 2


async def test_nothing_is_sent_unless_the_settings_ask_for_it(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, collector.url)
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        assert engine.parts.exporting is None
        await post(engine.url, track("m-1"))
        await listed(client, 1)
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    async with running_engine(sending(tmp_path, collector)) as (engine, _):
        assert engine.parts.exporting is None
    assert collector.got == []


@pytest.mark.parametrize(
    ("variables", "url", "words"),
    [
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "",
            "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc', but segtap sends",
        ),
        (
            {"OTEL_METRIC_EXPORT_INTERVAL": "often"},
            "",
            "OTEL_METRIC_EXPORT_INTERVAL is 'often', which is not",
        ),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "0"}, "", "is not a number of milliseconds above 0"),
        ({ENDPOINT: "collector:4318"}, "", "Metrics cannot be sent to collector:4318/v1/metrics: the URL of"),
        ({}, "ftp://me:hunter2@collector", "Metrics cannot be sent to ftp://••••@collector/v1/metrics"),
    ],
)
async def test_what_cannot_be_used_is_said_at_the_start(
    tmp_path: Path, variables: dict[str, str], url: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        await Engine(sending(tmp_path, url=url)).start()
    assert words in str(refused.value)
    assert "hunter2" not in str(refused.value)


async def test_without_the_sdk_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(otlp, "import_module", missing)
    with pytest.raises(SettingsError, match=r"pip install 'segtap\[otel\]', or take otlp out"):
        await Engine(sending(tmp_path)).start()
