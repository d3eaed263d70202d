"""An answer of the FAQ as lines, for a terminal and for the screen."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from ...text import clean
from ..diagnosis import ASCII_MARKS, MARKS
from . import Answer
from .question import Question

Line = tuple[str, str]
"""What a line is ("title", "heading", "text", "quiet", or the standing of a diagnosis), and its text."""


def answer_lines(answer: Answer, width: int, *, ascii_only: bool = False) -> Iterator[Line]:
    """Yield the question, its general answer, what messages and settings say to it, and where to read on."""
    question = answer.question
    marks, arrow = (ASCII_MARKS, "->") if ascii_only else (MARKS, "→")
    yield "title", question.title
    about = None
    for name, words in answer.general:
        if name and name != about:
            yield from _gap("heading", name)
        elif about is None:
            yield "text", ""
        about = name
        yield from _wrapped("text", words, width, "  ")
    if answer.source:
        yield from _gap("heading", f"Here: {clean(answer.source)}")
        for words in answer.seen:
            yield from _wrapped("note", f"{marks['note']} {clean(words)}", width, "  ")
        for diagnosis in answer.verdicts:
            mark = marks[diagnosis.standing]
            yield from _wrapped(diagnosis.standing, f"{mark} {clean(diagnosis.title)}", width, "  ")
            yield from _wrapped("text", diagnosis.words, width, "    ")
            if diagnosis.fix and diagnosis.standing != "good":
                yield from _wrapped("text", f"{arrow} {clean(diagnosis.fix)}", width, "    ")
        if answer.more:
            yield "quiet", f"  {answer.more:,} more: segtap doctor"
        if not (answer.seen or answer.verdicts):
            yield "quiet", "  nothing that answers it"
    else:
        yield from _gap("quiet", "No engine and no journal was asked: this holds in general.")
    yield "text", ""
    if question.rules:
        yield from _wrapped("quiet", f"More: segtap explain {', '.join(question.rules)}", width, "")
    yield "quiet", question.source


def listed(question: Question, width: int) -> str:
    """Return one line for a list of questions."""
    return f"{question.id:<{width}}  {question.title}"


def _gap(kind: str, text: str) -> Iterator[Line]:
    yield "text", ""
    yield kind, text


def _wrapped(kind: str, text: str, width: int, indent: str) -> Iterator[Line]:
    for line in wrap(
        text, max(width, 30), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    ):
        yield kind, line
