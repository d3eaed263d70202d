"""Why a message becomes what it becomes: worked out for the one message that somebody looks at. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import MappingError
from ..mapping.near_miss import Miss, condition_words, miss_of
from ..messages import JsonObject
from ..places import Place
from ..settings import Destination, Subscription
from ..verdict import Explanation, PropertySource, Translation
from .actions.credentials import authorization_source
from .actions.presets import preset_subscriptions
from .actions.provenance import property_sources
from .classic.influence import influences
from .classic.insert_id import UNKNOWABLE, unknown_fields

CLOSEST = 3
"""How many subscriptions are named that came equally close."""


def explain(
    document: JsonObject, destination: Destination, translation: Translation, *, now: int
) -> Explanation:
    """Return where the values of the translation come from, or which triggers came closest to taking the
    message.

    `translation` is what the destination made of the document at `now`.
    """
    if translation.unmatched and destination.kind == "actions":
        return Explanation(unmatched=_unmatched(document, _subscriptions(destination)))
    if not translation.operations:
        return Explanation()
    if destination.kind == "classic-cloud":
        unknown = unknown_fields(translation)
        stated = (PropertySource(path, UNKNOWABLE) for path in unknown)
        sources = influences(document, destination, translation, now=now)
        return Explanation((*sources, *stated), unknown=unknown)
    sources = property_sources(document, destination, now=now)
    return Explanation((*sources, *_credentials(translation, destination)))


def _credentials(translation: Translation, destination: Destination) -> Iterator[PropertySource]:
    """Yield where the credentials of the requests come from, of those that have any."""
    for index, operation in enumerate(translation.operations):
        if operation.request.authorization is not None:
            place = Place("request", index, ("authorization",))
            yield PropertySource(place.text, authorization_source(destination.settings))


def _subscriptions(destination: Destination) -> Sequence[Subscription]:
    return preset_subscriptions() if destination.subscriptions is None else destination.subscriptions


def _unmatched(document: JsonObject, subscriptions: Sequence[Subscription]) -> str:
    kind = document.get("type")
    calls = f"{kind} calls" if isinstance(kind, str) and kind else "this call"
    misses = [
        (subscription, miss) for subscription in subscriptions if (miss := _miss(subscription, document))
    ]
    off = [_named(one) for one, miss in misses if not one.enabled and not miss.failing]
    if off:
        return f"no subscription that is on takes it: {' and '.join(off)} would, but {_is(off)} off"
    near = [(one, miss) for one, miss in misses if one.enabled]
    words = f"no subscription takes {calls}" if _type_is_why(near) else "no subscription takes it"
    if not near:
        return words
    best = min(miss.rank for _, miss in near)
    named = [f"{_named(one)} needs {_needs(miss)}" for one, miss in near if miss.rank == best]
    return f"{words}; closest: {'; '.join(named[:CLOSEST])}"


def _miss(subscription: Subscription, document: JsonObject) -> Miss | None:
    try:
        return miss_of(subscription.subscribe, document)
    except MappingError:
        return None


def _type_is_why(near: Sequence[tuple[Subscription, Miss]]) -> bool:
    """Return whether every trigger asks for another type of call."""
    return all(any(one is not None and one.place == "type" for one in miss.failing) for _, miss in near)


def _needs(miss: Miss) -> str:
    return " and ".join(map(condition_words, miss.failing))


def _named(subscription: Subscription) -> str:
    return f"'{subscription.name or subscription.partner_action}'"


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
