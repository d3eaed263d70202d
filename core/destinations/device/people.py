"""People operations of Mixpanel's SDK: sent at once, or queued in the store until somebody is identified."""

from __future__ import annotations

from ...messages import Json, JsonObject
from .tables import QUEUES, UNUSED_QUEUES
from .values import added, members, same


def enqueue(store: JsonObject, operation: str, values: JsonObject) -> None:
    """Put an operation into its queue in the store.

    `$set` overwrites, and takes the same names out of the other queues; `$set_once` keeps the first value;
    `$add` adds onto a queued `$set`, else onto the sum, which begins at 0; `$union` appends what is new.
    """
    queues = {name: _queue(store, name) for name in QUEUES}
    for key, kind in UNUSED_QUEUES.items():
        if not store.get(key):
            store[key] = {} if kind is dict else []
    if operation == "$set":
        queues["$set"].update(values)
        for name, _ in members(values):
            queues["$add"].pop(name, None)
            queues["$union"].pop(name, None)
    elif operation == "$set_once":
        for name, value in members(values):
            queues["$set_once"].setdefault(name, value)
    elif operation == "$add":
        for name, value in members(values):
            queue = queues["$set"] if name in queues["$set"] else queues["$add"]
            queue[name] = added(queue.get(name, 0), value)
    else:
        for name, value in members(values):
            if isinstance(value, list):
                queues["$union"][name] = _with_new(queues["$union"].get(name, []), value)


def _queue(store: JsonObject, operation: str) -> JsonObject:
    """Return a queue of the store as a copy that takes its place."""
    former = store.get(QUEUES[operation])
    queue: JsonObject = dict(former) if isinstance(former, dict) else {}
    store[QUEUES[operation]] = queue
    return queue


def _with_new(former: Json, items: list[Json]) -> list[Json]:
    made = list(former) if isinstance(former, list) else []
    for item in items:
        if not any(same(item, one) for one in made):
            made.append(item)
    return made


def take_queue(store: JsonObject, operation: str) -> JsonObject:
    """Take what is queued of an operation out of the store; {} if nothing is."""
    former = store.get(QUEUES[operation])
    if not isinstance(former, dict) or not former:
        return {}
    queue = dict(former)
    for name, _ in members(former):
        del queue[name]
    store[QUEUES[operation]] = queue
    return dict(former)
