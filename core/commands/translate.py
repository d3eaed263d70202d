"""`segtap translate`: one JSON line in, one JSON line out. Pure: the clock and the checks are handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, cast

import msgspec

from ..codec.pieces import message_pieces
from ..destinations import translator
from ..errors import InputError, MappingError
from ..ingest.bounds import DEFAULT_BOUNDS, Bounds
from ..json_text import to_json
from ..messages import JsonObject
from ..pipeline.envelope import read_envelope, read_object, request_of, too_deep
from ..repair import mended_findings, repaired
from ..settings import Destination, IdentityMode, RepairName
from ..verdict import Finding, Translation


class Findings(Protocol):
    """The checks: what the rules find in a message and its translation, by the clock `now` (milliseconds)."""

    def __call__(
        self, document: JsonObject, translation: Translation, destination: Destination, *, now: int
    ) -> Sequence[Finding]:
        """What the rules found."""
        ...


class Line(msgspec.Struct, frozen=True):
    """One line of output, without its newline. `failed` means that it holds an error: exit status 1."""

    text: str
    failed: bool = False


def translate_lines(
    lines: Iterable[str | bytes],
    *,
    destination: Destination,
    clock: Callable[[], int],
    findings: Findings,
    show_secrets: bool = False,
    repairs: Sequence[RepairName] = (),
    identity: IdentityMode = "original",
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Iterator[Line]:
    """Translate messages or envelopes, one JSON object a line, or whatever `message_pieces` reads.

    `destination` holds for bare messages, and its kind for envelopes too. `clock` gives the time in
    milliseconds where an envelope names none. `repairs` are made after the translation, and what they changed
    stands in the line as `repairs`; `identity` is Mixpanel's ID merge, for them. A line that cannot be read
    becomes an error line, and the rest still run; so does one beyond `bounds`.
    """
    for piece in message_pieces(lines):
        try:
            if piece.error:
                raise InputError(piece.error)
            envelope = read_envelope(read_object(piece.text, bounds=bounds), destination)
            now = clock() if envelope.now is None else envelope.now
            translation = translator(envelope.destination).translate(envelope.message, now=now)
            found = findings(envelope.message, translation, envelope.destination, now=now)
            mended = repaired(translation, envelope.message, repairs, identity=identity)
            found = mended_findings(found, mended)
            made = line_of(envelope.message, mended.translation, found, show_secrets=show_secrets)
            if repairs:
                made["repairs"] = [cast(JsonObject, msgspec.to_builtins(one)) for one in mended.repairs]
            yield Line(to_json(made))
        except (InputError, MappingError) as error:
            yield Line(to_json({"error": str(error)}), failed=True)
        except RecursionError:
            yield Line(to_json({"error": too_deep()}), failed=True)


def line_of(
    message: JsonObject, translation: Translation, findings: Sequence[Finding], *, show_secrets: bool
) -> JsonObject:
    """The output object of one message, in the shape of the contract."""
    return {
        "messageId": message.get("messageId"),
        "requests": [
            request_of(operation.request, show_secrets=show_secrets) for operation in translation.operations
        ],
        "rejected": translation.rejected,
        "warnings": [cast(JsonObject, msgspec.to_builtins(finding)) for finding in findings],
    }
