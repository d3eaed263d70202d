"""Simulated records in a form that two runs agree on: placeholders for random ids, nothing of the machine."""

from __future__ import annotations

from ...messages import Json, JsonObject
from .state import Operation
from .tables import QUEUES

MACHINE = frozenset(
    {"$os", "$browser", "$browser_version", "$screen_height", "$screen_width", "$lib_version", "$device"}
)
"""Properties that the SDK takes from the browser and the screen."""

INSERT_ID = "<insert_id>"


class PlaceholderIds:
    """Names instead of random ids: `<device_id>`, then `<device_id:2>`, and always `<insert_id>`."""

    def __init__(self) -> None:
        self._devices = 0

    def device_id(self) -> str:
        """Return the next device's name."""
        self._devices += 1
        return "<device_id>" if self._devices == 1 else f"<device_id:{self._devices}>"

    def insert_id(self) -> str:
        """Return the name of every insert id."""
        return INSERT_ID


def normal_operation(number: int, operation: Operation) -> JsonObject:
    """Return a record with the number of its call, in the form that `segtap translate` writes."""
    data: JsonObject = {}
    for name, value in operation.data.items():
        if name in ("properties", "$set", "$set_once") and isinstance(value, dict):
            value = _of_no_machine(value)
        data[name] = value
    return {
        "call": number,
        "host": operation.host,
        "endpoint": operation.endpoint,
        "via": "xhr",
        "data": _unsigned(data),
    }


def normal_store(properties: JsonObject) -> JsonObject:
    """Return the contents of the SDK's store, the people queues included."""
    made = dict(properties)
    queue = made.get(QUEUES["$set"])
    if isinstance(queue, dict):
        made[QUEUES["$set"]] = _of_no_machine(queue)
    made = _of_no_machine(made)
    unsigned = _unsigned(made)
    assert isinstance(unsigned, dict)
    return unsigned


def _of_no_machine(properties: JsonObject) -> JsonObject:
    return {name: value for name, value in properties.items() if name not in MACHINE}


def _unsigned(value: Json) -> Json:
    """Return the value with the placeholder for every `$insert_id`, given by the page or not."""
    if isinstance(value, dict):
        made: JsonObject = {}
        for name, item in value.items():
            made[name] = INSERT_ID if name == "$insert_id" else _unsigned(item)
        return made
    if isinstance(value, list):
        items: list[Json] = []
        for item in value:
            items.append(_unsigned(item))
        return items
    return value
