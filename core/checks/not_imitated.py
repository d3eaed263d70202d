"""The rule that names what may change a message at Segment and is not imitated here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from ..catalogue.settings import NOT_IMITATED
from ..errors import MappingError
from ..mapping.filters import compile_filter
from ..messages import JsonObject
from ..not_imitated import NotImitated, listed
from ..verdict import Finding


def not_imitated(document: JsonObject, parts: Sequence[NotImitated]) -> Iterator[Finding]:
    """Yield one note that names every part that may change the message.

    Hashing is left out: its transformation has a note at each value that it hashes.
    """
    if found := concerning(document, [one for one in parts if one.kind != "hashing"]):
        yield NOT_IMITATED.finding(
            "$", f"Mixpanel may get something else: segtap does not imitate {listed(found)}"
        )


def concerning(document: JsonObject, parts: Sequence[NotImitated]) -> tuple[NotImitated, ...]:
    """Return the parts that may change a message, by their conditions."""
    return tuple(one for one in parts if not one.condition or _matches(one.condition)(document))


@lru_cache(maxsize=256)
def _matches(condition: str) -> Callable[[JsonObject], bool]:
    """Compile a condition. One that cannot be judged may match any message."""
    try:
        return compile_filter(condition)
    except MappingError:
        return lambda document: True
