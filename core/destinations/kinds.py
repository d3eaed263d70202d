"""The translator of each kind of destination."""

from __future__ import annotations

from collections.abc import Callable

from ..settings import Destination, DestinationKind
from .actions.translator import actions_translator
from .base import Translator
from .classic.translator import classic_translator

_MAKERS: dict[DestinationKind, Callable[[Destination], Translator]] = {
    "actions": actions_translator,
    "classic-cloud": classic_translator,
}


def translator(destination: Destination) -> Translator:
    """Return the translator of a destination; what its subscriptions compile to is remembered."""
    return _MAKERS[destination.kind](destination)
