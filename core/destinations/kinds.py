"""The translator of each kind of destination.

`classic-device`, the classic destination in device mode, is not a kind: what the page sends depends on what
its browser did before, and on page loads that no message shows. So it is a simulation of one page's
messages, see `device`, and no translation of one message; and segtap cannot send what the page sends itself.
The settings refuse it as `kind`, and say so. `segtap translate`, the super properties of a message and the
rule on reserved ones ask for the simulation by name.
"""

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
