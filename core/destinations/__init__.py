"""Destinations: what Segment makes of a message for Mixpanel."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import MappingError
from ..settings import Destination, DestinationKind
from .base import Translator
from .mixpanel_actions import actions_translator

__all__ = ["Translator", "translator"]


def _classic(destination: Destination) -> Translator:
    raise MappingError(
        "The classic cloud destination cannot be translated yet: use --destination actions.",
        title="No classic destination yet",
    )


_MAKERS: dict[DestinationKind, Callable[[Destination], Translator]] = {
    "actions": actions_translator,
    "classic-cloud": _classic,
}


def translator(destination: Destination) -> Translator:
    """The translator of a destination; what its subscriptions compile to is remembered.

    Raises MappingError for a kind of destination that cannot be translated.
    """
    return _MAKERS[destination.kind](destination)
