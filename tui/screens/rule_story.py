"""A rule's whole story on the screen, as `segtap explain` tells it."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from ...core.catalogue.rule import Rule
from ...core.commands.rules import explanation
from ..render.glyphs import SEVERITY_STYLES
from .story import Story


class RuleStory(Story):
    """A rule in full: what, why, fix, source, and an example before and after."""

    WHAT = "rule"

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.id)
        self.rule = rule

    def styled(self, width: int) -> Iterator[Content]:
        for number, line in enumerate(explanation(self.rule, width)):
            yield self._line(line, number)

    def text(self) -> str:
        return "\n".join(explanation(self.rule))

    def _line(self, line: str, number: int) -> Content:
        if not number:
            return Content.styled(line, f"bold {SEVERITY_STYLES[self.rule.severity]}")
        label, _, rest = line.partition(" ")
        if label in ("What", "Why", "Fix", "Source", "Example", "Before", "After"):
            return Content.assemble((label, "bold $accent"), (f" {rest}" if rest else "", "$foreground"))
        return Content.styled(line, "$dim" if number == 1 else "$foreground")
