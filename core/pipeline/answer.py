"""What becomes of a message at every stage, for `translate --stages all` and `check --format json`. Pure."""

from __future__ import annotations

from typing import cast

from ..messages import Json, JsonObject, Message
from ..paths import changes
from ..verdict import NotSent, Verdict
from .stages import Walked


def answer(message: Message, verdict: Verdict, walked: Walked) -> JsonObject:
    """Return `message`, `not_sent` and `stages` of a message.

    `message` is what the destination gets, or what reached the stage that stopped it. `stages` has an entry
    for each part of a stage that the message came to, with the paths that it changed.
    """
    stopped = verdict.translation.not_sent
    refused = stopped is not None and stopped.stage == "segment"
    return {
        "message": message.document if refused else walked.document,
        "not_sent": None if stopped is None else _not_sent(stopped),
        "stages": [] if refused else stages(walked),
    }


def stages(walked: Walked) -> list[Json]:
    """Return an entry for each part of a stage that a message came to."""
    return [
        {"stage": step.part.stage, "name": step.part.name, "changed": cast("list[Json]", paths)}
        for step in walked.steps
        for paths in (
            [] if isinstance(step.made, NotSent) else [path for path, _ in changes(step.before, step.made)],
        )
    ]


def _not_sent(stopped: NotSent) -> JsonObject:
    return {"stage": stopped.stage, "path": stopped.path, "why": stopped.reason}
