"""`segtap translate`: one JSON line in, one JSON line out. Pure: the clock and the checks are handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import cast

import msgspec

from ..errors import MappingError
from ..json_text import to_json
from ..messages import JsonObject
from ..pipeline import CompiledSettings, run
from ..pipeline.envelope import request_of
from ..pipeline.functions import RunFunction, run_none
from ..pipeline.lines import Given, Unreadable, given_messages
from ..pipeline.reading import TOO_DEEP
from ..pipeline.stages import requested
from ..sources.bounds import DEFAULT_BOUNDS, Bounds
from ..verdict import Finding, Translation
from .check import check_lines


class Line(msgspec.Struct, frozen=True):
    """One line of output, without its newline. `failed` means that it holds an error: exit status 1."""

    text: str
    failed: bool = False


def translate_lines(
    lines: Iterable[str | bytes],
    settings: CompiledSettings,
    *,
    clock: Callable[[], int],
    show_secrets: bool = False,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Iterator[Line]:
    """Translate messages, envelopes or batches, one JSON object a line, or whatever `given_messages` reads.

    The requests are made of the message as it stands in the line, also where Segment would refuse it; the
    warnings are those of `segtap check` for the line. `clock` gives the time in milliseconds where an
    envelope names none. What repairs of the settings changed stands in the line as `repairs`. A line that
    cannot be read becomes an error line, and the rest still run; so does one beyond `bounds`.
    """
    for given in given_messages(lines, destination=settings.destination, bounds=bounds):
        if isinstance(given, Unreadable):
            yield _error(given.error)
        elif given.message.unread:
            yield _error(given.message.objections[0].text)
        else:
            yield _translated(given, given.destined(settings), clock, show_secrets=show_secrets)


def translate_through_stages(
    lines: Iterable[str | bytes],
    settings: CompiledSettings,
    *,
    clock: Callable[[], int],
    show_secrets: bool = False,
    bounds: Bounds = DEFAULT_BOUNDS,
    functions: RunFunction = run_none,
) -> Iterator[Line]:
    """Translate messages as `translate_lines`, after every stage of the settings and of their envelopes.

    The lines have what `answer` says as well, and the clock and the warnings are those of `segtap check`.
    `functions` runs the insert functions of the settings.
    """
    for checked in check_lines(lines, settings, clock=clock, bounds=bounds, whole=True, functions=functions):
        if checked.error is not None or checked.verdict is None:
            yield _error(checked.error or "")
            continue
        verdict = checked.verdict
        line = line_of(
            {"messageId": checked.message_id},
            verdict.translation,
            checked.findings,
            show_secrets=show_secrets,
        )
        if settings.repairs:
            line["repairs"] = [cast(JsonObject, msgspec.to_builtins(one)) for one in verdict.repairs]
        yield Line(to_json({**line, **checked.answer}))


def _translated(
    given: Given, settings: CompiledSettings, clock: Callable[[], int], *, show_secrets: bool
) -> Line:
    message = given.message
    now = clock() if given.envelope_now is None else given.envelope_now
    try:
        verdict = run(message, settings, now)
        translation, repairs = verdict.translation, verdict.repairs
        if verdict.stages:
            # A stage stopped or changed it, which the warnings say; the requests are those of the line.
            made = requested(message, settings, now)
            translation, repairs = made.translation, made.repairs
        line = line_of(message.document, translation, verdict.findings, show_secrets=show_secrets)
        if settings.repairs:
            line["repairs"] = [cast(JsonObject, msgspec.to_builtins(one)) for one in repairs]
        return Line(to_json(line))
    except MappingError as error:
        return _error(str(error))
    except RecursionError:
        return _error(TOO_DEEP)


def _error(words: str) -> Line:
    return Line(to_json({"error": words}), failed=True)


def line_of(
    message: JsonObject, translation: Translation, findings: Sequence[Finding], *, show_secrets: bool
) -> JsonObject:
    """Return the output object of one message, in the shape of the contract."""
    return {
        "messageId": message.get("messageId"),
        "requests": [
            request_of(operation.request, show_secrets=show_secrets) for operation in translation.operations
        ],
        "rejected": translation.rejected,
        "warnings": [cast(JsonObject, msgspec.to_builtins(finding)) for finding in findings],
    }
