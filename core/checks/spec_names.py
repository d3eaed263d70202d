"""Segment's spec as data, and which of its names another one nearly is."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import msgspec

_MAX_NAME = 60
"""Longer names are nearly none of the spec's: the longest has 30 characters."""
_MIN_WORD = 5
"""Shorter words are too often one letter from another word: Cart and Card."""

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")
_ENDING = re.compile(r"(?:s|e|ed|led|ing)$")


class EventSpec(msgspec.Struct, frozen=True):
    """One event: the properties that the spec names with their kinds, those that it lives by, older names."""

    groups: tuple[str, ...] = ()
    properties: dict[str, str] = {}
    expected: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()


class Spec(msgspec.Struct, frozen=True):
    """What Segment's spec names; `groups` are properties that several events share."""

    groups: dict[str, dict[str, str]]
    events: dict[str, EventSpec]
    fields: tuple[str, ...]
    misnamed: dict[str, str]
    in_context: tuple[str, ...]
    context: tuple[str, ...]
    objects_in_context: tuple[str, ...]
    traits: dict[str, str]


class Near(msgspec.Struct, frozen=True):
    """The name of the spec that was meant. `style`: only case and separators differ."""

    name: str
    style: bool


def _read() -> Spec:
    spec = msgspec.json.decode(Path(__file__).with_name("spec.json").read_bytes(), type=Spec)
    # A product's own properties are those of every event, so that an event has them all in one place.
    events = {
        name: msgspec.structs.replace(
            event,
            properties={
                key: kind
                for part in (*(spec.groups[group] for group in event.groups), event.properties)
                for key, kind in part.items()
            },
        )
        for name, event in spec.events.items()
    }
    return msgspec.structs.replace(spec, events=events)


def squash(name: str) -> str:
    """Return the letters and digits of a name, in lower case: what is left when style is taken off."""
    return "".join(letter for letter in name if letter.isalnum()).lower()


def _stem(word: str) -> str:
    """Return a word without the ending that its tense or number gives it: completed, complete → complet."""
    return _ENDING.sub("", word.removesuffix("led") if word.endswith("lled") else word)


def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(name))


def _stems(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_stem(word) for word in words)


def one_edit(one: str, other: str) -> bool:
    """Return whether one letter more, less or otherwise, or two exchanged, make one of the other."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    if len(one) > len(other):
        one, other = other, one
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    rest = one[at + 1 :] == other[at + 1 :]
    swapped = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return rest or swapped


SPEC = _read()

_BY_STYLE = {squash(name): name for name in SPEC.events}
_BY_STEMS = {_stems(_words(name)): name for name in SPEC.events}
_FORMERLY = {squash(old): name for name, event in SPEC.events.items() for old in event.formerly}
_BY_LENGTH: dict[int, list[tuple[tuple[str, ...], str]]] = {}
for _name in SPEC.events:
    _split = _words(_name)
    _BY_LENGTH.setdefault(len(_split), []).append((_split, _name))


@lru_cache(maxsize=4096)
def near_event(name: str) -> Near | None:
    """Return the event of the spec that `name` nearly is: None for the spec's own names and for ordinary
    ones.

    Nearly means: only case and separators differ; the words are the same but for tense or number; the name of
    the spec's first version; or one letter of one long word is wrong.
    """
    if name in SPEC.events or len(name) > _MAX_NAME:
        return None
    squashed = squash(name)
    if squashed in _BY_STYLE:
        return Near(_BY_STYLE[squashed], True)
    words = _words(name)
    meant = _BY_STEMS.get(_stems(words)) or _FORMERLY.get(squashed) or _misspelt(words)
    return Near(meant, False) if meant else None


def _misspelt(words: tuple[str, ...]) -> str | None:
    for known, name in _BY_LENGTH.get(len(words), ()):
        wrong = [(a, b) for a, b in zip(words, known, strict=True) if a != b]
        if len(wrong) != 1:
            continue
        given, meant = wrong[0]
        if min(len(given), len(meant)) >= _MIN_WORD and given[0] == meant[0] and one_edit(given, meant):
            return name
    return None


def styles(names: tuple[str, ...] | dict[str, str]) -> dict[str, str]:
    """Index names by their letters alone."""
    return {squash(name): name for name in names}


_PROPERTY_STYLES = {name: styles(event.properties) for name, event in SPEC.events.items()}
_PRODUCT = SPEC.groups["product"]
_PRODUCT_STYLES = styles(_PRODUCT)


@lru_cache(maxsize=8192)
def near_property(event: str, name: str) -> str | None:
    """Return the property of an event of the spec that `name` is but for case and separators."""
    meant = _PROPERTY_STYLES[event].get(squash(name)) if len(name) <= _MAX_NAME else None
    return meant if meant != name else None


@lru_cache(maxsize=4096)
def near_product_property(name: str) -> str | None:
    """Return the same for a property of one product in a list."""
    meant = _PRODUCT_STYLES.get(squash(name)) if len(name) <= _MAX_NAME else None
    return meant if meant != name else None
