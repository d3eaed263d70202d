"""The dashboard asks for metrics that segtap has, and fits Grafana's grid."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from engines import engine_settings, isolate, running_engine

from segtap.core.metrics.grafana import PANELS, dashboard
from segtap.core.settings import RouteSettings

README = (Path(__file__).parents[3] / "core" / "metrics" / "README.md").read_text()


def without_routes(names: set[str]) -> set[str]:
    return {name for name in names if not name.startswith("segtap_route_")}


@pytest.mark.parametrize("routes", [(), (RouteSettings(name="us"),)], ids=["no routes", "a route"])
async def test_every_metric_that_is_asked_for_exists(
    routes: tuple[RouteSettings, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    settings = msgspec.structs.replace(engine_settings(tmp_path), routes=routes)
    async with running_engine(settings) as (engine, _):
        text = await engine.parts.outside.metrics()
    names = set(re.findall(r"^(segtap_\w+)", text, re.M))
    asked = set(re.findall(r"segtap_\w+", " ".join(text for one in PANELS for text, _ in one.expressions)))
    readme = set(re.findall(r"`(segtap_\w+)", README))
    if not routes:
        asked, readme = without_routes(asked), without_routes(readme)
    assert asked <= names
    kinds = dict(re.findall(r"^# TYPE (segtap_\w+) (\w+)$", text, re.M))
    described = {name for name in kinds if not name.endswith("_created")}
    assert described == readme


def test_panels_do_not_overlap() -> None:
    panels: Any = json.loads(json.dumps(dashboard()))["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
        for target in panel["targets"]:
            assert target["expr"].count("(") == target["expr"].count(")")
            assert 'instance=~"$instance"' in target["expr"]
    assert len({panel["id"] for panel in panels}) == len(panels) == len(PANELS)
