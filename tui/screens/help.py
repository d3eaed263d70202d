"""All keys, marks and the filter language on one page, made of their own lists; typing searches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.widgets import Input

from ...core import filter_entries
from ...core.delivery import MEANINGS
from .. import dialog_keys, keys, pane_keys
from ..keymap import first, in_force, label
from ..keys import Key
from ..render.glyphs import LETTERS, MIXPANEL_DIRECT, SEVERITY_STYLES, Glyphs
from ..render.plain import app_of, is_plain, marks_of
from ..widgets.in_order import LineBox
from ..widgets.text_block import TextBlock

if TYPE_CHECKING:
    from ...core.api.viewer import Viewer
    from ...core.catalogue.rule import Rule
    from ...core.doctor.faq.question import Question

LABEL = 11
RULE_LABEL = 30
FIND = "Find a key, a word, or an error that Segment or Mixpanel shows"
FOUND = "Questions and rules (Enter opens the marked one)"
FAQ = "faq"
TEACHES = (
    ("faq", "questions of Mixpanel's guide"),
    ("an error", "the rules that explain it"),
)
"""What can be typed beside keys and words of theirs."""
SHORTEST = 3
"""Letters from which rules and the filter language are searched, too."""
COLUMN = 50
"""Cells of the left of the two columns."""


class Help(ModalScreen[None]):
    """The keys by group, then what the letters and marks of the list mean."""

    AUTO_FOCUS = "Input"
    DEFAULT_CSS = """
    Help {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 108;
            max-width: 96%;
            height: auto;
            max-height: 94%;
            background: $surface;
            border: round $border;
            border-title-color: $accent;
            border-title-style: bold;
            border-subtitle-color: $dim;
        }
        &.-ascii > Vertical { border: ascii $border; }
        & Input {
            height: 1;
            border: none;
            padding: 0 1;
            background: $panel;
            color: $foreground;
        }
        & Input > .input--placeholder { color: $dim; }
        & VerticalScroll { height: auto; max-height: 100%; padding: 1 1 0 1; scrollbar-size-vertical: 1; }
        & TextBlock { height: auto; }
    }
    """
    BINDINGS = dialog_keys.bindings("help")

    def __init__(self, groups: Mapping[str, Sequence[Key]] | None = None) -> None:
        super().__init__()
        self.groups = groups if groups is not None else every_group()
        self.page = TextBlock()
        self.search = LineBox(placeholder=FIND, compact=True)
        self.found: tuple[Question | Rule, ...] = ()
        """The questions and rules found; Enter opens the one that is marked."""
        self._at = 0

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Keys"
            box.border_subtitle = f"{first('help.close')} closes"
            yield self.search
            with VerticalScroll(can_focus=False):
                yield self.page

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")
        self._fill()

    def on_resize(self) -> None:
        self._fill()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._at = 0
        wanted = self.search.value.strip()
        self.found = _found(wanted) if len(wanted) >= SHORTEST else ()
        self._fill()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Open the question or the rule that is marked."""
        event.stop()
        if not self.found:
            return
        from ...core.catalogue.rule import Rule
        from .question import QuestionStory
        from .rule_story import RuleStory

        marked = self.found[self._at]
        viewer: Viewer | None = getattr(app_of(self), "viewer", None)
        story = RuleStory(marked) if isinstance(marked, Rule) else QuestionStory(marked, viewer)
        app_of(self).push_screen(story)

    def action_move(self, by: int) -> None:
        """Mark the next question or rule; where none was found, scroll."""
        if not self.found:
            self.action_scroll(by)
            return
        self._at = max(0, min(self._at + by, len(self.found) - 1))
        self._fill()

    def action_scroll(self, lines: int) -> None:
        """Scroll by so many lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def _fill(self) -> None:
        wanted = self.search.value.strip()
        blocks = [block for block in self._blocks(wanted) if len(block) > 1]
        wide = self.size.width >= 100 and not wanted
        language = self._language(wanted)
        if not blocks and not language:
            self.page.put(Content.styled(f'No key, mark, question or rule has "{wanted}" in it.\n', "$dim"))
            return
        rest = [*language, blocks.pop()] if self.found else language
        lines = columns(blocks) if wide else flat(blocks)
        lines += flat(rest)
        self.page.put(Content("\n").join(lines))
        if self.found:
            row = len(lines) - 1 - len(self.found) + self._at
            place = self.query_one(VerticalScroll)
            self.call_after_refresh(place.scroll_to_region, Region(0, row, 1, 1), animate=False)

    def _blocks(self, wanted: str) -> list[list[Content]]:
        blocks: list[list[Content]] = []
        for group, entries in self.groups.items():
            shown = [key for key in entries if matches(key, wanted)]
            blocks.append([heading(group), *(line(label(key), key.text, "bold $accent") for key in shown)])
        for title, entries in legend(marks_of(self)).items():
            found = [entry for entry in entries if not wanted or wanted.lower() in entry[1].lower()]
            blocks.append([heading(title), *(line(mark, text, style) for mark, text, style in found)])
        if not wanted:
            typed = [line(label, text, "bold $accent") for label, text in TEACHES]
            blocks.insert(0, [heading("Typed here"), *typed])
        blocks.append([heading(FOUND), *map(self._entry, range(len(self.found)))])
        return blocks

    def _language(self, wanted: str) -> list[list[Content]]:
        """Return the filter language, or the parts of it that hold what is searched for."""
        width, blocks = max(self.page.size.width, 40) - 4, list[list[Content]]()
        if 0 < len(wanted) < SHORTEST:
            return blocks
        for part, entries in filter_entries().items():
            title = f"Filter: {part.lower()}"
            block = [heading(title)]
            for one in entries:
                if wanted.lower() not in f"{title} {one.form} {one.means} {one.example}".lower():
                    continue
                block.append(Content.styled(f"  {one.form}", "bold $accent"))
                block += [Content.styled(f"    {row}", "$foreground") for row in wrap(one.means, width)]
                block.append(Content.assemble(("    for example ", "$dim"), (one.example, "$foreground")))
            if len(block) > 1:
                blocks.append(block)
        return blocks

    def _entry(self, number: int) -> Content:
        from ...core.catalogue.rule import Rule

        entry, marked = self.found[number], number == self._at
        style = SEVERITY_STYLES[entry.severity] if isinstance(entry, Rule) else "$foreground"
        words = entry.what if isinstance(entry, Rule) else entry.title
        shown = Content.assemble(
            (f"{marks_of(self).cursor if marked else ' '} ", "$accent"),
            (f"{entry.id:<{RULE_LABEL}}", f"bold {style}"),
            (words, "$foreground"),
        ).truncate(max(self.page.size.width, 40), ellipsis=True)
        return shown.stylize("on $row-cursor") if marked else shown


def _found(wanted: str) -> tuple[Question | Rule, ...]:
    """Return questions of the FAQ first, then rules."""
    from ...core.catalogue.search import find_rules  # the whole catalogue: not before somebody searches
    from ...core.doctor.faq import QUESTIONS, find_questions

    if wanted.lower() == FAQ:
        return QUESTIONS
    return (*find_questions(wanted), *find_rules(wanted))


def every_group() -> dict[str, list[Key]]:
    """Return all keys by group, in the order of the help."""
    return {**keys.groups(), **pane_keys.groups(), **dialog_keys.groups()}


def matches(key: Key, wanted: str) -> bool:
    """Return True if a key matches the search: by its label, its keymap id or its text."""
    if not wanted:
        return True
    names = in_force().keys(key)
    if len(wanted) == 1:
        return wanted in label(key).split() or wanted in names
    low = wanted.lower()
    return any(low in text.lower() for text in (label(key), ",".join(names), key.text, key.id))


def legend(marks: Glyphs) -> dict[str, list[tuple[str, str, str]]]:
    """Return the marks of the list as (mark, meaning, style)."""
    calls = [(letter, kind, f"bold ${kind}") for kind, letter in LETTERS.items()]
    calls.append((MIXPANEL_DIRECT, "straight to Mixpanel", "bold $mixpanel-direct"))
    calls.append((marks.refused, "a refused request", "bold $refused"))
    warnings = [
        (f"{marks.error}n", "n errors", "bold $mark-error"),
        (f"{marks.warning}n", "n warnings, no error", "bold $mark-warning"),
    ]
    delivery = [
        (marks.delivery[state], f"{state}: {meaning}", "bold $foreground")
        for state, meaning in MEANINGS.items()
    ]
    return {"Calls": calls, "Warnings": warnings, "Delivery": delivery}


def heading(text: str) -> Content:
    """Draw the title of a group."""
    return Content.styled(text, "bold $foreground")


def line(label: str, text: str, style: str) -> Content:
    """Draw one key or mark."""
    return Content.assemble((f"  {label:<{LABEL - 1}} ", style), (text, "$foreground"))


def flat(blocks: Sequence[Sequence[Content]]) -> list[Content]:
    """Arrange the blocks below one another."""
    return [line for block in blocks for line in (*block, Content(""))]


def columns(blocks: Sequence[Sequence[Content]], width: int = COLUMN) -> list[Content]:
    """Arrange the blocks in two columns of about the same height."""
    total = sum(len(block) + 1 for block in blocks)
    left: list[Content] = []
    right: list[Content] = []
    for block in blocks:
        (left if len(left) + len(block) / 2 < total / 2 and not right else right).extend(
            (*block, Content(""))
        )
    rows = max(len(left), len(right))
    blank = Content("")
    left += [blank] * (rows - len(left))
    right += [blank] * (rows - len(right))
    return [
        Content.assemble(one, " " * (width - one.cell_length), two)
        for one, two in zip((one.truncate(width - 2, ellipsis=True) for one in left), right, strict=True)
    ]
