"""What destination filters take out of a message: `drop_properties` and `allow_properties`. Pure.

Source: Segment's Destination Filters API and the rules of its filter library tsub. A path (`properties`,
`context.traits`, "" for the message itself) leads to an object, or to a list whose objects are each meant;
what is elsewhere stays as it is, and a path that leads nowhere changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from ..messages import Json, JsonObject
from ..paths import changed_at, child

Fields = Mapping[str, Sequence[str]]


def drop_properties(document: JsonObject, fields: Fields) -> JsonObject:
    """The message without the named fields of each object."""
    return _reduced(document, fields, lambda key, names: key not in names)


def allow_properties(document: JsonObject, fields: Fields) -> JsonObject:
    """The message with nothing but the named fields in each object."""
    return _reduced(document, fields, lambda key, names: key in names)


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


def _reduced(document: JsonObject, fields: Fields, stays: Callable[[str, Sequence[str]], bool]) -> JsonObject:
    for path, names in fields.items():

        def without(value: Json, names: Sequence[str] = names) -> Json:
            if isinstance(value, list):
                return [without(item) if isinstance(item, dict) else item for item in value]
            if isinstance(value, dict):
                return {key: item for key, item in value.items() if stays(key, names)}
            return value

        document = cast(JsonObject, changed_at(document, path.split(".") if path else (), without))
    return document
