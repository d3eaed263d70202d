"""`segtap help faq`: the guide's questions, answered in general and from messages and settings. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from ...settings import DestinationKind
from ...text import clean, counted, shorten, shown
from .. import diagnose
from ..diagnosis import Diagnosis
from ..facts import Facts
from ..judged import KINDS
from .arriving import ARRIVING
from .modelling import MODELLING
from .question import Question

QUESTIONS: tuple[Question, ...] = (*ARRIVING, *MODELLING)
"""In the order in which they are listed."""
VERDICTS = 3
"""Verdicts that an answer shows, the gravest first."""
_SHOWN = 4
_WORDS = 280
_ORDER = ("error", "warning", "unknown", "note", "good")
_OLD = 5 * 24 * 60 * 60 * 1000
_COMMAND = re.compile(r"\{([a-z-]+\.[a-z-]+)\}")
"""Stands in an answer for the key of a command."""
_APART = re.compile(r"[^\w$]+")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is said to a question.

    `general` are paragraphs, each with the destination that it is about, "" where only one comes into
    question. `seen` and `verdicts` come from messages and settings; `source` says from whose, "" without any.
    `more` verdicts are left out: `segtap doctor` has them.
    """

    question: Question
    general: tuple[tuple[str, str], ...]
    seen: tuple[str, ...] = ()
    verdicts: tuple[Diagnosis, ...] = ()
    more: int = 0
    source: str = ""


def find_questions(text: str) -> list[Question]:
    """Return the questions of that id, or those that a text speaks of; all of them for ""."""
    wanted = _plain(text)
    if not wanted:
        return list(QUESTIONS)
    exact = [one for one in QUESTIONS if wanted == _plain(one.id)]
    if exact:
        return exact
    known = [one for one in QUESTIONS if any(_is_in(wanted, _plain(word)) for word in (one.id, *one.words))]
    return known or [
        one
        for one in QUESTIONS
        if all(f" {word}" in f" {_plain(' '.join((one.title, *one.words)))}" for word in wanted.split())
    ]


def answer(question: Question, facts: Facts | None, key: Callable[[str], str]) -> Answer:
    """Answer it, with what the messages and settings say where there are any.

    `key` returns the key of one of the screen's commands, by its id. If nobody gave the destination's kind,
    and no message was seen, the answer is for both.
    """
    question = _with_keys(question, key)

    if facts is None or not (facts.cases or facts.given("destination.kind")):
        kinds: Sequence[DestinationKind] = ("actions", "classic-cloud")
        if question.actions == question.classic:
            kinds = ("actions",)
        general = tuple(
            (KINDS[kind] if len(kinds) > 1 else "", words)
            for kind in kinds
            for words in question.general(kind)
        )
    else:
        general = tuple(("", words) for words in question.general(facts.destination.kind))
    if facts is None:
        return Answer(question=question, general=general)
    observe = OBSERVED.get(question.id)
    verdicts = _verdicts(question, facts)
    return Answer(
        question=question,
        general=general,
        seen=tuple(observe(facts)) if observe is not None and facts.cases else (),
        verdicts=verdicts[:VERDICTS],
        more=len(verdicts[VERDICTS:]),
        source=_source(facts),
    )


def _with_keys(question: Question, key: Callable[[str], str]) -> Question:
    """Return the question with the keys of the commands that its answers name."""

    def named(words: str) -> str:
        return _COMMAND.sub(lambda command: key(command[1]), words)

    return msgspec.structs.replace(
        question, actions=tuple(map(named, question.actions)), classic=tuple(map(named, question.classic))
    )


def _source(facts: Facts) -> str:
    where = facts.source or "the journal"
    counts = counted(len(facts.cases), "message") if facts.cases else "no message"
    return f"{KINDS[facts.destination.kind]}{facts.assumed('destination.kind')}, {counts} of {where}"


def _verdicts(question: Question, facts: Facts) -> tuple[Diagnosis, ...]:
    """Return the doctor's verdicts on the question, the gravest first."""
    found = [
        diagnosis
        for diagnosis in diagnose(facts)
        if diagnosis.check in question.checks or diagnosis.check.partition(".")[0] in question.checks
    ]
    found.sort(key=lambda diagnosis: _ORDER.index(diagnosis.standing))
    return tuple(msgspec.structs.replace(one, words=shorten(clean(one.words), _WORDS)) for one in found)


# -- what is seen in the messages --------------------------------------------------------------------------


def _libraries(facts: Facts) -> Iterator[str]:
    """Yield the values of mp_lib that Mixpanel gets."""
    counts = Counter(
        lib for _, _, properties in facts.events if isinstance(lib := properties.get("mp_lib"), str)
    )
    if counts:
        yield f"mp_lib of the events that are sent in cloud mode: {_listed(counts)}"


def _ages(facts: Facts) -> Iterator[str]:
    """Yield how many events are older than what Mixpanel's /track accepts."""
    times = [_milliseconds(properties.get("time")) for _, _, properties in facts.events]
    old = sum(time is not None and facts.now - time > _OLD for time in times)
    yield f"{counted(old, 'event')} older than five days" if old else "no event is older than five days"


def _times(facts: Facts) -> Iterator[str]:
    """Yield the newest message's timestamp, and the time that is sent."""
    timed = [
        (case, name, properties["time"]) for case, name, properties in facts.events if "time" in properties
    ]
    if timed:
        case, name, time = timed[-1]
        stamp = shown(case.document.get("timestamp"), 40)
        yield f"the newest event, {shown(name, 40)}: timestamp {stamp} becomes time {shown(time)}"


def _orders(facts: Facts) -> Iterator[str]:
    """Yield what the newest order becomes."""
    orders = [case for case in facts.of_type("track") if case.document.get("event") == "Order Completed"]
    names = Counter(name for case, name, _ in facts.events if orders and case is orders[-1])
    yield (
        f"the newest Order Completed became {_listed(names) or 'no event'}"
        if orders
        else "no Order Completed"
    )


OBSERVED: dict[str, Callable[[Facts], Iterator[str]]] = {
    "connection-mode": _libraries,
    "history": _ages,
    "time-zones": _times,
    "purchases": _orders,
}
"""Question → what the messages themselves say to it, beside the doctor's verdicts."""


def _milliseconds(time: object) -> float | None:
    """Return an event's time: Actions sends milliseconds, Legacy seconds."""
    if not isinstance(time, int | float) or isinstance(time, bool):
        return None
    return time if time > 100_000_000_000 else time * 1000


def _listed(counts: Counter[str]) -> str:
    parts = [f"{shown(name, 40)} ({count:,})" for name, count in counts.most_common(_SHOWN)]
    if len(counts) > _SHOWN:
        parts.append(f"{len(counts) - _SHOWN:,} more")
    return ", ".join(parts)


def _is_in(wanted: str, word: str) -> bool:
    """Return whether a phrase is in the text, or the text in the phrase, word by word."""
    return f" {word} " in f" {wanted} " or f" {wanted} " in f" {word} "


def _plain(text: str) -> str:
    return " ".join(_APART.sub(" ", text.lower()).split())
