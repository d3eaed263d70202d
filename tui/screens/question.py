"""A question of the FAQ on the screen, answered from the engine's own messages and settings."""

from __future__ import annotations

from collections.abc import Iterator

from textual import work
from textual.content import Content

from ...core.api.viewer import Viewer
from ...core.doctor import Facts
from ...core.doctor.faq import Answer, answer
from ...core.doctor.faq.question import Question
from ...core.doctor.faq.text import answer_lines
from ...core.doctor.source import messages_of
from ...core.errors import SegtapError
from ...core.text import clean
from ..keymap import first
from ..render import clock
from ..render.plain import is_plain
from .story import WIDTH, Story

MESSAGES = 100
"""The newest messages that an answer looks at."""
STYLES = {
    "title": "bold $accent",
    "heading": "bold $foreground",
    "text": "$foreground",
    "quiet": "$dim",
    "good": "bold $mark-ok",
    "note": "bold $foreground",
    "unknown": "bold $foreground",
    "warning": "bold $mark-warning",
    "error": "bold $mark-error",
}


class QuestionStory(Story):
    """The answer, once messages and settings are read; where there are none, what holds in general."""

    WHAT = "answer"

    def __init__(self, question: Question, viewer: Viewer | None) -> None:
        super().__init__(question.id)
        self.question = question
        self.answer: Answer = answer(question, None, first)
        self._viewer = viewer
        self._reading = viewer is not None
        self._state = "Reading the newest messages …" if self._reading else ""

    def on_mount(self) -> None:
        super().on_mount()
        if self._viewer is not None:
            self._read(self._viewer)

    @work(exclusive=True, group="facts")
    async def _read(self, viewer: Viewer) -> None:
        try:
            found = await messages_of(viewer, limit=MESSAGES)
        except SegtapError as error:
            self._state = clean(str(error))
        else:
            self.answer = answer(self.question, Facts.of(found, clock.now()), first)
            self._state = ""
        self._reading = False
        self.fill()

    def styled(self, width: int) -> Iterator[Content]:
        if self._state:
            yield Content.styled(self._state, "$dim")
        if self._reading:
            return
        for kind, line in answer_lines(self.answer, width, ascii_only=is_plain(self)):
            yield Content.styled(line, STYLES[kind])

    def text(self) -> str:
        return "\n".join(line for _, line in answer_lines(self.answer, WIDTH))
