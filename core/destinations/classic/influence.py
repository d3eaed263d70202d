"""Where each value of a classic request comes from: found by trying. Pure, and only when somebody looks.

The classic destination has no mapping to follow. So each value of the message, and of the settings, is
changed in turn and translated again; what changes in the requests comes from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from itertools import islice
from typing import cast

import msgspec

from ...inspection import PropertySource, Translation
from ...mapping import MISSING, Value
from ...messages import Json, JsonObject
from ...paths import changed_at, child
from ...settings import TOKEN_SETTING, Destination
from ..actions.provenance import CONSTANT, SOURCE_NAME, TOKEN
from .translator import classic_translator

MOST = 250
"""Values of a message that are tried; a translation each."""
WORK = 1024 * 1024
"""Bytes of requests that are made in all the tries together: some 100 ms, or less."""
NAMED = 3
"""Places that are named where a value is worked out of several."""
SETTINGS = {TOKEN_SETTING["classic-cloud"]: TOKEN.words, "sourceName": SOURCE_NAME.words}

_SECONDS = re.compile(r"(?<=T\d\d:\d\d:)\d\d")

Steps = tuple[str | int, ...]
_Place = tuple[int, Steps]
"""A request by its number, and the steps into its body."""


def influences(
    document: JsonObject, destination: Destination, translation: Translation, *, now: int
) -> tuple[PropertySource, ...]:
    """The source of every value in the bodies of what the destination made of the document at `now`.

    Of a message too large to try every value of, only what was found is told; of a giant one nothing.
    """
    size = sum(len(one.request.data or "") for one in translation.operations)
    tries = min(MOST, WORK // (size + 1))
    if not tries:
        return ()
    bodies = [one.request.body for one in translation.operations]
    told: dict[_Place, list[tuple[str, bool]]] = {
        (index, steps): [] for index, body in enumerate(bodies) for steps, _ in _leaves(body, ())
    }
    leaves, translator = _leaves(document, ()), classic_translator(destination)
    for steps, value in islice(leaves, tries):
        other = _other(value)
        changed = cast(JsonObject, changed_at(document, steps, lambda _, other=other: other))
        for place, before in _differing(translation, translator.translate(changed, now=now)):
            told[place].append((reduce(child, steps, "$"), _same(before, value)))
    for name, words in SETTINGS.items():
        if isinstance(given := destination.settings.get(name), str):
            settings = {**destination.settings, name: _other(given)}
            other = classic_translator(msgspec.structs.replace(destination, settings=settings))
            for place, _ in _differing(translation, other.translate(document, now=now)):
                told[place].append((words, False))
    whole = next(leaves, None) is None
    return tuple(
        _source(reduce(child, steps, f"requests[{index}].body"), found)
        for (index, steps), found in told.items()
        if found or whole
    )


def _source(path: str, found: list[tuple[str, bool]]) -> PropertySource:
    same = next((words for words, equal in found if equal), None)
    if same is not None:
        return PropertySource(path, same, place=True)
    words = [words for words, _ in found]
    if len(words) == 1 and words[0].startswith("setting: "):
        return PropertySource(path, words[0])
    if len(words) > NAMED:
        words = [*words[: NAMED - 1], f"{len(words) - NAMED + 1} more"]
    return PropertySource(path, f"worked out of {_listed(words)}" if words else CONSTANT.words)


def _listed(words: list[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _differing(one: Translation, other: Translation) -> Iterator[tuple[_Place, Json]]:
    """What of the first is not the same in the other, in the requests that both make, by their actions."""
    after = {
        name: operation.request.body for operation, name in zip(other.operations, _names(other), strict=True)
    }
    for index, (operation, name) in enumerate(zip(one.operations, _names(one), strict=True)):
        if name in after:
            for steps, value in _changes(operation.request.body, after[name], ()):
                yield (index, steps), value


def _changes(before: Json, after: Value, steps: Steps) -> Iterator[tuple[Steps, Json]]:
    """The values of the first that are not the same, or no longer there, in the second."""
    if isinstance(before, dict) and before and isinstance(after, dict):
        for key, value in before.items():
            there = after.get(key, MISSING)
            if there is MISSING or not _same(value, there):
                yield from _changes(value, there, (*steps, key))
    elif isinstance(before, list) and before and isinstance(after, list):
        for index, value in enumerate(before):
            there = after[index] if index < len(after) else MISSING
            if there is MISSING or not _same(value, there):
                yield from _changes(value, there, (*steps, index))
    else:
        yield from _leaves(before, steps)


def _names(translation: Translation) -> list[tuple[str, str, int]]:
    """What tells the requests of two translations to be the same one: action, place, and how many before."""
    named = [(one.action, one.request.url) for one in translation.operations]
    return [(*name, named[:index].count(name)) for index, name in enumerate(named)]


def _same(one: Json, other: Value) -> bool:
    return type(one) is type(other) and one == other


def _leaves(value: Value, steps: Steps) -> Iterator[tuple[Steps, Json]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*steps, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*steps, index))
    elif value is not MISSING:
        yield steps, value


def _other(value: Json) -> Json:
    """Another value of the same kind: a time stays one, and near."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1_000
    if isinstance(value, str):
        later, times = _SECONDS.subn(lambda match: f"{(int(match[0]) + 1) % 60:02}", value, count=1)
        return later if times else f"another {value[::-1]}"
    return "another"
