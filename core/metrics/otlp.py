"""The metrics as OpenTelemetry's SDK exports them, and how they are sent: OTLP over HTTP, with its exporter.

The numbers are those of Prometheus' page. The SDK's own instruments are not used: it has no observable
histogram, and with its synchronous ones every message would be counted twice.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from ..errors import SettingsError
from ..server_url import without_user
from ..settings import MetricsSettings
from ..text import clean, shorten
from .exposition import Family
from .histogram import BOUNDS, Histogram

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
METRICS_ENDPOINT = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
PROTOCOLS = ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
INTERVAL = "OTEL_METRIC_EXPORT_INTERVAL"
DISABLED = "OTEL_SDK_DISABLED"
PATH = "/v1/metrics"
DEFAULT_INTERVAL = 60.0
SHORTEST_INTERVAL = 0.1
_WORDS = 200
_UNITS = {"_seconds": "s", "_bytes": "By"}
"""Units by the end of a metric's name; a Collector would make `_ratio` of what is counted with the unit 1."""


def wanted(settings: MetricsSettings, environ: Mapping[str, str]) -> bool:
    """Return whether metrics are to be sent: the settings say so, and OTEL_SDK_DISABLED is not set."""
    return settings.otlp and environ.get(DISABLED, "").strip().lower() != "true"


def interval(environ: Mapping[str, str]) -> float:
    """Return the seconds between two exports. Raises SettingsError for a variable that is not a number."""
    text = environ.get(INTERVAL, "").strip()
    try:
        seconds = float(text) / 1000 if text else DEFAULT_INTERVAL
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise SettingsError(f"{INTERVAL} is {clean(text)!r}, which is not a number of milliseconds above 0.")
    return max(seconds, SHORTEST_INTERVAL)


