"""Prometheus' text form, and the numbers in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from segtap.core.api.operations import OPERATIONS, PREFIX
from segtap.core.delivery import DeliveryState, Owed
from segtap.core.messages import message_number
from segtap.core.metrics.exposition import Family, exposition, family
from segtap.core.metrics.histogram import BOUNDS, Histogram
from segtap.core.metrics.meter import Meter


def test_counters_gauges_and_labels() -> None:
    text = exposition(
        (
            Family("a_total", "counter", 'Says "a\\b"\nand on.', (({"why": 'x"\\\n'}, 3), ({"why": "y"}, 0))),
            family("b", "gauge", "B.", 1.5),
        ),
        1_795_557_600.25,
    )
    assert text.splitlines() == [
        r'# HELP a_total Says "a\\b"\nand on.',
        "# TYPE a_total counter",
        r'a_total{why="x\"\\\n"} 3',
        'a_total{why="y"} 0',
        r'# HELP a_created Says "a\\b"\nand on.',
        "# TYPE a_created gauge",
        r'a_created{why="x\"\\\n"} 1795557600.25',
        'a_created{why="y"} 1795557600.25',
        "# HELP b B.",
        "# TYPE b gauge",
        "b 1.5",
    ]


def test_a_histogram_is_cumulative() -> None:
    histogram = Histogram()
    histogram.observe(0.001)
    histogram.observe(0.004, 3)
    histogram.observe(1e6)
    histogram.observe(-5)  # the clock was set back
    lines = exposition((family("h", "histogram", "H.", histogram),), 1.0).splitlines()
    assert 'h_bucket{le="0.001"} 2' in lines
    assert 'h_bucket{le="0.0025"} 2' in lines
    assert 'h_bucket{le="0.005"} 5' in lines
    assert 'h_bucket{le="7200"} 5' in lines
    assert 'h_bucket{le="+Inf"} 6' in lines
    assert "h_count 6" in lines
    assert "h_sum 1000000.013" in lines
    assert len([line for line in lines if line.startswith("h_bucket")]) == len(BOUNDS) + 1


def test_a_delivery_is_measured_from_the_receipt_of_its_message() -> None:
    now = 10_000
    meter = Meter(lambda: now)
    old, unknown = message_number(7, 2), message_number(8, 0)
    meter.owe([Owed(old, 0, DeliveryState.WAITING, 4_000)])
    meter.deliver([(old, DeliveryState.SENT), (unknown, DeliveryState.SENT)], {})
    meter.deliver([(old, DeliveryState.REFUSED), (old, DeliveryState.UNCERTAIN)], {old: 413})
    assert (meter.sent, meter.uncertain, meter.refused["mixpanel_413"]) == (2, 1, 1)
    assert (meter.delivered.count, meter.delivered.total) == (1, 6.0)


def test_the_collector_shown_scrapes_the_path_of_the_metrics() -> None:
    yaml = pytest.importorskip("yaml")
    page = (Path(__file__).parents[3] / "core" / "metrics" / "README.md").read_text()
    collector = yaml.safe_load(page.split("```yaml\n")[1].partition("```")[0])
    (scrape,) = collector["receivers"]["prometheus"]["config"]["scrape_configs"]
    assert scrape["metrics_path"] in {PREFIX + operation.path for operation in OPERATIONS}
    for kind in ("receivers", "exporters"):
        assert set(collector["service"]["pipelines"]["metrics"][kind]) <= collector[kind].keys()
