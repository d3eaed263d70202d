"""Rules on the names and values of properties and traits, found in one walk of the message.

A message has many values and few mistakes: the walk asks of each only what tells quickly that nothing is
wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from ..catalogue import values as rule
from ..mapping.javascript import SAFE, as_double, format_number
from ..messages import Json, JsonObject
from ..paths import child
from ..text import shorten, shown
from ..verdict import Finding
from .numbers import FIRST, may_be_number, wants_number, written_number
from .spaces import is_plain, stripped, which_end, without_controls
from .spec import number_in_spec
from .subject import Subject

_LARGEST = "1.8e308"
_INDEX = re.compile(r"\[\d+\]")
PLAIN_NAMES: set[str] = set()
"""Names that nothing is wrong with. The same ones come again and again."""
_MOST_NAMES = 10_000

_Node = tuple[list[Json] | JsonObject, "_Node | None", str | int]
"""A list or object on the walk, what holds it, and under which step."""


def values(subject: Subject) -> Sequence[Finding]:
    """Find number-precision, number-as-text and property-name in one message."""
    document = subject.document
    found: list[Finding] = []
    if subject.properties:
        _walk(subject, "$.properties", subject.properties, found)
    traits = document.get("traits")
    if isinstance(traits, dict):
        _walk(subject, "$.traits", traits, found)
    traits = subject.context.get("traits")
    if isinstance(traits, dict):
        _walk(subject, "$.context.traits", traits, found)
    for path, text in subject.overflows:
        found.append(_precision(path, path.rpartition(".")[2], text, "null"))
    return found


def number_as_id(name: str, value: int) -> Iterator[Finding]:
    """Find number-precision in an id that is sent as a number."""
    if lost := _lost(value):
        yield _precision(f"$.{name}", name, value, lost)


def in_record(subject: Subject) -> Sequence[Finding]:
    """Return the same for a record that goes to Mixpanel as it is: no JavaScript reads its numbers."""
    found: list[Finding] = []
    traits = subject.document.get("traits")
    if subject.properties:
        _walk(subject, "$.properties", subject.properties, found)
    elif isinstance(traits, dict):
        _walk(subject, "$.traits", traits, found)
    return [finding for finding in found if finding.rule != rule.NUMBER_PRECISION.id]


def _walk(subject: Subject, where: str, top: JsonObject, found: list[Finding]) -> None:
    """Add what is wrong with the names and values of `top`, at every depth."""
    known = PLAIN_NAMES
    waiting: list[_Node] = [(top, None, "")]
    for node in waiting:  # it grows on the way
        held = node[0]
        if isinstance(held, dict):
            if not known.issuperset(held):
                for name in held:
                    if not _is_plain_name(name):
                        found += _name(where, node, name)
            for name, item in held.items():
                if isinstance(item, str):
                    if not item:
                        continue
                    if item[0] in FIRST and may_be_number(item) and written_number(item) is not None:
                        found += _text(subject, where, node, name, item, found)
                elif isinstance(item, (int, float)):
                    if not -SAFE <= item <= SAFE:
                        found += _number(subject, where, node, name, item)
                elif isinstance(item, (dict, list)):
                    waiting.append((item, node, name))
        else:
            for index, item in enumerate(held):
                if isinstance(item, (dict, list)):
                    waiting.append((item, node, index))
                elif isinstance(item, (int, float)) and not -SAFE <= item <= SAFE:
                    found += _number(subject, where, node, index, item)


def _is_plain_name(name: str) -> bool:
    if not name or not is_plain(name):
        return False
    if len(PLAIN_NAMES) >= _MOST_NAMES:
        PLAIN_NAMES.clear()
    if len(name) <= 100:
        PLAIN_NAMES.add(name)
    return True


def _steps(node: _Node) -> list[str | int]:
    taken: list[str | int] = []
    while node[1] is not None:
        taken.append(node[2])
        node = node[1]
    return taken[::-1]


def _path(where: str, node: _Node, step: str | int) -> str:
    for taken in _steps(node):
        where = child(where, taken)
    return child(where, step)


def _name(where: str, node: _Node, name: str) -> Iterator[Finding]:
    """Find property-name."""
    noun = "property" if where == "$.properties" else "trait"
    inner = without_controls(stripped(name))
    if inner == name and name:
        return
    path = _path(where, node, name)
    if not inner:
        what = f"{noun} {shown(name, 40)} is nothing but spaces" if name else f'a {noun} has the name ""'
        yield rule.PROPERTY_NAME.finding(
            path,
            f"{what}: no report can be made of it",
            fix=f"give the {noun} a name, or leave it out",
        )
        return
    why = which_end(name) if stripped(name) != name else "a control character in it"
    right = shown(inner, 60)[1:-1]
    beside = inner in node[0]
    yield rule.PROPERTY_NAME.finding(
        path,
        f"{noun} {shown(name, 40)} has {why}: Mixpanel keeps it apart from {shown(inner, 40)}"
        + (", which is sent as well" if beside else ""),
        fix=f"send one of the two, as {right}" if beside else f"write it {right}",
    )


def _text(
    subject: Subject, where: str, node: _Node, name: str, value: str, found: Sequence[Finding]
) -> Sequence[Finding]:
    """Find number-as-text. `found`: what the walk found so far."""
    wanted = wants_number(name)
    written = written_number(value)
    if written is None:
        return ()
    in_spec = number_in_spec(subject, where, _steps(node), name)
    if not in_spec and (wanted is False or (wanted is None and written.plain)):
        return ()
    path = _path(where, node, name)
    if node[1] is not None and isinstance(node[1][0], list):
        # The products of a list share the mistake: only the first is named.
        spot = _INDEX.sub("[]", path)
        if any(one.rule == rule.NUMBER_AS_TEXT.id and _INDEX.sub("[]", one.path) == spot for one in found):
            return ()
    number = f"{written.value} as a number" if written.value else "the number itself, without other signs"
    currency = ", and the currency as a property of its own" if written.currency else ""
    finding = rule.NUMBER_AS_TEXT.finding(
        path,
        f"{_named(name)} {shown(value, 40)} is text: Mixpanel cannot add it up, nor compare its size",
        severity="warning" if in_spec else None,
        fix=f"send {number}{currency}",
    )
    return (finding,)


def _number(
    subject: Subject, where: str, node: _Node, step: str | int, value: int | float
) -> Sequence[Finding]:
    """Find number-precision."""
    lost = _lost(value)
    if not lost:
        return ()
    meant = isinstance(step, str) and number_in_spec(subject, where, _steps(node), step)
    name = _named(step) if isinstance(step, str) else f"{_named(str(node[2]))}[{step}]"
    return (_precision(_path(where, node, step), name, value, lost, as_number=meant),)


def _lost(value: int | float) -> str:
    """Return what JavaScript makes of a number that it cannot hold, "" for one that it can."""
    if -SAFE <= value <= SAFE or value != value:
        return ""
    double = as_double(value)
    if math.isinf(double):
        return "null"
    if isinstance(value, float) or value == double:
        return ""
    rounded = format_number(double)
    # Its shortest spelling may be the very digits that were sent.
    return rounded if rounded != str(value) else str(int(double))


def _precision(
    path: str, name: str, value: int | float | str, lost: str, *, as_number: bool = False
) -> Finding:
    """Return the finding of number-precision. `value` is a number, or the text of one that no double holds.

    `as_number` is True where a text would not do.
    """
    text = value if isinstance(value, str) else shown(value, 40)
    if lost == "null":
        return rule.NUMBER_PRECISION.finding(
            path,
            f"{name} {text} is beyond {_LARGEST}, the largest number of JavaScript: Segment makes it null",
            fix=f"send a number below {_LARGEST}, or leave it out",
        )
    fix = f"send at most {SAFE}" if as_number else f'send it as text: "{shorten(text, 40)}"'
    words = f"{name} {text} is more than JavaScript can hold: Segment rounds it to {lost}"
    return rule.NUMBER_PRECISION.finding(path, words, fix=fix)


def _named(name: str) -> str:
    return shown(name, 40)[1:-1]
