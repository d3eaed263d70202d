"""`segtap replay FILE --expect`: what a scenario's messages become now, against what was recorded. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import msgspec

from ..errors import InputError
from ..messages import Json, JsonObject
from ..pipeline.functions import RunFunction, run_none
from ..pipeline.scenario import Scenario, scenario_settings
from ..scenarios.differences import Difference, differences
from ..scenarios.lines import NOT_A_SCENARIO, Step, read_step, with_expect
from ..settings import Settings
from ..sources.bounds import Bounds, bounds_of, over
from ..sources.decode import BOM
from .check import name_of


class ComparedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a scenario. `why` says why no request is made; "" if there is one.

    `line` counts from 1. `text` is the line with the requests of now, as it was where nothing differs.
    """

    line: int
    at_ms: int
    name: str
    expected: int
    made: int
    differences: Sequence[Difference]
    why: str
    text: bytes


def read_steps(lines: Iterable[bytes], bounds: Bounds) -> Iterator[tuple[int, bytes, Step | None]]:
    """Yield each line with its number and what it holds, None for a blank one.

    Raises InputError, which names the line, for one that is not of a scenario.
    """
    for number, line in enumerate(lines, start=1):
        data = line.removeprefix(BOM).strip() if number == 1 else line.strip()
        if not data:
            yield number, line, None
            continue
        if why := over(data, bounds):
            raise InputError(f"Line {number}: {why}.")
        try:
            step = read_step(data)
        except InputError as error:
            raise InputError(f"Line {number}: {error}.") from None
        if step is None:
            raise InputError(f"Line {number}: {NOT_A_SCENARIO}.")
        yield number, line, step


def compare_scenario(
    lines: Iterable[bytes], settings: Settings, *, functions: RunFunction = run_none
) -> Iterator[ComparedStep | bytes]:
    """Compare each message of a scenario; a blank line is passed on as it is.

    Raises InputError, which names the line, for one that is not of a scenario or cannot be read.
    """
    bounds = bounds_of(settings.ingest)
    scenario = Scenario(scenario_settings(settings), functions=functions, bounds=bounds)
    for number, line, step in read_steps(lines, bounds):
        if step is None:
            yield line
            continue
        try:
            became = scenario.became(step, number)
            found = differences(step.expect, became.requests)
            text = with_expect(line.removeprefix(BOM), became.requests) if found else line
        except InputError as error:
            raise InputError(f"Line {number}: {error}.") from None
        yield ComparedStep(
            line=number,
            at_ms=step.at_ms,
            name=name_of(became.message.document, became.message.type),
            expected=len(step.expect),
            made=len(became.requests),
            differences=found,
            why=became.why,
            text=text,
        )


def as_json(one: ComparedStep) -> JsonObject:
    """Return a compared message as `--format json` writes it."""
    listed = cast("list[Json]", [_difference(difference) for difference in one.differences])
    return {
        "line": one.line,
        "at_ms": one.at_ms,
        "name": one.name,
        "same": not one.differences,
        "requests": one.made,
        "differences": listed,
        "why": one.why,
    }


def _difference(difference: Difference) -> JsonObject:
    made: JsonObject = {"path": difference.path, "state": difference.state}
    if difference.state != "added":
        made["was"] = difference.was
    if difference.state != "removed":
        made["now"] = difference.now
    return made
