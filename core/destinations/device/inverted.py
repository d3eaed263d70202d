"""Lists of objects in event properties: the integration turns each into one list for every key.

`products: [{sku: 1, price: 9}, {sku: 2}]` becomes `products_skus: [1, 2]` and `products_prices: [9]`.
"""

from __future__ import annotations

from ...mapping.javascript import keys_in_order, to_text
from ...messages import Json, JsonObject


class NotJoined(Exception):
    """The name of an inverted list is taken by a value that cannot be continued: the page's code fails."""


def invert(properties: JsonObject) -> JsonObject:
    """Return the properties with every list of objects inverted; new names come last.

    A list that holds anything but objects, lists and null stays, and so does one that gives no name. A list
    that is there already under the new name is continued, a text has the new values appended. Raises
    NotJoined for any other value there.
    """
    made = dict(properties)
    for name in properties:
        value = made.get(name)
        lists = _lists(name, value) if isinstance(value, list) else None
        if not lists:
            continue
        for new, items in lists.items():
            made[new] = _joined(made[new], items) if new in made else items
        del made[name]
    return made


def _lists(name: str, items: list[Json]) -> dict[str, list[Json]]:
    lists: dict[str, list[Json]] = {}
    for item in items:
        if not (item is None or isinstance(item, dict | list)):
            return {}
        for key, value in _entries(item):
            lists.setdefault(f"{name}_{key}s", []).append(value)
    return lists


def _entries(item: JsonObject | list[Json] | None) -> list[tuple[str, Json]]:
    if item is None:
        return []
    if isinstance(item, list):
        return [(str(index), value) for index, value in enumerate(item)]
    return [(key, item[key]) for key in keys_in_order(item)]


def _joined(former: Json, items: list[Json]) -> Json:
    if isinstance(former, list):
        return [*former, *items]
    if isinstance(former, str):
        return former + to_text(items)
    raise NotJoined
