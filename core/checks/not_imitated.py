"""The rule that names what may change a message at Segment and is not imitated here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from ..catalogue.settings import NOT_IMITATED
from ..destinations.transformations import not_imitated_in
from ..errors import MappingError
from ..mapping.filters import compile_filter
from ..messages import JsonObject
from ..not_imitated import NotImitated, listed
from ..settings import Settings
from ..verdict import Finding


def not_imitated(
    document: JsonObject, parts: Sequence[NotImitated], delivered: JsonObject | None = None
) -> Iterator[Finding]:
    """Yield one note that names every part that may change the message.

    Hashing is left out: its transformation has a note at each value that it hashes.
    """
    if found := concerning(document, [one for one in parts if one.kind != "hashing"], delivered):
        yield NOT_IMITATED.finding(
            "$", f"Mixpanel may get something else: segtap does not imitate {listed(found)}"
        )


def concerning(
    document: JsonObject, parts: Sequence[NotImitated], delivered: JsonObject | None = None
) -> tuple[NotImitated, ...]:
    """Return the parts that may change a message, by their conditions.

    Where a part stands among the transformations is unknown. So a condition counts if it holds for the
    message as sent, or for the one that the destination gets, if that is another.
    """
    given = (document,) if delivered is None or delivered is document else (document, delivered)
    return tuple(one for one in parts if not one.condition or any(map(_matches(one.condition), given)))


def in_settings(settings: Settings) -> tuple[NotImitated, ...]:
    """Return `[[not_imitated]]`, and what the transformations of the settings do that segtap does not.

    An import lists the hashing of a transformation in both.
    """
    named = {(one.kind, one.name, one.scope) for one in settings.not_imitated}
    own = not_imitated_in(settings.transformations, settings.destination.kind)
    return (
        *settings.not_imitated,
        *(one for one in own if (one.kind, one.name, one.scope) not in named),
    )


@lru_cache(maxsize=256)
def _matches(condition: str) -> Callable[[JsonObject], bool]:
    """Compile a condition. One that cannot be judged may match any message."""
    try:
        return compile_filter(condition)
    except MappingError:
        return lambda document: True
