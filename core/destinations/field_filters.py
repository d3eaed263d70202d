"""What destination filters take out of a message: `drop_properties` and `allow_properties`. Pure.

Source: Segment's Destination Filters API and the rules of its filter library tsub. A path (`properties`,
`context.traits`, "" for the message itself) leads to an object, or to a list whose objects are each meant;
what is elsewhere stays as it is, and a path that leads nowhere changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ..messages import Json, JsonObject
from ..paths import child

Fields = Mapping[str, Sequence[str]]


def drop_properties(document: JsonObject, fields: Fields) -> JsonObject:
    """The message without the named fields of each object."""
    return _changed(document, fields, lambda one, names: _only(one, lambda key: key not in names))


def allow_properties(document: JsonObject, fields: Fields) -> JsonObject:
    """The message with nothing but the named fields in each object."""
    return _changed(document, fields, lambda one, names: _only(one, lambda key: key in names))


def missing(before: Json, after: Json, path: str = "$") -> Iterator[str]:
    """Paths of what was in the first and is not in the second, which came of it by taking fields out."""
    if before is after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key in after:
                yield from missing(value, after[key], child(path, key))
            else:
                yield child(path, key)
    elif isinstance(before, list) and isinstance(after, list):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from missing(one, other, child(path, index))


Change = Callable[[JsonObject, Sequence[str]], JsonObject]


def _changed(document: JsonObject, fields: Fields, change: Change) -> JsonObject:
    for path, names in fields.items():
        changed = _at(document, path.split(".") if path else [], names, change)
        if isinstance(changed, dict):
            document = changed
    return document


def _at(value: Json, steps: Sequence[str], names: Sequence[str], change: Change) -> Json:
    """The value with the change made where the steps lead; what is not on the way is shared, not copied."""
    if not steps:
        if isinstance(value, list):
            return [change(item, names) if isinstance(item, dict) else item for item in value]
        return change(value, names) if isinstance(value, dict) else value
    step = steps[0]
    if isinstance(value, dict) and step in value:
        return {**value, step: _at(value[step], steps[1:], names, change)}
    if isinstance(value, list) and step.isascii() and step.isdecimal() and int(step) < len(value):
        index = int(step)
        return [*value[:index], _at(value[index], steps[1:], names, change), *value[index + 1 :]]
    return value


def _only(one: JsonObject, wanted: Callable[[str], bool]) -> JsonObject:
    return {key: value for key, value in one.items() if wanted(key)}
