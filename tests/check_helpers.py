"""Real messages to test the rules on, and reading them as the engine does."""

import copy
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from segtap.core.checks import CheckSettings
from segtap.core.destinations.kinds import translator
from segtap.core.messages import Marks, Message
from segtap.core.objections import Objection
from segtap.core.pipeline import compiled, run
from segtap.core.settings import Destination
from segtap.core.verdict import Finding, Verdict

NOW = int(datetime.fromisoformat("2026-11-24T22:00:01Z").timestamp() * 1000)
DESTINATION = Destination(settings={"projectToken": "0123456789abcdef0123456789abcdef"})
TRANSLATOR = translator(DESTINATION)
_MESSAGES = [
    json.loads(line)
    for line in (Path(__file__).parent / "data/checks/messages.jsonl").read_text().splitlines()
]


def real_message(sdk: str, call: str, **changes: Any) -> dict[str, Any]:
    """What `sdk` (next, node, python) sent for `call`; `changes` set fields, `...` takes one away."""
    row = next(row for row in _MESSAGES if row["sdk"] == sdk and row["message"]["type"] == call)
    message = copy.deepcopy(row["message"])
    for name, value in changes.items():
        if value is ...:
            message.pop(name, None)
        else:
            message[name] = value
    return message


def every_real_message() -> list[dict[str, Any]]:
    return [copy.deepcopy(row["message"]) for row in _MESSAGES]


def verdict_on(
    document: dict[str, Any],
    destination: Destination = DESTINATION,
    now: int = NOW,
    *,
    size: int | None = None,
    objections: Sequence[Objection] = (),
    settings: CheckSettings | None = None,
    filled: Sequence[str] = (),
    overflows: Sequence[tuple[str, str]] = (),
    **stages: Any,
) -> Verdict:
    """The verdict on a message by these settings; `stages` are `segment`, `filters` and `repairs`."""
    message = Message(
        id=0,
        type=str(document.get("type")),
        message_id=str(document.get("messageId") or ""),
        received_at=now,
        document=document,
        original=b" " * (len(json.dumps(document)) if size is None else size),
        objections=tuple(objections),
        filled=tuple(filled),
        overflows=tuple(overflows),
        marks=Marks.NONE,
    )
    return run(message, compiled(destination, settings or CheckSettings(), **stages))


def inspected(
    message: dict[str, Any],
    *,
    objections: Sequence[Objection] = (),
    destination: Destination = DESTINATION,
    settings: CheckSettings | None = None,
) -> Verdict:
    return verdict_on(message, destination, objections=objections, settings=settings)


def findings(message: dict[str, Any], **judged_by: Any) -> tuple[Finding, ...]:
    return inspected(message, **judged_by).findings


def found(message: dict[str, Any], rule: str, **judged_by: Any) -> list[Finding]:
    return [finding for finding in findings(message, **judged_by) if finding.rule == rule]


def classic(**options: Any) -> Destination:
    """The classic destination with these settings, under Segment's names."""
    return Destination("classic-cloud", {"token": "tok", "apiKey": "key", **options})
