"""What a line of JSON holds: a message or an envelope on its way in, a request on its way out. Pure."""

from __future__ import annotations

import json

import msgspec

from ..errors import InputError
from ..ingest.bounds import DEFAULT_BOUNDS, Bounds, over
from ..ingest.decode import NotJson
from ..ingest.parts import members
from ..mapping.dates import read_time
from ..masks import masked
from ..messages import CALL_TYPES, Json, JsonObject
from ..objections import rejection
from ..settings import Destination, Subscription
from ..verdict import OutgoingRequest

MAX_DEPTH = 512
"""Deeper than this, no message is read; ingest has the same bound by default."""
_MAX_DIGITS = 1000
"""Longer integers are beyond a double."""


class Envelope(msgspec.Struct, frozen=True):
    """A message and what it is translated with. `now`: milliseconds since the epoch, or None."""

    message: JsonObject
    destination: Destination
    now: int | None = None


def read_object(line: str | bytes, *, bounds: Bounds | None = DEFAULT_BOUNDS) -> JsonObject:
    """The JSON object of a line, read as Segment reads it: bare NaN and Infinity are null.

    Raises InputError for anything else, and for a line beyond `bounds`; None is for what an engine has read
    within bounds of its own.
    """
    if bounds is not None:
        refuse_large(line, bounds)
    try:
        value = _decode(line)
    except RecursionError:
        raise InputError(too_deep()) from None
    except UnicodeDecodeError:
        raise InputError("not UTF-8: save the file as UTF-8 text") from None
    except ValueError as error:
        raise InputError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InputError("not a JSON object: write one Segment message, or one envelope, a line")
    if _deeper_than(value, MAX_DEPTH):
        raise InputError(too_deep())
    return value


def refuse_large(line: str | bytes, bounds: Bounds) -> None:
    """Raise InputError for a text that costs more than one message may, before anything is made of it."""
    data = line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass")
    why = over(data, bounds)
    if not why:
        return
    try:
        members(data)
    except NotJson as error:
        raise InputError(f"not JSON: {error}") from None
    raise InputError(rejection(why).text)


def _decode(line: str | bytes) -> Json:
    try:
        return msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        # msgspec is stricter than JSON.parse (lone surrogates, 1e400) and refuses the NaN that SDKs send.
        text = line.decode("utf-8") if isinstance(line, bytes) else line
        text = text.removeprefix("\ufeff")
        return json.loads(text, parse_int=_integer, parse_constant=lambda _: None)


def _integer(digits: str) -> int | float:
    """The integer, whole: the destinations round it as JavaScript does, and the rules say so."""
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def too_deep() -> str:
    """The fault of a line that is nested deeper than `MAX_DEPTH`."""
    return f"nested too deep: no more than {MAX_DEPTH} levels are read"


def _deeper_than(value: Json, most: int) -> bool:
    level: list[Json] = [value]
    for _ in range(most + 1):
        level = [
            item
            for holder in level
            if isinstance(holder, (dict, list))
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, (dict, list))
        ]
        if not level:
            return False
    return True


def read_envelope(given: JsonObject, destination: Destination) -> Envelope:
    """A bare message, or an envelope's parts. Raises InputError for an envelope that cannot be used.

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
    return Envelope(message, Destination(destination.kind, settings, subscriptions), _now(given.get("now")))


def _now(value: Json) -> int | None:
    if value is None:
        return None
    time = read_time(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None
    if time is None:
        raise InputError("now has to be a date such as 2026-11-24T22:00:00Z")
    return time


def envelope_subscriptions(given: Json) -> tuple[Subscription, ...]:
    """Subscriptions under Segment's names (`subscribe`, `partnerAction`, `mapping`, `name`, `enabled`).

    Raises InputError for what is no list of such objects.
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


def request_of(request: OutgoingRequest, *, show_secrets: bool) -> JsonObject:
    """One request under the contract's keys; what it does not have is left out, `body` never."""
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
