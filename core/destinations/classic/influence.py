"""Where each value of a classic request comes from: found by trying. Pure, and only when somebody looks.

The classic destination has no mapping to follow. So each value of the message, and of the settings, is
changed in turn and translated again; what changes in the requests comes from there.
"""

from __future__ import annotations

from functools import reduce
from itertools import islice
from typing import cast

import msgspec

from ...messages import JsonObject
from ...paths import changed_at, child
from ...places import in_body
from ...segment_names import TOKEN_SETTING
from ...settings import Destination
from ...verdict import PropertySource, Translation
from ..actions.provenance import CONSTANT, SOURCE_NAME, TOKEN
from ..trials import Place, differing, leaves, other_value, same
from .translator import classic_translator

MOST = 250
"""Values of a message that are tried; a translation each."""
WORK = 1024 * 1024
"""Bytes of requests that are made in all the tries together: some 100 ms, or less."""
NAMED = 3
"""Places that are named where a value is worked out of several."""
SETTINGS = {TOKEN_SETTING["classic-cloud"]: TOKEN.words, "sourceName": SOURCE_NAME.words}


def influences(
    document: JsonObject, destination: Destination, translation: Translation, *, now: int
) -> tuple[PropertySource, ...]:
    """Return the source of every value in the bodies of what the destination made of the document at `now`.

    A message that is too large to try every value gets only what was found; a giant one gets nothing.
    """
    size = sum(len(one.request.data or "") for one in translation.operations)
    tries = min(MOST, WORK // (size + 1))
    if not tries:
        return ()
    bodies = [one.request.body for one in translation.operations]
    sources: dict[Place, list[tuple[str, bool]]] = {
        (index, steps): [] for index, body in enumerate(bodies) for steps, _ in leaves(body)
    }
    tried, translator = leaves(document), classic_translator(destination)
    for steps, value in islice(tried, tries):
        other = other_value(value)
        changed = cast(JsonObject, changed_at(document, steps, lambda _, other=other: other))
        for place, before in differing(translation, translator.translate(changed, now=now)):
            sources[place].append((reduce(child, steps, "$"), same(before, value)))
    for name, words in SETTINGS.items():
        if isinstance(given := destination.settings.get(name), str):
            settings = {**destination.settings, name: other_value(given)}
            other = classic_translator(msgspec.structs.replace(destination, settings=settings))
            for place, _ in differing(translation, other.translate(document, now=now)):
                sources[place].append((words, False))
    whole = next(tried, None) is None
    return tuple(
        _source(in_body(index, *steps), found) for (index, steps), found in sources.items() if found or whole
    )


def _source(path: str, found: list[tuple[str, bool]]) -> PropertySource:
    same = next((words for words, equal in found if equal), None)
    if same is not None:
        return PropertySource(path, same, place=True)
    words = [words for words, _ in found]
    if len(words) == 1 and words[0].startswith("setting: "):
        return PropertySource(path, words[0])
    if len(words) > NAMED:
        words = [*words[: NAMED - 1], f"{len(words) - NAMED + 1} more"]
    return PropertySource(path, f"worked out of {_listed(words)}" if words else CONSTANT.words)


def _listed(words: list[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
