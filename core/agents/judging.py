"""Translates and checks messages that an agent hands in, with an engine or without."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import cast

import msgspec

from ..commands.check import Checked, check_lines
from ..commands.translate import line_of
from ..errors import InputError
from ..functions import InsertFunctions
from ..json_text import json_bytes
from ..messages import Json, JsonObject
from ..pipeline import compile_settings
from ..settings import Settings
from ..sources.bounds import bounds_of
from ..verdict import Finding
from .fitting import put_fitted, without_empty

MOST_MESSAGES = 50
"""The most messages of one call."""


def judged(message: Json, settings: Settings) -> list[Checked]:
    """Return what the rules find in messages, and what becomes of each.

    Raises InputError if there is none, or too many, SettingsError.
    """
    lines = list(_lines(message))
    compiled = compile_settings(settings)
    clock = time.time_ns() // 1_000_000
    with InsertFunctions(settings.insert_functions) as functions:
        found = check_lines(
            lines,
            compiled,
            clock=lambda: clock,
            bounds=bounds_of(settings.ingest),
            whole=True,
            functions=functions.run,
        )
        checked = list(islice(found, MOST_MESSAGES + 1))
    if not checked:
        raise InputError("There is no message in that. Give a Segment message, such as a track call.")
    if len(checked) > MOST_MESSAGES:
        raise InputError(f"These are more than {MOST_MESSAGES} messages. Give fewer at once.")
    return checked


def _lines(message: Json) -> Iterator[bytes]:
    if isinstance(message, str):
        yield from message.encode("utf-8", "replace").splitlines(keepends=True)
        return
    for one in message if isinstance(message, list) else [message]:
        yield json_bytes(one) + b"\n"


def translated(checked: Checked) -> JsonObject:
    """Return the requests that a message becomes, and why there is none."""
    if checked.error is not None or checked.verdict is None:
        return {"error": checked.error or ""}
    line = line_of({}, checked.verdict.translation, (), show_secrets=False)
    answer = without_empty(
        (
            ("messageId", checked.message_id),
            ("rejected", line["rejected"]),
            ("not_sent", checked.answer.get("not_sent")),
            ("stages", checked.answer.get("stages")),
        )
    )
    put_fitted(answer, "requests", line["requests"])
    return answer


def found_in(checked: Checked) -> JsonObject:
    """Return what the rules find in a message."""
    if checked.error is not None:
        return {"error": checked.error}
    answer = without_empty((("messageId", checked.message_id), ("not_sent", checked.answer.get("not_sent"))))
    return {**answer, "findings": findings(checked.findings)}


def findings(found: tuple[Finding, ...]) -> list[Json]:
    """Return findings as objects, the gravest first."""
    return [cast(JsonObject, msgspec.to_builtins(one)) for one in found]
