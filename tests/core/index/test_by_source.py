"""A worker process judges each message by the settings of its source, as the engine does."""

from __future__ import annotations

import msgspec
from indexing import SETTINGS, batch
from odd_lines import track

from segtap.core.engine.active import ActiveSettings
from segtap.core.faults import Faults
from segtap.core.index.worker import WorkerJudging
from segtap.core.messages import Receipt
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.settings import DestinationSettings, RouteSettings, SourceSettings

WEB = SourceSettings(name="web", write_keys=("wk_web",), color="cyan", blocked_events=("Signed Up",))
IOS = SourceSettings(name="ios", write_keys=("wk_ios",), color="pink", source_name="iOS")
BOTH = msgspec.structs.replace(SETTINGS, sources=(WEB, IOS))


def received(key: str) -> Receipt:
    line = msgspec.json.decode(track(b"{}"))
    receipt = batch(msgspec.json.encode({**line, "event": "Signed Up"}), query=f"writeKey={key}")
    return msgspec.structs.replace(receipt, seq=1)


def test_workers_and_engine_agree() -> None:
    worker, active = WorkerJudging(BOTH, Faults()), ActiveSettings(BOTH)
    assert worker.revision == active.revision
    outcomes: list[str] = []
    for key in ("wk_web", "wk_ios", "wk_other"):
        receipt = received(key)
        (message,) = parse_receipt(receipt)
        made = worker.verdict(message)
        assert made == active.judge(message)
        assert [records for _, records in worker.owed(receipt, {message.id: 0})] != []
        stopped = made.translation.not_sent
        body = [] if stopped else list(made.translation.operations[0].request.records())
        outcomes.append("blocked" if stopped else str(body[0]["properties"].get("segment_source_name")))  # pyright: ignore
    assert outcomes == ["blocked", "iOS", "None"]


def test_the_filter_of_a_route_names_sources() -> None:
    to = DestinationSettings(token="b" * 32)
    routes = (
        RouteSettings(name="ios", to=to, filter="source:ios"),
        RouteSettings(name="rest", to=to, filter="-source:ios"),
    )
    active = ActiveSettings(msgspec.structs.replace(BOTH, routes=routes))
    assert active.ways is not None
    found: list[list[str]] = []
    for key in ("wk_ios", "wk_other"):
        receipt = received(key)
        (message,) = parse_receipt(receipt)
        made = active.ways.judged(message, receipt, lambda one, judge: judge(one), "")
        found.append([standing.route for standing in made.prepared.entry.standings])
    assert found == [["ios"], ["rest"]]
