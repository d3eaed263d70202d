"""The foot of the summary: the rule or the event that the cursor is on, in a few lines."""

from __future__ import annotations

from textual.content import Content

from ...core.aggregates.model import EventCount, RuleCount
from ...core.text import clean, counted
from .detail import READING
from .glyphs import SEVERITY_STYLES, Glyphs, severity_mark
from .rule_texts import rules_by_id
from .summary import call_mark, delivery_words, event_words


def about_rule(rule: RuleCount, marks: Glyphs, *, low: bool) -> list[Content]:
    """Return what a rule is and how to mend it; unless the screen is `low`, also why, and on which events."""
    texts = rules_by_id().get(rule.rule)
    what, why, fix = ("", "", "") if texts is None else (texts.what, texts.why, texts.fix)
    head = Content.assemble(
        (
            f"{severity_mark(rule.severity, marks)} {clean(rule.rule)}",
            f"bold {SEVERITY_STYLES[rule.severity]}",
        ),
        (f"  {what}", "$foreground"),
    )
    mend = Content.assemble((f"{marks.arrow} ", "bold $mark-ok"), (fix, "$mark-ok"))
    if low:
        return [head, mend]
    most = ", ".join(f"{event_words(one.type, one.name)} {one.messages:,}" for one in rule.events)
    return [head, Content.styled(why, "$dim"), mend, Content.assemble(("in  ", "$dim"), most)]


def about_event(event: EventCount, marks: Glyphs, *, settled: bool) -> list[Content]:
    """Return what became of an event and which rules fire on it; `settled` says that all was counted."""
    letter, style = call_mark(event.type, marks)
    head = Content.assemble(
        (f"{letter} ", f"bold ${style}"),
        (event_words(event.type, event.name), "bold $foreground"),
        (f"  {delivery_words(event)}", "$foreground"),
    )
    rules = [
        (
            f"{severity_mark(one.severity, marks)} {clean(one.rule)} {one.messages:,}",
            SEVERITY_STYLES[one.severity],
        )
        for one in event.rules
    ]
    tripped = Content("  ").join(Content.styled(words, style) for words, style in rules)
    none = "No rule fires on it." if settled else READING
    lines = [head, tripped if event.rules else Content.styled(none, "$dim")]
    if event.silent:
        words = f"{counted(event.silent, 'message')} of these become nothing that is sent to Mixpanel."
        lines.append(Content.styled(words, "$mark-warning"))
    return lines
