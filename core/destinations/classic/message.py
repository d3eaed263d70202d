"""A message as the classic destination sees it: through Segment's facade, which forgives spelling.

Source: segmentio-facade 3. A field is found by `traits.firstName` under `first_name` and `First Name`, too:
only letters and digits count, and the first key that fits. What the message has under `options` stands for
its `context`. A value that is not there is `MISSING`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias, cast

from ...mapping import javascript
from ...mapping.javascript import MISSING, SPACES, Value
from ...messages import Json, JsonObject
from .dates import Instant, Part, as_date, new_date, text

Fields: TypeAlias = dict[str, Part]

_NOT_IN_A_KEY = re.compile(r"[^a-zA-Z0-9.]+")
_NOT_IN_A_TRAIT = re.compile(r"[^A-Za-z0-9.$]+")
_EMAIL = re.compile(r".+@.+\..+")
_ORDER = re.compile(r"[ _]?completed[ _]?order[ _]?|[ _]?order[ _]?completed[ _]?\Z", re.IGNORECASE)
_LEADING_NUMBER = re.compile(r"[+-]?(?:Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)


@lru_cache(maxsize=4096)
def plain_key(key: str) -> str:
    """Return a key as it is compared: letters, digits and dots, in lower case."""
    return _NOT_IN_A_KEY.sub("", key).lower()


@lru_cache(maxsize=4096)
def plain_trait(key: str) -> str:
    """Return the same, with `$` counting: so `$email` is not the trait `email`."""
    return _NOT_IN_A_TRAIT.sub("", key).lower()


def find(holder: Part, path: str) -> Part:
    """Return what stands under a path; keys are compared by `plain_key`, and the first that fits is taken."""
    path = plain_key(path)
    while isinstance(holder, dict):
        for key, value in holder.items():
            plain = plain_key(key)
            rest = path[len(plain) :]
            if path.startswith(plain) and (not rest or rest[0] == "."):
                path = rest[1:]
                if not path or value is None:
                    return value
                holder = value
                break
        else:
            return MISSING
    return MISSING


def remove(fields: Fields, name: str, plain: Callable[[str], str] = plain_key) -> None:
    """Take out the first key that is spelled like `name`."""
    wanted = plain(name)
    found = next((key for key in fields if plain(key) == wanted), None)
    if found is not None:
        del fields[found]


def truthy(value: Part) -> bool:
    """Return whether `if (value)` holds: dates are objects."""
    return isinstance(value, Instant) or javascript.truthy(cast(Value, value))


def first(*values: Part) -> Part:
    """Return `a || b || c`."""
    for value in values:
        if truthy(value):
            return value
    return values[-1]


def member(holder: Part, key: str) -> Part:
    """Return `holder.key`, spelled exactly."""
    return holder.get(key, MISSING) if isinstance(holder, dict) else MISSING


def copied(value: Json) -> Part:
    """Return a copy with dates for texts that look like them, and keys in JavaScript's order."""
    if isinstance(value, str):
        return as_date(value) or value
    if isinstance(value, dict):
        made: Fields = {}
        for key in javascript.keys_in_order(value):
            if key != "__proto__":
                made[key] = copied(value[key])
        return made
    if isinstance(value, list):
        made_list: list[Part] = []
        for item in value:
            made_list.append(copied(item))
        return made_list
    return value


