"""What the messages of a scenario become: recorded once, and compared later, by the same steps. Pure.

A scenario's message walks every stage of the settings, as in `segtap check`, by the time at which it came,
and a copy within 24 hours makes no request. Repairs are left out: they are segtap's own. Token and API secret
are those of the notation, so that neither stands in a scenario and none has to be set where it is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ..codec.pieces import Piece
from ..errors import InputError, MappingError
from ..json_text import json_bytes
from ..messages import Json, JsonObject, Marks, Message
from ..scenarios.lines import Step, step_line
from ..scenarios.notation import API_SECRET, BEGINNING, OWN_TOKEN, Relative
from ..scenarios.recorded import Recording
from ..segment_names import destination_of, project_token
from ..settings import Secret, Settings
from ..sources.bounds import DEFAULT_BOUNDS, Bounds, over
from ..sources.mixpanel.exported import exported_record
from ..verdict import Translation
from .compiled import CompiledSettings, compile_settings
from .envelope import request_of
from .functions import RunFunction, run_none, with_outcomes
from .lines import Copies, Given, given_in
from .reading import TOO_DEEP, read_document, read_value
from .stages import remake

_COPY = "Segment drops it as a copy: its messageId came before"


class Became(msgspec.Struct, frozen=True):
    """The requests of one message, with placeholders, and `why` there are none."""

    message: Message
    requests: list[Json]
    why: str = ""


def scenario_settings(settings: Settings) -> CompiledSettings:
    """Compile the settings for scenarios: without repairs, and with stand-ins for token and API secret.

    Raises InputError for a tracking plan that cannot be used.
    """
    destination = msgspec.structs.replace(
        settings.destination, token=OWN_TOKEN, api_secret=Secret(API_SECRET)
    )
    return compile_settings(msgspec.structs.replace(settings, destination=destination, repair=()))


class Scenario:
    """Makes the requests of a scenario's messages, one after another."""

    def __init__(
        self,
        settings: CompiledSettings,
        *,
        functions: RunFunction = run_none,
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> None:
        self._settings = settings
        self._functions = functions
        self._bounds = bounds
        self._copies = Copies()

    def became(self, step: Step, line: int = 0) -> Became:
        """Return what the next message becomes. Raises InputError if it cannot be read."""
        text, offsets = step.resolved()
        try:
            given = given_in(Piece(line, text), self._settings.destination, self._bounds)
            message, translation = self._translated(given, BEGINNING + step.at_ms)
            if translation.not_sent is not None:
                return Became(message, [], translation.not_sent.reason)
            requests: list[Json] = []
            relative = Relative(offsets, step.at_ms)
            for operation in translation.operations:
                request = request_of(operation.request, show_secrets=False)
                request.pop("data", None)  # the encoded body, which stands beside it
                # As JSON has it: what no double holds is null.
                value, _ = read_value(json_bytes(relative.value(request)))
                requests.append(value)
        except MappingError as error:
            raise InputError(str(error)) from None
        except RecursionError:
            raise InputError(TOO_DEEP) from None
        return Became(message, requests, "" if requests else _why(message, translation))

    def _translated(self, given: Given, at: int) -> tuple[Message, Translation]:
        now = given.now(lambda: at)
        message = msgspec.structs.replace(given.message, received_at=now)
        if not message.marks & Marks.WOULD_REJECT and self._copies.is_copy(given, now):
            message = msgspec.structs.replace(message, marks=message.marks | Marks.SECOND_RECEIPT)
        (message,) = with_outcomes([message], self._settings, self._functions, now)
        return message, remake(message, self._settings).translation


class Recorder:
    """Turns lines of an export into those of a scenario, one after another.

    `settings` say what the messages become, and which token is the project's.
    """

    def __init__(
        self, settings: Settings, *, functions: RunFunction = run_none, bounds: Bounds = DEFAULT_BOUNDS
    ) -> None:
        """Raise InputError for a tracking plan that cannot be used."""
        self._bounds = bounds
        self._recording = Recording(project_token(destination_of(settings)))
        self._scenario = Scenario(scenario_settings(settings), functions=functions, bounds=bounds)
        self.left_out = 0
        """How many messages cannot be read, because they are too large or nested too deep."""

    def lines(self, exported: Iterable[bytes]) -> Iterator[bytes]:
        """Yield a line of the scenario for each message."""
        for line in exported:
            try:
                at, message = self._message(line)
                became = self._scenario.became(Step(at, message, []))
                yield step_line(at, message, became.requests)
            except InputError:
                self.left_out += 1

    def _message(self, line: bytes) -> tuple[int, JsonObject]:
        text, endpoint = line.strip(), ""
        if (record := exported_record(text)) is not None:
            text, endpoint = record.text, record.endpoint
        if why := over(text, self._bounds):
            raise InputError(why)
        return self._recording.message(read_document(text), endpoint)


def _why(message: Message, translation: Translation) -> str:
    if message.marks & Marks.SECOND_RECEIPT:
        return _COPY
    if translation.rejected is not None:
        return f"the destination refuses it: {translation.rejected}"
    return "no subscription matches it" if translation.unmatched else "it holds nothing that is sent"
