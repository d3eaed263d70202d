"""A stand-in for an OpenTelemetry Collector: keeps what it gets by OTLP over HTTP, decoded from protobuf."""

from __future__ import annotations

from typing import Any

from answering_server import AnsweringServer, Said
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

Labels = tuple[tuple[str, str], ...]


class Collector(AnsweringServer):
    """Answers 200 with an empty message, unless `said` is another answer."""

    def __init__(self) -> None:
        self.said = Said(200, b"", ("content-type: application/x-protobuf",))
        super().__init__(lambda got: self.said)

    @property
    def requests(self) -> list[ExportMetricsServiceRequest]:
        return [ExportMetricsServiceRequest.FromString(one.body) for one in self.got]

    @property
    def resource(self) -> dict[str, str]:
        """The attributes of what sent the newest metrics."""
        attributes = self.requests[-1].resource_metrics[0].resource.attributes
        return {one.key: one.value.string_value for one in attributes}

    @property
    def metrics(self) -> dict[str, Any]:
        """The newest metrics, by name."""
        return {one.name: one for one in self.requests[-1].resource_metrics[0].scope_metrics[0].metrics}

    @property
    def values(self) -> dict[str, float]:
        """The newest numbers, by name and labels as in Prometheus' text form; of histograms count and sum."""
        found: dict[str, float] = {}
        for name, metric in self.metrics.items():
            data = getattr(metric, metric.WhichOneof("data"))
            for point in data.data_points:
                labels = ",".join(f'{one.key}="{one.value.string_value}"' for one in point.attributes)
                labels = f"{{{labels}}}" if labels else ""
                if metric.HasField("histogram"):
                    found[f"{name}_count{labels}"], found[f"{name}_sum{labels}"] = point.count, point.sum
                else:
                    found[name + labels] = getattr(point, point.WhichOneof("value"))
        return found