class Call:
    """A call, and what its facade answers. `timestamp` is the message's, else the clock's."""

    def __init__(self, document: JsonObject, now: int) -> None:
        fields = cast(Fields, copied(document))
        self.type: Part = fields.get("type")
        self.timestamp = (
            new_date(cast(Part, document["timestamp"])) if "timestamp" in document else Instant(now)
        )
        self.user_id: Part = fields.get("userId", MISSING)
        self.anonymous_id: Part = first(fields.get("anonymousId", MISSING), fields.get("sessionId", MISSING))
        self.id: Part = first(self.user_id, self.anonymous_id)
        self.context: Part = first(fields.get("options"), fields.get("context"), {})
        self.fields = fields

    def in_context(self, path: str) -> Part:
        """Return what the context has under a path."""
        return find(self.context, path)

    @property
    def library(self) -> Part:
        """The name of the library that sent it; `unknown` without one."""
        library = self.in_context("library")
        if not truthy(library):
            return "unknown"
        return library if isinstance(library, str) else member(library, "name")

    @property
    def active(self) -> bool:
        """Whether the user was active: everywhere but where `context.active` says otherwise."""
        active = self.in_context("active")
        return active is MISSING or active is None or truthy(active)

    def person(self, traits: Part) -> Person:
        """Return the user with these traits."""
        return Person(first(traits, {}), self.user_id)

    def properties(self) -> Part:
        """Return the properties; those of a page or screen have its category and name."""
        own = first(self.fields.get("properties"), {})
        if self.type in ("page", "screen") and isinstance(own, dict):
            named: Fields = {name: self.fields.get(name) for name in ("category", "name")}
            return {**own, **{name: value for name, value in named.items() if truthy(value)}}
        return own


class Person:
    """A user's traits, and what is worked out from them."""

    def __init__(self, traits: Part, user_id: Part) -> None:
        self._id = user_id
        if isinstance(traits, dict):
            traits = {**traits, "id": user_id} if truthy(user_id) else {**traits}
        self.traits = traits

    def __getitem__(self, name: str) -> Part:
        """Return a trait as the facade gives it: worked out for those that it knows, else found by its
        name.
        """
        known = _KNOWN.get(name)
        return find(self.traits, name) if known is None else known(self)

    def created(self) -> Part:
        value = first(find(self.traits, "created"), find(self.traits, "createdAt"))
        return new_date(value) if truthy(value) else MISSING

    def email(self) -> Part:
        value = find(self.traits, "email")
        if truthy(value):
            return value
        return self._id if _EMAIL.search(text(self._id)) else MISSING

    def first_name(self) -> Part:
        own, name = find(self.traits, "firstName"), find(self.traits, "name")
        if isinstance(own, str):
            return own.strip(SPACES)
        return name.strip(SPACES).split(" ")[0] if isinstance(name, str) else MISSING

    def last_name(self) -> Part:
        own, name = find(self.traits, "lastName"), find(self.traits, "name")
        if isinstance(own, str):
            return own.strip(SPACES)
        if not isinstance(name, str):
            return MISSING
        # The place is looked for in the trimmed name, and cut from the untrimmed one.
        space = name.strip(SPACES).find(" ")
        return name[space + 1 :].strip(SPACES) if space >= 0 else MISSING

    def name(self) -> Part:
        own = find(self.traits, "name")
        if isinstance(own, str):
            return own.strip(SPACES)
        given, family = self.first_name(), self.last_name()
        return f"{given} {family}".strip(SPACES) if truthy(given) and truthy(family) else MISSING

    def phone(self) -> Part:
        own, several = find(self.traits, "phone"), find(self.traits, "phones")
        if truthy(own) or not isinstance(several, list):
            return own if truthy(own) else MISSING
        return several[0] if several else MISSING


_KNOWN: dict[str, Callable[[Person], Part]] = {
    "created": Person.created,
    "email": Person.email,
    "firstName": Person.first_name,
    "lastName": Person.last_name,
    "name": Person.name,
    "phone": Person.phone,
}


def money(properties: Part, event: Part) -> Part:
    """Return the revenue of an event, of a completed order its total; MISSING where there is none.

    Numbers in text are read as `parseFloat` does, without `$`.
    """
    value = find(properties, "revenue")
    if not truthy(value) and isinstance(event, str) and _ORDER.match(event):
        value = find(properties, "total")
    if isinstance(value, bool) or not truthy(value):
        return MISSING
    if isinstance(value, int | float):
        return value
    found = _LEADING_NUMBER.match(value.replace("$", "").lstrip(SPACES)) if isinstance(value, str) else None
    return float(found[0]) if found else MISSING
