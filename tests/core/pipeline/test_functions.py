"""Insert functions in the pipeline: which documents are to be run, and what recorded outcomes do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from check_helpers import DESTINATION, NOW

from segtap.core.messages import JsonObject, Marks, Message
from segtap.core.outcomes import Change, FunctionOutcome
from segtap.core.pipeline import compiled, run
from segtap.core.pipeline.functions import with_outcomes
from segtap.core.pipeline.kept import kept_outcomes, pack_verdict, unpack_verdict
from segtap.core.pipeline.stages import remake
from segtap.core.settings import DestinationFilter, InsertFunction
from segtap.core.transformations import Transformation

SOURCE = InsertFunction(file="/source.js", scope="source", name="at the source")
DESTINATION_FUNCTION = InsertFunction(file="/dest.js")
BOTH = (DESTINATION_FUNCTION, SOURCE)


class Recorder:
    """Runs nothing: renames the event to tell which function was asked, and keeps what it was asked."""

    def __init__(self, **outcome: Any) -> None:
        self.asked: list[tuple[int, list[Any]]] = []
        self._outcome = outcome

    def __call__(self, function: int, documents: Sequence[JsonObject]) -> list[FunctionOutcome]:
        self.asked.append((function, [document.get("event") for document in documents]))
        changes = [(Change(("event",), f"{document.get('event')}>{function}"),) for document in documents]
        return [
            FunctionOutcome(function, **({"effect": "passed", "changes": change} | self._outcome))
            for change in changes
        ]


def message(event: str = "A", id: int = 1, **changes: Any) -> Message:
    document: JsonObject = {
        "type": "track", "event": event, "userId": "u", "messageId": f"m{id}", "properties": {}
    }  # fmt: skip
    made = Message(
        id=id, type="track", message_id=f"m{id}", received_at=NOW, document=document, original=b"{}"
    )
    return msgspec.structs.replace(made, **changes)


def settings(*functions: InsertFunction, **more: Any) -> Any:
    return compiled(DESTINATION, insert_functions=functions, **more)


def event_of(verdict: Any) -> Any:
    (operation,) = verdict.translation.operations
    return operation.request.body[0]["event"]


def test_functions_run_in_the_order_of_the_stages_in_batches() -> None:
    recorder = Recorder()
    made = with_outcomes([message("A", 1), message("B", 2)], settings(*BOTH), recorder)
    assert recorder.asked == [(1, ["A", "B"]), (0, ["A>1", "B>1"])]
    assert [event_of(run(one, settings(*BOTH))) for one in made] == ["A>1>0", "B>1>0"]


def test_a_destination_function_gets_what_transformations_made_of_the_message() -> None:
    rename = Transformation(condition="event = 'A'", new_event_name="Renamed", name="r")
    recorder = Recorder()
    with_outcomes([message()], settings(DESTINATION_FUNCTION, transformations=(rename,)), recorder)
    assert recorder.asked == [(0, ["Renamed"])]


def test_a_function_does_not_run_on_what_stops_before_it() -> None:
    drop = DestinationFilter(condition="event = 'A'")
    recorder = Recorder()
    with_outcomes([message("A"), message("B")], settings(*BOTH, filters=(drop,)), recorder)
    assert recorder.asked == [(1, ["A", "B"]), (0, ["A>1", "B>1"])], "the filter reads what the source made"
    recorder = Recorder()
    with_outcomes([message("A"), message("B")], settings(DESTINATION_FUNCTION, filters=(drop,)), recorder)
    assert recorder.asked == [(0, ["B"])]


def test_messages_that_segment_refuses_are_not_run() -> None:
    recorder = Recorder()
    messages = [
        message(marks=Marks.WOULD_REJECT), message(marks=Marks.SECOND_RECEIPT), message(unread=True)
    ]  # fmt: skip
    assert with_outcomes(messages, settings(*BOTH), recorder) == messages
    assert recorder.asked == []


def test_without_functions_or_with_disabled_ones_nothing_is_asked() -> None:
    off = msgspec.structs.replace(SOURCE, enabled=False)
    recorder = Recorder()
    assert with_outcomes([message()], settings(off), recorder) == [message()]
    assert with_outcomes([message()], settings(), recorder) == [message()]
    assert recorder.asked == []
    assert run(message(), settings(off)).stages == ()


def test_recorded_outcomes_are_not_run_again() -> None:
    (known,) = with_outcomes([message()], settings(*BOTH), Recorder())
    recorder = Recorder()
    assert with_outcomes([known], settings(*BOTH), recorder) == [known]
    assert recorder.asked == []


def test_a_message_that_a_function_drops_is_not_sent_and_says_why() -> None:
    for effect in ("dropped", "failed", "fault", "no_handler"):
        (made,) = with_outcomes([message()], settings(*BOTH), Recorder(effect=effect, reason="because"))
        assert len(made.outcomes) == 1
        verdict = run(made, settings(*BOTH))
        assert verdict.translation.not_sent is not None
        assert verdict.translation.not_sent.stage == "source_function"
        assert verdict.translation.not_sent.reason == (
            "the insert function 'at the source' stops it: because"
        )
        assert [one.name for one in verdict.stages] == ["at the source"]
        rules = [one.rule for one in verdict.findings if one.severity == "warning"]
        assert ("insert-function-no-handler" in rules) == (effect == "no_handler")


@pytest.mark.parametrize(
    ("reason", "fix"),
    [
        ("it has no onPage", "async function onPage(event) { return event }"),
        ("it has no handler for this type", "async function onIdentify(event) { return event }"),
    ],
)
def test_the_fix_of_a_missing_handler_names_it(reason: str, fix: str) -> None:
    by = settings(DESTINATION_FUNCTION)
    (made,) = with_outcomes([message()], by, Recorder(effect="no_handler", reason=reason, changes=()))
    (finding,) = [one for one in run(made, by).findings if one.rule == "insert-function-no-handler"]
    assert finding.fix.endswith(fix)


def test_a_function_that_cannot_run_is_named_and_changes_nothing() -> None:
    recorder = Recorder(effect="not_imitated", reason="node is not installed", changes=())
    (made,) = with_outcomes([message()], settings(DESTINATION_FUNCTION), recorder)
    verdict = run(made, settings(DESTINATION_FUNCTION))
    assert event_of(verdict) == "A"
    assert [(one.stage, one.effect, one.name, one.reason) for one in verdict.stages] == [
        ("insert_function", "not_imitated", "dest.js", "node is not installed")
    ]
    (note,) = [one for one in verdict.findings if one.rule == "not-imitated"]
    assert note.message == "segtap does not imitate the insert function 'dest.js': node is not installed"
    (not_run,) = run(message(), settings(DESTINATION_FUNCTION)).stages
    assert not_run.reason == "it was not run"


def test_the_verdict_keeps_the_outcomes_and_makes_the_same_requests_again() -> None:
    own = settings(*BOTH)
    (made,) = with_outcomes([message()], own, Recorder(logs=("hello",)))
    verdict = run(made, own)
    data = pack_verdict(verdict)
    outcomes = kept_outcomes(data)
    assert outcomes == made.outcomes
    assert outcomes is not None
    assert outcomes[0].logs == ("hello",)
    again = msgspec.structs.replace(message(), outcomes=outcomes)
    restored = unpack_verdict(data, remake(again, own))
    assert restored is not None
    assert (restored.translation, restored.outcomes) == (verdict.translation, verdict.outcomes)
    assert kept_outcomes(b"") == ()
    assert kept_outcomes(b"\xff") is None