class Exporter:
    """Sends metrics to a Collector. `port` is the engine's, which tells engines of one machine apart.

    Raises SettingsError if the package is not installed, or settings and variables cannot be used.
    """

    def __init__(self, settings: MetricsSettings, version: str, port: int) -> None:
        try:
            # By name: only who sends metrics has it.
            self._sdk: Any = import_module("opentelemetry.sdk.metrics.export")
            resources: Any = import_module("opentelemetry.sdk.resources")
            scopes: Any = import_module("opentelemetry.sdk.util.instrumentation")
            otlp: Any = import_module("opentelemetry.exporter.otlp.proto.http.metric_exporter")
        except ImportError as error:
            raise SettingsError(
                "otlp under [metrics] needs OpenTelemetry's SDK, which is not installed:"
                " pip install 'segtap[otel]', or take otlp out."
            ) from error
        for name in PROTOCOLS:
            if (protocol := os.environ.get(name, "").strip()) not in ("", "http/protobuf"):
                raise SettingsError(
                    f"{name} is {clean(protocol)!r}, but segtap sends metrics over HTTP only: set it to"
                    " http/protobuf, with the Collector's port for HTTP, which is 4318 unless changed."
                )
        url = _url(settings)
        self.where = without_user(clean(url))
        self._log = _Said()
        self._why = ""
        """Why the last request failed; the exporter itself says it only in a log line, and not always."""
        logging.getLogger(otlp.__name__).addFilter(self._log)
        try:
            self._exporter: Any = otlp.OTLPMetricExporter(endpoint=url, session=self._session())
        except (ValueError, OSError) as error:
            raise SettingsError(f"Metrics cannot be sent to {self.where}: {clean(str(error))}.") from error
        given = resources.OTELResourceDetector().detect().attributes
        own = {
            "service.name": "segtap",
            "service.version": version,
            "service.instance.id": f"{socket.gethostname()}:{port}",
        }
        self._resource: Any = resources.Resource.create(
            {name: value for name, value in own.items() if name not in given}
        )
        self._scope: Any = scopes.InstrumentationScope("segtap", version)

    def data(self, families: Iterable[Family], created: int, now: int) -> Any:
        """Return metrics as the SDK has them, a copy of the numbers as they are now.

        `created` is when counters began, `now` the time of the numbers, in milliseconds since the epoch.
        """
        sdk, began, at = self._sdk, created * 1_000_000, now * 1_000_000
        scoped = sdk.ScopeMetrics(self._scope, [self._metric(one, began, at) for one in families], "")
        return sdk.MetricsData([sdk.ResourceMetrics(self._resource, [scoped], "")])

    def send(self, data: Any) -> str:
        """Send what `data` returned, and return why that failed, "" if it did not. Blocks meanwhile."""
        self._log.thread, self._log.words, self._why = threading.get_ident(), "", ""
        try:
            answer = self._exporter.export(data)
        finally:
            self._log.thread = 0
        if answer is self._sdk.MetricExportResult.SUCCESS:
            return ""
        return self._why or self._log.words or "the export failed"

    def close(self) -> None:
        """End a pause between two attempts, and close the connections."""
        self._exporter.shutdown()

    def _session(self) -> Any:
        """Return what the exporter sends with: it notes what came of each request."""
        session: Any = import_module("requests").Session()
        send: Callable[..., Any] = session.request

        def noted(**request: Any) -> Any:
            try:
                answer = send(**request)
            except Exception as error:
                self._why = _shown(_reason(str(error)) or type(error).__name__)
                raise
            self._why = "" if answer.ok else _shown(f"it answers {answer.status_code} {answer.reason}")
            return answer

        session.request = noted
        return session

    def _metric(self, one: Family, created: int, now: int) -> Any:
        sdk = self._sdk
        points = [
            sdk.HistogramDataPoint(
                attributes=dict(labels),
                start_time_unix_nano=created,
                time_unix_nano=now,
                count=value.count,
                sum=value.total,
                bucket_counts=list(value.buckets),
                explicit_bounds=BOUNDS,
                min=None,
                max=None,
            )
            if isinstance(value, Histogram)
            else sdk.NumberDataPoint(dict(labels), created, now, value)
            for labels, value in one.values
        ]
        cumulative = sdk.AggregationTemporality.CUMULATIVE
        if one.kind == "histogram":
            data = sdk.Histogram(points, cumulative)
        elif one.kind == "counter":
            data = sdk.Sum(points, cumulative, is_monotonic=True)
        else:
            data = sdk.Gauge(points)
        unit = next((unit for end, unit in _UNITS.items() if one.name.endswith(end)), "")
        return sdk.Metric(one.name, one.words, unit, data)


class _Said(logging.Filter):
    """A filter of what the exporter logs of each attempt of ours: its first words are kept, and said once."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ""
        self.thread = 0
        """The thread that sends for segtap; what others log, in a program that embeds it, is theirs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.thread != self.thread:
            return True
        self.words = self.words or _shown(record.getMessage())
        return False


def _reason(words: str) -> str:
    """Return the reason in the words of the HTTP library, which names it last, within quotes and brackets."""
    text = words.rpartition(": ")[2]
    while text.endswith(('"', "'")) or (text.endswith(")") and text.count(")") > text.count("(")):
        text = text[:-1]
    return text


def _shown(text: str) -> str:
    """Return words of others fit to be logged: on one line, and without a password."""
    return shorten(" ".join(clean(without_user(text)).split()), _WORDS)


def _url(settings: MetricsSettings) -> str:
    """Return the URL to send to, with its path: that of the settings, else that of the standard variables."""
    url = settings.otlp_url
    if not url and not (url := os.environ.get(METRICS_ENDPOINT, "")):
        url = os.environ.get(ENDPOINT, "") or "http://localhost:4318"
        url = url.rstrip("/") + PATH
    elif settings.otlp_url and not url.endswith(PATH):
        url = url.rstrip("/") + PATH
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname
        _ = parts.port  # raises only when it is read
    except ValueError:
        good = False
    if not good:
        raise SettingsError(
            f"Metrics cannot be sent to {without_user(clean(url))}: the URL of a Collector begins with http://"
            f" or https://. It is that of otlp_url under [metrics], else of {ENDPOINT}."
        )
    return url
