"""One message translated by two destinations, side by side, and what a move between them costs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import msgspec

from ..destinations.arrival import losses
from ..destinations.classic.insert_id import UNKNOWN
from ..destinations.kinds import translator
from ..errors import InputError
from ..messages import JsonObject
from ..pairs.records import Pair, pairs_of, records_of
from ..pipeline.envelope import request_of
from ..pipeline.lines import Given
from ..segment_names import TOKEN_SETTING, destination_of, previewed
from ..settings import Destination, DestinationKind, Settings
from .catalogue import DIFFERENCES
from .sides import Side, both_of

LABELS: dict[DestinationKind, str] = {"actions": "Actions", "classic-cloud": "Classic"}
"""The destinations in one word."""


class Loss(msgspec.Struct, frozen=True):
    """One difference as this message shows it.

    `id`, `lost_by`, `what` and `source` are those of the catalogue; `words` say what it does here.
    """

    id: str
    lost_by: DestinationKind | None
    what: str
    words: str
    source: str


class Comparison(msgspec.Struct, frozen=True):
    """A message in both destinations. `losses` are named only between the two different kinds."""

    document: JsonObject
    one: Side
    other: Side
    pairs: tuple[Pair, ...]
    losses: tuple[Loss, ...]


def compare(document: JsonObject, one: Destination, other: Destination, now: int) -> Comparison:
    """Translate the message by both destinations, and tell the differences.

    `now` is the clock of both, in milliseconds. Like the destinations themselves it does not ask whether
    Segment would send the message at all; where the message says so to one of them only, that is a loss.
    Raises MappingError for subscriptions that cannot be compiled.
    """
    sides = [_side(document, destination, now) for destination in (one, other)]
    pairs = pairs_of(sides[0].records, sides[1].records)
    differences: tuple[Loss, ...] = ()
    kinds = [side.destination.kind for side in sides]
    if set(kinds) == {"actions", "classic-cloud"}:
        differences = tuple(
            _losses(document, sides[kinds.index("actions")], sides[kinds.index("classic-cloud")])
        )
    return Comparison(document, sides[0], sides[1], pairs, differences)


def _side(document: JsonObject, destination: Destination, now: int) -> Side:
    translation = translator(destination).translate(document, now=now)
    lost = losses(document, destination, translation, (), now=now)
    return Side(destination, translation, records_of(translation, destination.kind), tuple(lost))


def _losses(document: JsonObject, actions: Side, classic: Side) -> Iterator[Loss]:
    both = both_of(document, actions, classic)
    for entry in DIFFERENCES:
        for words in entry.find(both):
            yield Loss(entry.id, entry.lost_by, entry.what, words, entry.source)


def destination_for(settings: Settings, kind: DestinationKind) -> Destination:
    """Return the destination of a kind that the settings describe, whichever they choose.

    A token that is not set has a stand-in.
    """
    chosen = msgspec.structs.replace(settings.destination, kind=kind)
    return previewed(destination_of(msgspec.structs.replace(settings, destination=chosen)))


class Sides(msgspec.Struct, frozen=True):
    """A message and the two destinations that it is compared for."""

    message: JsonObject
    one: Destination
    other: Destination


def sides_of(given: Given, one: Destination, other: Destination) -> Sides:
    """Return a line's message, and the destinations with the settings of its envelope, if it has one.

    An envelope's settings are those of the destination whose token they name; the other one keeps its own,
    under that token. They may also be given for both, each under its kind:
    `{"settings": {"actions": {…}, "classic-cloud": {…}}}`. Subscriptions are those of Actions.
    Raises InputError.
    """
    document = given.message.document
    if given.envelope is None:
        return Sides(document, one, other)
    settings = given.envelope.get("settings")
    named = settings if isinstance(settings, dict) else {}
    left, right = (_from_envelope(destination, named, given) for destination in (one, other))
    return Sides(document, left, right)


def _from_envelope(destination: Destination, named: JsonObject, given: Given) -> Destination:
    settings: JsonObject = destination.settings
    if any(kind in named for kind in TOKEN_SETTING):
        own = named.get(destination.kind, settings)
        if not isinstance(own, dict):
            raise InputError(f"the envelope's settings of {destination.kind} have to be a JSON object")
        settings = own
    elif TOKEN_SETTING[destination.kind] in named:
        settings = named
    else:
        token = next((named[name] for name in TOKEN_SETTING.values() if name in named), None)
        if token is not None:
            settings = {**settings, TOKEN_SETTING[destination.kind]: token}
    actions = destination.kind == "actions"
    subscriptions = given.destination.subscriptions if actions else destination.subscriptions
    return Destination(destination.kind, settings, subscriptions)


def as_json(comparison: Comparison, *, show_secrets: bool = False) -> JsonObject:
    """Return the comparison as one JSON object; secrets of the requests are masked unless they are asked
    for.
    """
    sides = {
        place: {
            "destination": side.destination.kind,
            "requests": [
                request_of(operation.request, show_secrets=show_secrets)
                for operation in side.translation.operations
            ],
            "rejected": side.translation.rejected,
        }
        for place, side in (("one", comparison.one), ("other", comparison.other))
    }
    return {
        "messageId": comparison.document.get("messageId"),
        **cast(JsonObject, sides),
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "losses": cast(JsonObject, msgspec.to_builtins(comparison.losses)),
    }


def _pair(pair: Pair) -> JsonObject:
    return {
        "purpose": pair.purpose,
        "one": None if pair.one is None else pair.one.path,
        "other": None if pair.other is None else pair.other.path,
        "properties": [
            {
                "path": row.path,
                "state": row.state,
                **({"one": row.one} if row.has("one") else {}),
                **({"other": row.other} if row.has("other") else {}),
                **({"unknown": dict.fromkeys(row.unknown, UNKNOWN)} if row.unknown else {}),
            }
            for row in pair.rows
        ],
    }
