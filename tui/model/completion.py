"""What the filter's box offers while a filter is typed: fields, then values that were seen, then paths."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from ...core.aggregates.model import FieldValues
from ...core.messages import JsonObject
from ...core.query.completion import (
    Spot,
    field_written,
    fields_for,
    paths_for,
    times_for,
    value_at,
    value_written,
)
from ...core.text import clean, counted, shorten
from .narrowing import grouped

Values = Callable[[str, str, int], Awaitable[FieldValues]]
"""Asks the engine for values of a field: by its name, a text they contain, and how many."""

WORD_FIELDS = ("event", "user", "rule")
"""Fields of which values are offered for a word."""
OF_EACH = 4
"""Values of each of them, and paths, for a word."""
MOST = 30
"""Values of a field, and paths, where nothing else is offered."""
EXAMPLE_FIELDS = ("event", "rule", "user", "type", "delivery")
"""Fields that an example is made of, the most telling first."""
EXAMPLES = 3
SAVED = "saved: "
LONGEST = 60
"""Characters of a value that are shown."""


@dataclass(frozen=True)
class Candidate:
    """Something that the part at the cursor may become. `note` is its count, or what it means."""

    text: str
    """What is written."""
    label: str
    note: str = ""


def at_once(spot: Spot) -> list[Candidate]:
    """Return what can be offered without asking the engine."""
    if spot.part == "word":
        return [Candidate(f"{one.name}:", f"{one.name}:", one.means) for one in fields_for(spot.typed)]
    return [Candidate(time, time, words) for time, words in times_for(spot).items()]


def saved_for(spot: Spot, saved: Mapping[str, str], text: str) -> list[Candidate]:
    """Return the saved filters whose names hold the word that is typed; each stands for its filter."""
    if spot.part != "word":
        return []
    alone = not (text[: spot.start] + text[spot.end :]).strip()
    return [
        Candidate(filter if alone else grouped(filter), name, f"{SAVED}{shorten(clean(filter), LONGEST)}")
        for name, filter in sorted(saved.items())
        if spot.typed.lower() in name.lower()
    ]


async def seen(spot: Spot, values: Values, document: JsonObject) -> list[Candidate]:
    """Return values that messages have, with their counts, and paths of the message that is selected."""
    if spot.part == "comparison":
        value = value_at(document, spot.field)
        fits = bool(value) and spot.typed.lower() in value.lower()
        return [Candidate(value, shorten(clean(value), LONGEST), "in the selected message")] if fits else []
    if spot.part == "value":
        return _offered(await values(spot.field, spot.typed, MOST), "")
    if not spot.typed:
        return []
    found = await asyncio.gather(*(values(field, spot.typed, OF_EACH) for field in WORD_FIELDS))
    offered = [one for each in found for one in _offered(each, f"{each.field}:")]
    alone = "." in spot.typed
    return offered + _paths(document, spot.typed, MOST if alone else OF_EACH)


async def examples(values: Values) -> list[Candidate]:
    """Return terms that match messages of the journal, each with how many, for who found none."""
    found: list[Candidate] = []
    for field in EXAMPLE_FIELDS:
        best = await values(field, "", 1)
        found += [one for one in _offered(best, f"{field}:") if one.note and not one.note.startswith("0 ")]
        if len(found) == EXAMPLES:
            break
    return found


def completes(spot: Spot, candidate: Candidate, text: str) -> bool:
    """Return True if the candidate would change the filter."""
    return text[spot.start : spot.end] != candidate.text


def _offered(found: FieldValues, before: str) -> list[Candidate]:
    unit = "event" if found.field == "user" else "message"
    offered: list[Candidate] = []
    for value in found.values:
        text = before + field_written(value.text)
        note = "" if value.count is None else counted(value.count, unit)
        offered.append(Candidate(text, shorten(clean(text), LONGEST), note))
    return offered


def _paths(document: JsonObject, typed: str, most: int) -> list[Candidate]:
    offered: list[Candidate] = []
    for path, value in paths_for(document, typed)[:most]:
        plain = isinstance(value, bool | int | float | str)
        held = f"= {value_written(value)}" if plain else "a list" if isinstance(value, list) else ""
        offered.append(Candidate(path, shorten(clean(path), LONGEST), shorten(clean(held), LONGEST // 2)))
    return offered
