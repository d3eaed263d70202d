"""The timeline of one user: which messages are theirs, and what the timeline says of each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from ..api.models import Summary
from ..identities.model import DEVICE, Cluster, Link
from ..messages import RAW_TYPE, Json, JsonObject
from ..query import Names
from ..text import shorten
from ..verdict import SEVERITY_WEIGHT, Severity
from .model import Moment

LATE = 60_000
"""Milliseconds between timestamp and receipt that are not worth saying."""
LONGEST = 80
"""Characters of what a message is about."""
ORDER = ("order_id", "orderId", "checkout_id", "cart_id")
MONEY = ("revenue", "total", "value", "price")
THING = ("name", "product_id", "sku", "product", "plan", "feature", "path", "query", "url", "step")
"""Properties that say what an event is about, by Segment's spec: the first one of each that it has."""
TRAITS = ("email", "name", "plan")


class Ids(msgspec.Struct, frozen=True):
    """The ids that messages of one user come with, and the messages that joined them."""

    users: frozenset[str]
    anonymous: frozenset[str]
    joins: Mapping[int, tuple[Link, ...]] = {}

    def include(self, names: Names) -> bool:
        """Return True for a message of this user. Beside a userId, an anonymousId says nothing."""
        return names.user_id in self.users if names.user_id else names.anonymous_id in self.anonymous


def ids_of(cluster: Cluster | None, id: str) -> Ids:
    """Return the ids of a user; without a cluster it is the one id alone."""
    if cluster is None:
        bare = id.removeprefix(DEVICE)
        return Ids(frozenset((id,)), frozenset((id, bare)))
    users: set[str] = set()
    anonymous: set[str] = set()
    for member in cluster.members:
        if member.id.startswith(DEVICE):
            anonymous |= {member.id, member.id.removeprefix(DEVICE)}
            continue
        users.add(member.id)
        if cluster.mode == "original":
            anonymous.add(member.id)
    joins: dict[int, tuple[Link, ...]] = {}
    for link, message in cluster.links:
        joins[message] = (*joins.get(message, ()), link)
    return Ids(frozenset(users), frozenset(anonymous), joins)


def moments(
    lines: Sequence[Summary],
    names: Mapping[int, Names],
    rules: Mapping[int, Mapping[str, Severity]],
    documents: Mapping[int, JsonObject],
    ids: Ids,
) -> tuple[Moment, ...]:
    """Return what the timeline says of these messages; what a message does not have is left out."""
    return tuple(
        _moment(
            line,
            names.get(line.id, Names()),
            rules.get(line.id, {}),
            documents.get(line.id, {}),
            ids.joins.get(line.id, ()),
        )
        for line in lines
    )


def _moment(
    line: Summary,
    names: Names,
    rules: Mapping[str, Severity],
    document: JsonObject,
    joins: tuple[Link, ...],
) -> Moment:
    grave: list[tuple[str, Severity]] = [one for one in rules.items() if one[1] != "info"]
    grave.sort(key=lambda one: (SEVERITY_WEIGHT[one[1]], one[0]))
    at = _timestamp(document.get("timestamp")) if line.type != RAW_TYPE else None
    late = 0 if at is None else line.received_at - at
    return Moment(
        line=line,
        id=names.user_id or names.anonymous_id,
        known=bool(names.user_id),
        about=about(document, line.type),
        late=late if abs(late) >= LATE else 0,
        rules=tuple(grave),
        joins=joins,
    )


def about(document: JsonObject, type: str) -> str:
    """Return what a message is about: `/pricing`, `order_991 · 59.8 EUR · 2 products`, `ada@example.com`."""
    properties, traits = _object(document.get("properties")), _object(document.get("traits"))
    context = _object(document.get("context"))
    match type:
        case "page":
            page = _object(context.get("page"))
            parts = [_first((properties, page), ("path", "url"))]
        case "identify":
            parts = [_first((traits, _object(context.get("traits"))), TRAITS)]
        case "group":
            parts = [_text(document.get("groupId")), _first((traits,), ("name", "plan"))]
        case "alias":
            parts = [_text(document.get("previousId"))]
        case _:
            named = _first((properties,), ORDER) or _first((properties,), THING)
            parts = [named, _money(properties), _products(properties)]
    return " · ".join(shorten(part, LONGEST) for part in parts if part)


def _first(objects: Iterable[JsonObject], keys: Sequence[str]) -> str:
    for held in objects:
        for key in keys:
            if text := _text(held.get(key)):
                return text
    return ""


def _money(properties: JsonObject) -> str:
    amount = _first((properties,), MONEY)
    currency = _text(properties.get("currency"))
    return f"{amount} {currency}".rstrip() if amount else ""


def _products(properties: JsonObject) -> str:
    products = properties.get("products")
    if not isinstance(products, list) or not products:
        return ""
    return f"{len(products):,} product{'' if len(products) == 1 else 's'}"


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    """Return a text or a number as text; "" for anything else."""
    if isinstance(value, str):
        return value[: LONGEST + 1]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return repr(value) if abs(value) < 1e15 else f"{value:g}" if abs(value) < 1e300 else ""


def _timestamp(value: Json) -> int | None:
    """Return a message's timestamp in milliseconds, None if it is no ISO time."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
