"""How an engine reads messages just now: the destination, its translator and gate, put in place as one.

Everything that reads goes through one `Reading`, so that other settings can take its place while the engine
runs, and list, panes and forwarder change together.
"""

from __future__ import annotations

import msgspec

from .checks import check_settings
from .checks.stream import StreamChecker
from .destinations import translator
from .destinations.explain import explain
from .destinations.faults import subscription_faults
from .destinations.gate import GatedTranslator, gate_of
from .errors import InputError
from .inspection import Explanation, Finding, Inspection, Translation
from .inspector import inspect
from .messages import JsonObject, Message
from .settings import TOKEN_SETTING, Destination, Settings, destination_of
from .translate import read_object
from .views import MessageDetail

STAND_IN_TOKEN = "YOUR-PROJECT-TOKEN"


class Reading:
    """Translates and inspects by the settings in force. Pure, between two calls of `use`, but for `observe`.

    `stream` are the rules on the stream; what they saw stays known when the settings change.
    """

    def __init__(self, settings: Settings) -> None:
        """Raises MappingError as `use`."""
        self.stream = StreamChecker()
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Read by these settings from now on. Raises MappingError, and all stays as it was."""
        destination = _previewed(destination_of(settings))
        gated = GatedTranslator(translator(destination), gate_of(settings))
        self.destination, self._translator = destination, gated
        self._check_settings = check_settings(settings)
        self.stream.use(self._check_settings, destination)
        self.faults = subscription_faults(destination)
        """Which subscriptions can never send, and why."""

    def translate(self, document: JsonObject, *, now: int) -> Translation:
        """See `Translator`: what the forwarder sends is what is shown."""
        return self._translator.translate(document, now=now)

    def inspect(self, message: Message) -> Inspection:
        """What the message becomes, and what the rules say of it."""
        return inspect(message, self._translator, self.destination, settings=self._check_settings)

    def observe(self, message: Message, translation: Translation) -> tuple[Finding, ...]:
        """What the message completes in the stream; it counts as seen from there on."""
        return self.stream.observe(message, translation, message.received_at)

    def explained(self, detail: MessageDetail) -> MessageDetail:
        """The detail with why its translation is as it is."""
        if not detail.document:
            return detail
        try:
            document = read_object(detail.document)
            explanation = explain(
                document, self.destination, detail.inspection.translation, now=detail.summary.received_at
            )
        except (InputError, RecursionError):
            # Nested deeper than can be followed: it is shown all the same, without its sources.
            explanation = Explanation()
        return msgspec.structs.replace(detail, explanation=explanation)


def _previewed(destination: Destination) -> Destination:
    """The destination with a stand-in for a missing project token.

    Without one Segment's destination refuses every message, and nothing could be shown; nothing can be
    sent then either, for forwarding needs the token.
    """
    name = TOKEN_SETTING[destination.kind]
    if destination.settings.get(name):
        return destination
    return msgspec.structs.replace(destination, settings={**destination.settings, name: STAND_IN_TOKEN})
