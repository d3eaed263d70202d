"""Values as the two JavaScript libraries treat them: walking, cutting, adding, dates.

Functions that go into values use loops in place of comprehensions, so that deep values need fewer frames.

An object with a number under the name `length` is a list to Mixpanel's SDK, so what it walks through loses
every key that is not an index below that number. `members` is that walk.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import cast

from ...mapping.javascript import is_number, json_number, keys_in_order, to_number, to_text
from ...messages import Json, JsonObject
from ..classic.dates import Instant, Part, as_written
from ..classic.message import Fields
from .tables import LIMIT

_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")


def members(fields: JsonObject) -> Iterator[tuple[str, Json]]:
    """Walk through an object as the SDK's `_.each` does."""
    for key in member_names(cast(Fields, fields)):
        yield key, fields[key]


def member_names(fields: Fields) -> list[str]:
    """Return the keys that the SDK's `_.each` comes to."""
    length = fields.get("length")
    if not isinstance(length, int | float) or isinstance(length, bool) or math.isnan(length):
        return list(fields)
    indexes = [key for key in fields if _INDEX.match(key) and int(key) < length]
    return sorted(indexes, key=int)


def kept(fields: JsonObject, reserved: frozenset[str]) -> JsonObject:
    """Return the members of an object but for reserved ones, as `people.set` and its like read it."""
    return {key: value for key, value in members(fields) if key not in reserved}


def cut(value: Json) -> Json:
    """Return a value as it is sent: texts end after 255 UTF-16 units."""
    if isinstance(value, str):
        return _cut_text(value)
    if isinstance(value, list):
        items: list[Json] = []
        for item in value:
            items.append(cut(item))
        return items
    if isinstance(value, dict):
        made: JsonObject = {}
        for key, item in members(value):
            made[key] = cut(item)
        return made
    return value


def _cut_text(text: str) -> str:
    if len(text) * 2 <= LIMIT:
        return text
    if text.isascii():
        return text[:LIMIT]
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * LIMIT:
        return text
    return units[: 2 * LIMIT].decode("utf-16-le", "surrogatepass")


def added(left: Json, right: Json) -> Json:
    """Return `left + right`: texts, lists and objects are put one behind the other, all else is added up."""
    if any(isinstance(side, str | list | dict) for side in (left, right)):
        return to_text(left) + to_text(right)
    return json_number(to_number(left) + to_number(right))


def same(left: object, right: object) -> bool:
    """Return whether `left === right`; lists and objects are never the same as another."""
    if is_number(cast(Json, left)) and is_number(cast(Json, right)):
        return left == right
    return type(left) is type(right) and isinstance(left, str | bool | None) and left == right


def starts_with_number(value: Json) -> bool:
    """Return whether `parseFloat(value)` is a number."""
    return re.match(r"[+-]?(?:Infinity|\.?[0-9])", to_text(value).lstrip(), re.ASCII) is not None


def json_of(value: Part) -> Json:
    """Return a value as Segment's integration hands it on: dates as ISO text with milliseconds and zone."""
    if isinstance(value, Instant):
        return as_written(value, milliseconds=True)
    if isinstance(value, dict):
        made: JsonObject = {}
        for key, item in value.items():
            made[key] = json_of(item)
        return made
    if isinstance(value, list):
        items: list[Json] = []
        for item in value:
            items.append(json_of(item))
        return items
    return _scalar(value)


def group_json(value: Part, *, listed: bool = False) -> Json:
    """Return a group's trait as the SDK sends it: dates without milliseconds and zone.

    A date inside a list is left over by that, and becomes an empty object when texts are cut.
    """
    if isinstance(value, Instant):
        empty: JsonObject = {}
        return empty if listed else as_written(value, milliseconds=False)
    if isinstance(value, dict):
        made: JsonObject = {}
        for key, item in value.items():
            made[key] = group_json(item, listed=listed)
        return made
    if isinstance(value, list):
        items: list[Json] = []
        for item in value:
            items.append(group_json(item, listed=True))
        return items
    return _scalar(value)


def _scalar(value: Part) -> Json:
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, int | float):
        return json_number(value)
    return None


def union_as_texts(first: list[Json], second: list[Json]) -> list[Json]:
    """Return the union of two lists as the integration makes it: keys of an object, hence texts, those that
    look like indexes first and in ascending order.
    """
    keys: JsonObject = {}
    for item in (*first, *second):
        keys[to_text(item)] = None
    keys.pop("__proto__", None)
    return list(keys_in_order(keys))
