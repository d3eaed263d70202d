"""`segtap translate`: one JSON line in, one JSON line out. Pure: the clock and the checks are handed in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, cast

import msgspec

from .destinations import translator
from .destinations.dates import read_time
from .errors import InputError, MappingError
from .inspection import SECRET_FIELDS, Finding, OutgoingRequest, Translation
from .mapping.javascript import parse_int
from .messages import CALL_TYPES, Json, JsonObject
from .repair import mended_findings, repaired
from .settings import Destination, IdentityMode, RepairName, Subscription

MAX_DEPTH = 512
"""Deeper than this, no message is read; ingest has the same bound by default."""

MASKED, MASKED_FIELD = "Basic ••••", "••••"
"""What stands for the authorization, and for a secret in the query, unless secrets are asked for."""


class Findings(Protocol):
    """The checks: what the rules find in a message and its translation, by the clock `now` (milliseconds)."""

    def __call__(
        self, document: JsonObject, translation: Translation, destination: Destination, *, now: int
    ) -> Sequence[Finding]:
        """What the rules found."""
        ...


class Line(msgspec.Struct, frozen=True):
    """One line of output, without its newline. `failed` means that it holds an error: exit status 1."""

    text: str
    failed: bool = False


class Envelope(msgspec.Struct, frozen=True):
    """A message and what it is translated with. `now`: milliseconds since the epoch, or None."""

    message: JsonObject
    destination: Destination
    now: int | None = None


def translate_lines(
    lines: Iterable[str | bytes],
    *,
    destination: Destination,
    clock: Callable[[], int],
    findings: Findings,
    show_secrets: bool = False,
    repairs: Sequence[RepairName] = (),
    identity: IdentityMode = "original",
) -> Iterator[Line]:
    """Translate messages or envelopes, one JSON object a line; blank lines are passed over.

    `destination` holds for bare messages, and its kind for envelopes too. `clock` gives the time in
    milliseconds where an envelope names none. `repairs` are made after the translation, and what they changed
    stands in the line as `repairs`; `identity` is Mixpanel's ID merge, for them. A line that cannot be read
    becomes an error line, and the rest still run.
    """
    for line in lines:
        if not line.strip():
            continue
        try:
            envelope = read_envelope(read_object(line), destination)
            now = clock() if envelope.now is None else envelope.now
            translation = translator(envelope.destination).translate(envelope.message, now=now)
            found = findings(envelope.message, translation, envelope.destination, now=now)
            mended = repaired(translation, envelope.message, repairs, identity=identity)
            found = mended_findings(found, mended)
            made = line_of(envelope.message, mended.translation, found, show_secrets=show_secrets)
            if repairs:
                made["repairs"] = [cast(JsonObject, msgspec.to_builtins(one)) for one in mended.repairs]
            yield Line(to_json(made))
        except (InputError, MappingError) as error:
            yield Line(to_json({"error": str(error)}), failed=True)
        except RecursionError:
            yield Line(to_json({"error": _too_deep()}), failed=True)


def read_object(line: str | bytes) -> JsonObject:
    """The JSON object of a line, read as Segment reads it: bare NaN and Infinity are null.

    Raises InputError for anything else.
    """
    try:
        value = _decode(line)
    except RecursionError:
        raise InputError(_too_deep()) from None
    except UnicodeDecodeError:
        raise InputError("not UTF-8: save the file as UTF-8 text") from None
    except ValueError as error:
        raise InputError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InputError("not a JSON object: write one Segment message, or one envelope, a line")
    if _deeper_than(value, MAX_DEPTH):
        raise InputError(_too_deep())
    return value


def _decode(line: str | bytes) -> Json:
    try:
        return msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        # msgspec is stricter than JSON.parse (lone surrogates, 1e400) and refuses the NaN that SDKs send.
        text = line.decode("utf-8") if isinstance(line, bytes) else line
        text = text.removeprefix("\ufeff")
        return json.loads(text, parse_int=parse_int, parse_constant=lambda _: None)


def _too_deep() -> str:
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


def line_of(
    message: JsonObject, translation: Translation, findings: Sequence[Finding], *, show_secrets: bool
) -> JsonObject:
    """The output object of one message, in the shape of the contract."""
    return {
        "messageId": message.get("messageId"),
        "requests": [
            request_of(operation.request, show_secrets=show_secrets) for operation in translation.operations
        ],
        "rejected": translation.rejected,
        "warnings": [cast(JsonObject, msgspec.to_builtins(finding)) for finding in findings],
    }


def request_of(request: OutgoingRequest, *, show_secrets: bool) -> JsonObject:
    """One request under the contract's keys; what it does not have is left out, `body` never."""
    made: JsonObject = {"method": request.method, "url": request.url}
    if request.content_type is not None:
        made["content_type"] = request.content_type
    if request.authorization is not None:
        made["authorization"] = request.authorization if show_secrets else MASKED
    if request.query is not None:
        made["query"] = {
            name: MASKED_FIELD if name in SECRET_FIELDS and not show_secrets else value
            for name, value in request.query.items()
        }
    if request.data is not None:
        made["data"] = request.data
    made["body"] = request.body
    return made


def to_json(value: Json) -> str:
    """JSON text on one line; unpaired surrogates are escaped as JavaScript does."""
    try:
        return msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, OverflowError, msgspec.MsgspecError):
        return json.dumps(value, separators=(",", ":"))
