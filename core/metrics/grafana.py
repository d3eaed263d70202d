"""A Grafana dashboard of segtap's metrics, for import. Pure."""

from __future__ import annotations

from typing import NamedTuple

from ..messages import Json, JsonObject

SCHEMA_VERSION = 39
"""The version of Grafana's dashboard model: that of Grafana 11, which later ones migrate."""
UID = "segtap"
_WIDTH = 24
_ROUTES = "With [[routes]] only: messages of a route to Mixpanel, requests of a mirror or an archive."
_OF = 'instance=~"$instance"'


class Panel(NamedTuple):
    """A panel: its title, the unit of its values, its expressions with their legends, and its size."""

    title: str
    unit: str
    expressions: tuple[tuple[str, str], ...]
    width: int = 8
    height: int = 8
    kind: str = "timeseries"
    words: str = ""


def _rate(metric: str, more: str = "") -> str:
    return f"sum by (instance{more}) (rate({metric}{{{_OF}}}[$__rate_interval]))"


def _quantiles(metric: str) -> tuple[tuple[str, str], ...]:
    of = f"sum by (le, instance) (rate({metric}_bucket{{{_OF}}}[$__rate_interval]))"
    return tuple(
        (f"histogram_quantile({part}, {of})", f"p{part[2:]} {{{{instance}}}}") for part in ("0.50", "0.99")
    )


def _along(metric: str) -> tuple[tuple[str, str], ...]:
    return ((f"{metric}{{{_OF}}}", "{{route}} {{instance}}"),)


def _value(metric: str) -> tuple[tuple[str, str], ...]:
    return ((f"{metric}{{{_OF}}}", "{{instance}}"),)


PANELS: tuple[Panel, ...] = (
    Panel("Forwarding", "none", _value("segtap_forwarding"), 4, 4, "stat", "1: on and not halted."),
    Panel("Backlog", "short", _value("segtap_backlog_messages"), 4, 4, "stat", "Messages owed to Mixpanel."),
    Panel("Oldest owed", "s", _value("segtap_oldest_owed_seconds"), 4, 4, "stat"),
    Panel("Stuck", "short", _value("segtap_stuck_messages"), 4, 4, "stat", "Set aside after repeated 5xx."),
    Panel(
        "Uncertain", "short", _value("segtap_uncertain_messages"), 4, 4, "stat",
        "It cannot be known whether Mixpanel has them.",
    ),
    Panel("Journal", "bytes", _value("segtap_journal_bytes"), 4, 4, "stat"),
    Panel(
        "Messages", "cps",
        (
            (_rate("segtap_received_messages_total"), "received {{instance}}"),
            (_rate("segtap_sent_messages_total"), "sent {{instance}}"),
        ), 12,
    ),
    Panel(
        "Refused", "cps",
        ((_rate("segtap_refused_messages_total", ", reason"), "{{reason}} {{instance}}"),), 12,
        words="ingest_…: requests that segtap refused; segment: messages that Segment would reject;"
        " mixpanel_…: messages that Mixpanel refused.",
    ),
    Panel("Received → acknowledged", "s", _quantiles("segtap_acknowledge_seconds")),
    Panel("Received → judged", "s", _quantiles("segtap_judge_seconds")),
    Panel("Received → delivered", "s", _quantiles("segtap_deliver_seconds")),
    Panel("Owed to Mixpanel", "short", _value("segtap_backlog_messages"), 12),
    Panel("Age of the oldest owed message", "s", _value("segtap_oldest_owed_seconds"), 12),
    Panel("Not listed yet", "short", _value("segtap_unlisted_messages"), 8),
    Panel("Journal", "bytes", _value("segtap_journal_bytes"), 8),
    Panel(
        "In the journal, by delivery", "short",
        ((f"sum by (delivery) (segtap_journal_messages{{{_OF}}})", "{{delivery}}"),), 8,
    ),
    Panel(
        "By route", "cps",
        (
            (_rate("segtap_route_sent_total", ", route"), "{{route}} sent {{instance}}"),
            (_rate("segtap_route_refused_total", ", route"), "{{route}} refused {{instance}}"),
            (_rate("segtap_route_uncertain_total", ", route"), "{{route}} uncertain {{instance}}"),
        ), 8,
        words=_ROUTES,
    ),
    Panel("Owed, by route", "short", _along("segtap_route_backlog"), 8, words=_ROUTES),
    Panel("Age of the oldest owed, by route", "s", _along("segtap_route_oldest_owed_seconds"), words=_ROUTES),
)  # fmt: skip
"""The panels, from left to right and from top to bottom."""


def dashboard() -> JsonObject:
    """Return the dashboard, which asks for its data source and has a choice of instances."""
    panels: list[Json] = []
    x = y = 0
    for id, panel in enumerate(PANELS, 1):
        if x + panel.width > _WIDTH:
            x, y = 0, y + PANELS[id - 2].height
        panels.append(_panel(id, panel, x, y))
        x += panel.width
    return {
        "uid": UID,
        "title": "segtap",
        "tags": ["segtap", "segment", "mixpanel"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
                {
                    "name": "instance",
                    "label": "Instance",
                    "type": "query",
                    "datasource": _source(),
                    "query": {"query": "label_values(segtap_build_info, instance)", "refId": "instance"},
                    "refresh": 2,
                    "multi": True,
                    "includeAll": True,
                    "allValue": ".*",
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": panels,
    }


def _panel(id: int, panel: Panel, x: int, y: int) -> JsonObject:
    return {
        "id": id,
        "title": panel.title,
        "description": panel.words,
        "type": panel.kind,
        "datasource": _source(),
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _source(),
                "expr": expression,
                "legendFormat": legend,
            }
            for place, (expression, legend) in enumerate(panel.expressions)
        ],
    }


def _source() -> JsonObject:
    return {"type": "prometheus", "uid": "${datasource}"}
