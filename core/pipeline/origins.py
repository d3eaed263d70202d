"""From a field of the message that the destination gets back to the field that the client sent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..destinations.transformations import Origin
from ..mapping.javascript import MISSING
from ..messages import Json, JsonObject
from ..places import Place, read_place
from ..verdict import Finding
from .parts import Step


class AsSent(NamedTuple):
    """The path of the message as sent, and what happened to the value on its way, the latest first.

    `made` is True if no field of the message holds the value: a transformation sets it.
    """

    path: str
    words: tuple[str, ...] = ()
    made: bool = False


class Origins:
    """Walks back through the parts that changed one message."""

    def __init__(self, document: JsonObject, steps: Sequence[Step]) -> None:
        """Take the message as sent, and what the parts made of it."""
        self._document = document
        self._steps = [step for step in steps if step.part.origins is not None and step.changed]

    def as_sent(self, path: str) -> AsSent:
        """Return the field as sent for a path into the message that the destination gets."""
        place = read_place(path)
        if place.side != "message" or not place.steps:
            return AsSent(path)
        steps, words = place.steps, list[str]()
        for step in reversed(self._steps):
            origins = step.part.origins(step.before) if step.part.origins is not None else ()
            found = _written(origins, steps)
            if found is None:
                continue
            origin, rest = found
            if origin.how != "renamed":
                how = "set" if origin.how == "set" else "computed"
                words.append(f"{how} by {step.part.name!r}")
                return AsSent(self._nearest(steps), tuple(words), made=True)
            words.append(f"renamed from {origin.source[2:]} by {step.part.name!r}")
            steps = (*read_place(origin.source).steps, *rest)
        return AsSent(Place("message", 0, steps).text if words else path, tuple(words))

    def finding(self, finding: Finding) -> Finding:
        """Return a finding on the message that the destination gets with the field as sent as its path."""
        sent = self.as_sent(finding.path)
        if not sent.words:
            return finding
        name = finding.path[2:]
        message = f"{finding.message} ({name}: {', '.join(sent.words)})"
        return Finding(finding.rule, finding.severity, sent.path, message, finding.fix)

    def _nearest(self, steps: Sequence[str | int]) -> str:
        """Return the path as far as the message as sent has it."""
        value: Json = self._document
        there: list[str | int] = []
        for step in steps:
            if isinstance(value, dict):
                found = value.get(str(step), MISSING)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                found = value[step]
            else:
                found = MISSING
            if found is MISSING:
                break
            value = found
            there.append(step)
        return Place("message", 0, tuple(there)).text


def _written(
    origins: Sequence[Origin], steps: tuple[str | int, ...]
) -> tuple[Origin, tuple[str | int, ...]] | None:
    """Find what wrote the value last, and the steps from there to the value."""
    for origin in reversed(origins):
        written = read_place(origin.path).steps
        if list(map(str, steps[: len(written)])) == list(map(str, written)):
            return origin, steps[len(written) :]
    return None
