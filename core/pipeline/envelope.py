"""The envelope of a line, with a message's settings and clock, and a request as a line shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec

from ..config.filters import ACTIONS, read_filters
from ..config.transformations import KEYS as TRANSFORMATION_KEYS
from ..config.transformations import read_transformations
from ..errors import InputError, SettingsError
from ..mapping.dates import read_time
from ..masks import masked
from ..messages import CALL_TYPES, Json, JsonObject
from ..settings import Destination, DestinationFilter, Subscription
from ..transformations import Transformation
from ..verdict import OutgoingRequest

ACTION_KEYS = cast("Mapping[Json, tuple[str, ...]]", ACTIONS)


class Envelope(msgspec.Struct, frozen=True):
    """A message and what it is translated with. `now`: milliseconds since the epoch, or None."""

    message: JsonObject
    destination: Destination
    now: int | None = None


def read_envelope(given: JsonObject, destination: Destination) -> Envelope:
    """Return a bare message, or an envelope's parts. Raises InputError for an envelope that cannot be used.

    An envelope has a `message` that is an object and is no Segment call itself. Its settings stand in the
    place of the given ones; unknown keys are ignored.
    """
    message = given.get("message")
    is_envelope = "settings" in given or (isinstance(message, dict) and given.get("type") not in CALL_TYPES)
    if not is_envelope or "message" not in given:
        return Envelope(given, destination)
    if not isinstance(message, dict):
        raise InputError("the envelope's message has to be a JSON object")
    settings = given.get("settings", destination.settings)
    if not isinstance(settings, dict):
        raise InputError("the envelope's settings have to be a JSON object")
    subscriptions = destination.subscriptions
    if given.get("subscriptions") is not None:
        subscriptions = envelope_subscriptions(given["subscriptions"])
    if "settings" in given or given.get("subscriptions") is not None:
        destination = Destination(destination.kind, settings, subscriptions)
    return Envelope(message, destination, _now(given.get("now")))


def _now(value: Json) -> int | None:
    if value is None:
        return None
    time = read_time(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None
    if time is None:
        raise InputError("now has to be a date such as 2026-11-24T22:00:00Z")
    return time


def envelope_subscriptions(given: Json) -> tuple[Subscription, ...]:
    """Return subscriptions under Segment's names (`subscribe`, `partnerAction`, `mapping`, `name`,
    `enabled`).

    Raises InputError for anything but a list of such objects.
    """
    if not isinstance(given, list):
        raise InputError("subscriptions have to be a list")
    return tuple(_subscription(item, index) for index, item in enumerate(given))


def _subscription(given: Json, index: int) -> Subscription:
    if not isinstance(given, dict):
        raise InputError(f"subscriptions[{index}] has to be a JSON object")
    subscribe, action = given.get("subscribe"), given.get("partnerAction")
    mapping = given.get("mapping") or {}
    if not isinstance(subscribe, str) or not isinstance(action, str):
        raise InputError(f"subscriptions[{index}] needs subscribe and partnerAction, both text")
    if not isinstance(mapping, dict):
        raise InputError(f"subscriptions[{index}].mapping has to be a JSON object")
    name = given.get("name")
    return Subscription(
        subscribe=subscribe,
        partner_action=action,
        mapping=mapping,
        name=name if isinstance(name, str) else "",
        enabled=given.get("enabled") is not False,
    )


def envelope_stages(
    envelope: JsonObject | None,
) -> tuple[tuple[Transformation, ...] | None, tuple[DestinationFilter, ...] | None]:
    """Return an envelope's transformations and filters, None for each that it does not have.

    They have the keys of segtap.toml, or those of Segment's Public API; other keys are ignored. Raises
    InputError for what cannot be read.
    """
    given = envelope or {}
    transformations, filters = given.get("transformations"), given.get("filters")
    return (
        None if transformations is None else _envelope_transformations(transformations),
        None if filters is None else _envelope_filters(filters),
    )


def _envelope_transformations(given: Json) -> tuple[Transformation, ...]:
    known: Json = [
        {key: value for key, value in item.items() if key in TRANSFORMATION_KEYS}
        for item in _objects(given, "transformations")
    ]
    try:
        return read_transformations(known, "the envelope")
    except SettingsError as error:
        raise InputError(str(error)) from None


def _envelope_filters(given: Json) -> tuple[DestinationFilter, ...]:
    tables: list[Json] = []
    for number, item in enumerate(_objects(given, "filters"), start=1):
        if "actions" not in item:
            tables.append(item)
            continue
        if not item["actions"]:
            raise InputError(f"the envelope: filter {number} has no action")
        # The Public API has several actions in one filter, and segtap.toml one.
        title = item.get("name") or item.get("title") or ""
        whole: JsonObject = {"if": item.get("if"), "name": title, "enabled": item.get("enabled", True)}
        for action in _objects(item["actions"], "a filter's actions"):
            kind = action.get("type")
            table = {**whole, "action": kind.lower() if isinstance(kind, str) else kind}
            for key in ("fields", "percent", "path"):
                if action.get(key) not in (None, "") and key in ACTION_KEYS.get(table["action"], ()):
                    table[key] = action[key]
            tables.append(table)
    try:
        return read_filters(tables, "the envelope")
    except SettingsError as error:
        raise InputError(str(error)) from None


def _objects(given: Json, what: str) -> list[JsonObject]:
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise InputError(f"{what} have to be a list of JSON objects")
    return cast("list[JsonObject]", given)


def request_of(request: OutgoingRequest, *, show_secrets: bool) -> JsonObject:
    """Return one request under the contract's keys; what it does not have is left out, `body` never."""
    if not show_secrets:
        request = masked(request)
    made: JsonObject = {"method": request.method, "url": request.url}
    if request.content_type is not None:
        made["content_type"] = request.content_type
    if request.authorization is not None:
        made["authorization"] = request.authorization
    if request.query is not None:
        made["query"] = request.query
    if request.data is not None:
        made["data"] = request.data
    made["body"] = request.body
    return made
