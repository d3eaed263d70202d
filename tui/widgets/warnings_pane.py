"""The Warnings pane: what the rules found, the worst first, each with why it matters and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ...core.api.models import MessageDetail, OtherCopy
from ...core.otherwise import NAMES, OtherDetail
from ...core.text import clean, counted
from ...core.verdict import SEVERITY_WEIGHT, Finding, Severity
from ..clipboard import copy
from ..model.json_search import spans_of
from ..pane_keys import bindings
from ..render.glyphs import SEVERITY_STYLES, Glyphs, severity_mark
from ..render.other_copy import other_copy
from ..render.plain import app_of, marks_of, worded
from ..render.rule_texts import rules_by_id
from .pane import Pane
from .pane_search import Found, Searching
from .text_block import TextBlock

_Key = tuple[int | None, tuple[Finding, ...], OtherCopy | None, tuple[Content, ...], int]
COPY = "copy"
"""What a click on a text leads to, in the meta of its style."""


class JumpTo(Message):
    """The request to show a place of the message or its translation; `go` goes there (Enter), else it is
    only marked.
    """

    def __init__(self, path: str, go: bool = False) -> None:
        super().__init__()
        self.path = path
        self.go = go


class CopyLinked(Message):
    """The request to go to the other copy of the action, which came in the other connection mode."""

    def __init__(self, id: int) -> None:
        super().__init__()
        self.id = id


class WarningsPane(Pane):
    """A finding is an entry: moving onto it marks its place in the other panes, Enter goes there.

    The other copy of the action, if there is one, is the last entry: Enter goes to that message.
    """

    TITLE = "Warnings"
    BINDINGS = bindings("warnings")
    DEFAULT_CSS = """
    WarningsPane > OptionList {
        height: 1fr;
        min-width: 6;
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
        self.note = TextBlock(classes="note quiet")
        self.options = OptionList(markup=False)
        self.findings: tuple[Finding, ...] = ()
        self._key: _Key | None = None
        self._hits: list[int] = []
        self._hit = 0

    def compose(self) -> ComposeResult:
        yield self.note
        yield self.options

    def fill(self, detail: MessageDetail | None) -> None:
        """List the findings of the message."""
        found = () if detail is None else detail.verdict.findings
        refused = detail is not None and detail.summary.refused
        self.title("1 error" if refused and not found else summary(found))
        self.note.put(self._nothing(detail))
        self.note.display = not found
        copy = None if detail is None else detail.copy
        room = 0 if copy is None else max(0, self.options.size.width - 2)  # its padding
        moves = moving(detail)
        key = (None if detail is None else detail.summary.id, found, copy, tuple(moves), room)
        if key == self._key:
            return
        same_message = self._key is not None and key[:4] == self._key[:4]
        at = self.options.highlighted if same_message else None
        self._key = key
        self.findings = tuple(sorted(found, key=lambda finding: SEVERITY_WEIGHT[finding.severity]))
        marks = marks_of(self)
        entries = [entry(finding, marks) for finding in self.findings]
        if copy is not None:
            entries.append(other_copy(copy, {COPY: copy.summary.id}, room))
        stays = not self._list([worded(self, words) for words in (*entries, *moves)])
        self.options.display = bool(self.options.option_count)
        if not self.options.display:
            return
        stays = stays and self.options.highlighted == (at or 0)
        self.options.highlighted = at or 0
        if stays and self.options.has_focus:
            self.on_descendant_focus()  # the same place, of another message

    def _list(self, entries: Sequence[Content]) -> bool:
        """Put entries into the list, with a line between two; return False if they stand there already.

        Other entries have the whole screen laid out again.
        """
        last = [option.prompt for option in self.options.options]
        if len(last) == len(entries) and all(
            isinstance(one, Content) and one.is_same(other) for one, other in zip(last, entries, strict=True)
        ):
            return False
        self.options.clear_options()
        options = [Option(words) for words in entries]
        self.options.add_options([item for option in options for item in (None, option)][1:])
        return True

    def on_resize(self) -> None:
        """Write the fields of the other copy as there is room for them now."""
        if self.detail is not None and self.detail.copy is not None:
            self.call_after_refresh(self.fill, self.detail)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Mark the finding's place, once somebody walks through the findings."""
        event.stop()
        if self.options.has_focus and event.option_index < len(self.findings):
            self.post_message(JumpTo(self.findings[event.option_index].path))

    def on_descendant_focus(self) -> None:
        """Mark the place of the finding that the keys are on."""
        at = self.options.highlighted
        if at is not None and at < len(self.findings):
            self.post_message(JumpTo(self.findings[at].path))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to the finding's place."""
        event.stop()
        if event.option_index < len(self.findings):
            self.post_message(JumpTo(self.findings[event.option_index].path, go=True))
        elif event.option_index == len(self.findings):
            self.action_copy_of()

    def action_select(self) -> None:
        """Go to the place of the entry, or to the other copy."""
        self.options.action_select()

    def action_copy_of(self) -> None:
        """Go to the other copy of the action."""
        if self.detail is not None and self.detail.copy is not None:
            self.post_message(CopyLinked(self.detail.copy.summary.id))

    def search(self, wanted: Searching) -> None:
        """Find the entries whose text contains what is wanted."""
        texts = [*map(self._text_of, range(self.options.option_count))] if wanted.text else []
        self._hits = [at for at, text in enumerate(texts) if spans_of(text, wanted.text)]
        self._hit = 0
        self.turn_hit(0)

    def turn_hit(self, by: int) -> None:
        """Go to the next entry that was found, or the one before."""
        if self._hits:
            self._hit = (self._hit + by) % len(self._hits)
            self.options.highlighted = self._hits[self._hit]
        self.post_message(Found(len(self._hits), self._hit + 1))

    def keep_hit(self) -> None:
        """Stay on the entry that is shown."""

    def _text_of(self, at: int) -> str:
        prompt = self.options.get_option_at_index(at).prompt
        return prompt.plain if isinstance(prompt, Content) else str(prompt)

    def action_copy_value(self) -> None:
        """Copy the entry that the keys are on."""
        at = self.options.highlighted
        if at is not None:
            self._copy("the warning", self._text_of(at))

    def action_copy_path(self) -> None:
        """Copy the path of the finding that the keys are on."""
        at = self.options.highlighted
        if at is not None and at < len(self.findings):
            self._copy("the path", self.findings[at].path)

    def _copy(self, what: str, text: str) -> None:
        self.notify(f"Copied {what}: {copy(app_of(self), text)}")

    def on_click(self, event: events.Click) -> None:
        """Go to the copy whose time was clicked."""
        id = event.style.meta.get(COPY)
        if isinstance(id, int):
            self.post_message(CopyLinked(id))

    def copy_text(self) -> str:
        """Return the findings and the other copy as text."""
        marks = marks_of(self)
        parts = [entry(finding, marks).plain for finding in self.findings]
        if self.detail is not None and self.detail.copy is not None:
            parts.append(other_copy(self.detail.copy, {}).plain)
        parts += [words.plain for words in moving(self.detail)]
        return "\n\n".join(parts) if parts else self._nothing(self.detail).plain

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


def moving(detail: MessageDetail | None) -> list[Content]:
    """Describe what a move from the configured destination to the shown one changes for the message."""
    if not isinstance(detail, OtherDetail) or not detail.differences:
        return []
    parts: list[Content] = []
    for one in detail.differences:
        lost = one.lost_by == detail.through
        head, style = ("lost", "$mark-warning") if lost else ("gained", "$mark-ok")
        if not one.lost_by:
            head, style = "different", "$accent"
        parts.append(
            Content.assemble(
                (f"{head} {one.id}", f"bold {style}"),
                (f"  with {NAMES[detail.through]}", "$dim"),
                (f"\n{clean(one.words)}", "$foreground"),
                (f"\n{clean(one.source)}", "$dim"),
            )
        )
    return parts


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
