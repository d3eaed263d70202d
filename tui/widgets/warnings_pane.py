"""The Warnings pane: what the rules found, the worst first, each with why it matters and how to mend it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ...core.api.models import MessageDetail
from ...core.text import clean, counted
from ...core.verdict import SEVERITY_WEIGHT, Finding, Severity
from ..render.glyphs import SEVERITY_STYLES, Glyphs, severity_mark
from ..render.plain import marks_of, worded
from ..render.rule_texts import rules_by_id
from .pane import Pane


class JumpTo(Message):
    """Show a place of the message or its translation; `go` goes there (Enter), else it is only marked."""

    def __init__(self, path: str, go: bool = False) -> None:
        super().__init__()
        self.path = path
        self.go = go


class WarningsPane(Pane):
    """A finding is an entry: moving onto it marks its place in the other panes, Enter goes there."""

    TITLE = "Warnings"
    DEFAULT_CSS = """
    WarningsPane > OptionList {
        height: 1fr;
        border: none;
        padding: 0;
        background: $background;
        scrollbar-size-vertical: 1;
        &:focus { border: none; background-tint: transparent 0%; }
        & > .option-list--option { padding: 0 1; }
        & > .option-list--separator { color: $border-blurred; }
        & > .option-list--option-highlighted {
            background: $background; color: $foreground; text-style: none;
        }
        &:focus > .option-list--option-highlighted {
            background: $row-cursor; color: $foreground; text-style: none;
        }
        & > .option-list--option-hover { background: $row-cursor-blurred; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.note = Static(classes="note quiet")
        self.options = OptionList(markup=False)
        self.findings: tuple[Finding, ...] = ()
        self._key: tuple[int | None, tuple[Finding, ...]] | None = None

    def compose(self) -> ComposeResult:
        yield self.note
        yield self.options

    def fill(self, detail: MessageDetail | None) -> None:
        """List the findings of the message."""
        found = () if detail is None else detail.verdict.findings
        refused = detail is not None and detail.summary.refused
        self.title("1 error" if refused and not found else summary(found))
        self.say(self.note, self._nothing(detail))
        self.note.display = not found
        key = (None if detail is None else detail.summary.id, found)
        if key == self._key:
            return
        self._key = key
        self.findings = tuple(sorted(found, key=lambda finding: SEVERITY_WEIGHT[finding.severity]))
        self.options.clear_options()
        marks = marks_of(self)
        for number, finding in enumerate(self.findings):
            self.options.add_options(
                [*([None] if number else []), Option(worded(self, entry(finding, marks)))]
            )
        if self.findings:
            self.options.highlighted = 0
        self.options.display = bool(self.findings)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Mark the finding's place, once somebody walks through the findings."""
        event.stop()
        if self.options.has_focus:
            self.post_message(JumpTo(self.findings[event.option_index].path))

    def on_descendant_focus(self) -> None:
        """Mark the place of the finding that the keys are on."""
        if self.options.highlighted is not None:
            self.post_message(JumpTo(self.findings[self.options.highlighted].path))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to the finding's place."""
        event.stop()
        self.post_message(JumpTo(self.findings[event.option_index].path, go=True))

    def copy_text(self) -> str:
        """Return the findings as text."""
        if not self.findings:
            return self._nothing(self.detail).plain
        marks = marks_of(self)
        return "\n\n".join(entry(finding, marks).plain for finding in self.findings)

    def _nothing(self, detail: MessageDetail | None) -> Content:
        if detail is None:
            return Content("")
        if not detail.summary.refused:
            return Content.styled("No warnings", "$dim")
        why = clean(detail.receipt.refused or detail.summary.name)
        if detail.summary.damaged:
            return Content.styled(f"{marks_of(self).error} {why}", "bold $mark-error")
        return Content("\n").join(
            [
                Content.styled(
                    f"{marks_of(self).error} Refused with {detail.receipt.status}", "bold $mark-error"
                ),
                Content.styled(why, "$foreground"),
                Content.styled("Nothing of it is translated or sent on.", "$dim"),
            ]
        )


def summary(findings: tuple[Finding, ...]) -> str:
    """Return `1 error, 2 warnings`."""
    nouns: tuple[tuple[Severity, str], ...] = (("error", "error"), ("warning", "warning"), ("info", "note"))
    counts = [(sum(finding.severity == severity for finding in findings), noun) for severity, noun in nouns]
    return ", ".join(counted(count, noun) for count, noun in counts if count)


def entry(finding: Finding, marks: Glyphs) -> Content:
    """Describe a finding: mark and rule, what is wrong, why it matters, how to fix it, where."""
    mark, style = severity_mark(finding.severity, marks), SEVERITY_STYLES[finding.severity]
    lines = [
        Content.assemble((f"{mark} {finding.rule}", f"bold {style}"), (f"  {clean(finding.path)}", "$dim")),
        Content.styled(clean(finding.message), "$foreground"),
    ]
    rule = rules_by_id().get(finding.rule)
    if rule is not None:
        lines.append(Content.styled(rule.why, "$dim"))
    if finding.fix:
        lines.append(Content.assemble((f"{marks.arrow} ", "bold $mark-ok"), (clean(finding.fix), "$mark-ok")))
    return Content("\n").join(lines)
