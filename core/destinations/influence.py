"""Where each value of a classic request comes from: found by trying. Pure, and only when somebody looks.

The classic destination has no mapping to follow. So each value of the message, and of the settings, is
changed in turn and translated again; what changes in the requests comes from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import cast

import msgspec

from ..inspection import PropertySource, Translation
from ..mapping import MISSING, Value
from ..messages import Json, JsonObject
from ..paths import child
from ..settings import TOKEN_SETTING, Destination

MOST = 250
"""Values of a message that are tried; a translation each."""
NAMED = 3
"""Places that are named where a value is worked out of several."""
SETTINGS = {TOKEN_SETTING["classic-cloud"]: "setting: project token", "sourceName": "setting: source name"}
CONSTANT = "Segment writes it"

_SECONDS = re.compile(r"(?<=T\d\d:\d\d:)\d\d")

Steps = tuple[str | int, ...]
Try = Callable[[JsonObject, Destination], Translation]


def influences(
    document: JsonObject, destination: Destination, translation: Translation, again: Try
) -> tuple[PropertySource, ...]:
    """The source of every value in the translation's bodies. `again` translates, at the same moment."""
    before = _bodies(translation)
    told: dict[str, list[tuple[str, bool]]] = {path: [] for path in before}
    for steps, value in islice(_leaves(document, ()), MOST):
        changed = cast(JsonObject, _changed(document, steps, _other(value)))
        for path in _differing(translation, before, again(changed, destination)):
            told[path].append((_path("$", steps), _same(before[path], value)))
    for name, words in SETTINGS.items():
        if isinstance(given := destination.settings.get(name), str):
            settings = {**destination.settings, name: _other(given)}
            other = msgspec.structs.replace(destination, settings=settings)
            for path in _differing(translation, before, again(document, other)):
                told[path].append((words, False))
    return tuple(_source(path, found) for path, found in told.items())


def _source(path: str, found: list[tuple[str, bool]]) -> PropertySource:
    same = next((words for words, equal in found if equal), None)
    if same is not None:
        return PropertySource(path, same, place=True)
    words = [words for words, _ in found]
    if len(words) == 1 and words[0].startswith("setting: "):
        return PropertySource(path, words[0])
    if len(words) > NAMED:
        words = [*words[: NAMED - 1], f"{len(words) - NAMED + 1} more"]
    return PropertySource(path, f"worked out of {_listed(words)}" if words else CONSTANT)


def _listed(words: list[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _bodies(translation: Translation) -> dict[str, Json]:
    """Every value of the bodies by its path."""
    found: dict[str, Json] = {}
    for index, operation in enumerate(translation.operations):
        for steps, value in _leaves(operation.request.body, ()):
            found[_path(f"requests[{index}].body", steps)] = value
    return found


def _differing(one: Translation, before: dict[str, Json], other: Translation) -> Iterator[str]:
    """Paths of the first to what is not the same in the other, in the requests that both make."""
    after: dict[str, Json] = {}
    indexes = {name: index for index, name in enumerate(_names(one))}
    for operation, name in zip(other.operations, _names(other), strict=True):
        if name in indexes:
            for steps, value in _leaves(operation.request.body, ()):
                after[_path(f"requests[{indexes[name]}].body", steps)] = value
    both = tuple(f"requests[{indexes[name]}]." for name in _names(other) if name in indexes)
    for path, value in before.items():
        if path.startswith(both) and (path not in after or not _same(after[path], value)):
            yield path


def _names(translation: Translation) -> list[tuple[str, str, int]]:
    """What tells the requests of two translations to be the same one: action, place, and how many before."""
    named = [(one.action, one.request.url) for one in translation.operations]
    return [(*name, named[:index].count(name)) for index, name in enumerate(named)]


def _same(one: Json, other: Json) -> bool:
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


def _changed(value: Json, steps: Steps, new: Json) -> Json:
    if not steps:
        return new
    step = steps[0]
    if isinstance(value, dict) and isinstance(step, str):
        return {**value, step: _changed(value[step], steps[1:], new)}
    if isinstance(value, list) and isinstance(step, int):
        return [*value[:step], _changed(value[step], steps[1:], new), *value[step + 1 :]]
    return value


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


def _path(path: str, steps: Steps) -> str:
    for step in steps:
        path = child(path, step)
    return path
