"""From a field of the message that the destination gets back to the field that the client sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..mapping.javascript import MISSING
from ..messages import Json, JsonObject
from ..places import Place, read_place
from ..verdict import Finding, PropertySource
from .parts import Step

HASHED = "hashed by Segment"


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
        self._steps = [
            step for step in steps if step.part.origins is not None or step.part.function is not None
        ]

    def as_sent(self, path: str) -> AsSent:
        """Return the field as sent for a path into the message that the destination gets."""
        place = read_place(path)
        if place.side != "message" or not place.steps:
            return AsSent(path)
        steps, words = place.steps, list[str]()
        for step in reversed(self._steps):
            for origin in reversed(step.origins()):
                written = read_place(origin.path).steps
                if not _leads_into(written, steps):
                    continue
                if origin.how == "hashed":
                    words.append(f"{HASHED} in {step.part.name!r}")
                    continue
                if origin.how != "renamed":
                    words.append(f"{origin.how} by {step.part.name!r}")
                    return AsSent(self._nearest(steps), tuple(words), made=True)
                words.append(f"renamed from {origin.source[2:]} by {step.part.name!r}")
                steps = (*read_place(origin.source).steps, *steps[len(written) :])
                break
        return AsSent(Place("message", 0, steps).text if words else path, tuple(words))

    def source(self, source: PropertySource) -> PropertySource:
        """Return the source of a value in the requests, led back to the field as sent."""
        at = source.stands_at
        sent = self.as_sent(at) if at else AsSent("")
        if not sent.words:
            return source
        via = ", ".join(sent.words)
        if sent.made:
            return PropertySource(source.path, sent.words[-1], source.field, via=via)
        words = source.source.replace(at, sent.path, 1)
        return PropertySource(source.path, words, source.field, source.place, via)

    def within(self, source: PropertySource) -> Iterator[PropertySource]:
        """Yield the sources of values within a copied object that a transformation wrote into it."""
        for step in self._steps:
            for origin in step.origins():
                rest = origin.path[len(source.source) :]
                if origin.path.startswith(source.source) and rest[:1] in (".", "["):
                    yield self.source(
                        PropertySource(source.path + rest, origin.path, source.field, place=True)
                    )

    def finding(self, finding: Finding) -> Finding:
        """Return a finding on the message that the destination gets with the field as sent as its path."""
        sent = self.as_sent(finding.path)
        if not sent.words:
            return finding
        message = f"{finding.message} ({finding.path[2:]}: {', '.join(sent.words)})"
        return Finding(finding.rule, finding.severity, sent.path, message, _fix(finding, sent))

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


def _fix(finding: Finding, sent: AsSent) -> str:
    """Return what to do about a finding on a field that was renamed or set on its way.

    The client can change neither a constant, nor a field that has another name there.
    """
    if not finding.fix:
        return ""
    if sent.made:
        return f"{finding.fix} (the value is {sent.words[-1]})"
    return (
        f"{finding.fix} (the client sends it as {sent.path[2:]})"
        if sent.path != finding.path
        else finding.fix
    )


def _leads_into(written: Sequence[str | int], steps: Sequence[str | int]) -> bool:
    """Return True if these steps lead to what was written, or into it."""
    return list(map(str, steps[: len(written)])) == list(map(str, written))
