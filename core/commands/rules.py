"""The catalogue as text: a table of all rules, and the whole story of one with its example."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import cast

import msgspec

from ..catalogue import ALL_RULES, BY_ID
from ..catalogue.rule import Rule
from ..catalogue.search import find_rules
from ..checks.adjust import unknown_rule
from ..checks.examples import EXAMPLES
from ..checks.examples.described import DESCRIBED_EXAMPLES, Described
from ..checks.examples.example import NOW, Example
from ..checks.settings import CheckSettings
from ..checks.stream import Loose, StreamChecker, digest
from ..destinations.base import Translator
from ..destinations.kinds import translator
from ..errors import InputError
from ..messages import Json, JsonObject
from ..pipeline import compiled, run
from ..pipeline.envelope import request_of
from ..pipeline.reading import read_message
from ..settings import Destination
from ..sources.bounds import Bounds
from ..text import clean, shorten
from ..verdict import Finding, Translation

WIDTH = 100
MAX_LINES = 24
"""Lines of JSON that are shown of one message or request."""

SILENCING = "To silence it, in segtap.toml (event and path may narrow it down; severity may also raise it):"
MARKS = {"error": "✖", "warning": "▲", "info": "·"}
KINDS = {
    "message": "message",
    "request": "request to Mixpanel",
    "stream": "messages so far",
    "plan": "tracking plan",
    "settings": "settings and answers",
}
"""What each kind of rule judges, in words."""

ANY_SIZE = Bounds(1 << 40, 1 << 40)
"""Examples are of any size: one is larger than what Mixpanel takes."""


class Reading(msgspec.Struct, frozen=True):
    """Messages of an example, what the last one becomes, and what the rule says of it."""

    messages: tuple[JsonObject, ...]
    requests: tuple[JsonObject, ...]
    findings: tuple[Finding, ...]


def rule_of(id: str) -> Rule:
    """Return the rule of that id. Raises InputError with the nearest ids there are."""
    if id not in BY_ID:
        words = unknown_rule(id)
        raise InputError(words[0].upper() + words[1:])
    return BY_ID[id]


def rules_meant(text: str) -> list[Rule]:
    """Return the rule of that id, or the rules that explain a pasted text. Raises InputError as `rule_of`."""
    if text in BY_ID or not text.strip():
        return [rule_of(text)]
    return list(find_rules(text)) or [rule_of(text)]


def rule_table(rules: Iterable[Rule] = ALL_RULES) -> Iterator[str]:
    """Yield a line a rule: every severity that it may have, id, what."""
    listed = list(rules)
    width = max((len(rule.id) for rule in listed), default=0)
    severities = max((len("/".join(rule.severities)) for rule in listed), default=0)
    for rule in listed:
        yield f"{'/'.join(rule.severities):<{severities}}  {rule.id:<{width}}  {rule.what}"


def rule_markdown(rules: Iterable[Rule] = ALL_RULES) -> str:
    """Return the table of all rules for core/checks/README.md."""
    lines = ["| rule | severity | judges | what | fix |", "|---|---|---|---|---|"]
    for rule in rules:
        severities = ", ".join(rule.severities)
        cells = (f"[`{rule.id}`]({rule.source})", severities, KINDS[rule.kind], rule.what, rule.fix)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def rule_json(rule: Rule) -> JsonObject:
    """Return a rule with its example, read: `{"id", …, "example": {"settings", "before", "after"}}`.

    Before and after hold `messages`, `requests` and `findings`; or `said`, lines of words, where a handful of
    messages cannot show it.
    """
    made = cast(JsonObject, msgspec.to_builtins(rule))
    example = EXAMPLES.get(rule.id)
    if example is None:
        described = DESCRIBED_EXAMPLES[rule.id]
        words: JsonObject = {
            label: {"said": list[Json](lines)}
            for label, lines in (("before", described.before), ("after", described.after))
        }
        return {**made, "example": {"settings": "", **words}}
    before, after = (msgspec.to_builtins(read_example(example, rule, after=after)) for after in (False, True))
    return {**made, "example": {"settings": example.said, "before": before, "after": after}}


def read_example(example: Example, rule: Rule, *, after: bool) -> Reading:
    """Translate and check the messages of an example."""
    messages = example.after if after else example.before
    destination, checks = example.destination(after=after), example.checks(after=after)
    translate = translator(destination)
    last = translate.translate(messages[-1], now=NOW)
    if rule.kind == "stream":
        found = _observed(messages, translate, destination, checks)
    else:
        message = read_message(json.dumps(messages[-1]).encode(), bounds=ANY_SIZE)
        found = run(message, compiled(destination, checks), NOW).findings
    requests = tuple(_masked(last))
    return Reading(messages, requests, tuple(one for one in found if one.rule == rule.id))


def _observed(
    messages: Sequence[JsonObject], translate: Translator, destination: Destination, checks: CheckSettings
) -> tuple[Finding, ...]:
    checker = StreamChecker(checks, destination)
    found: tuple[Finding, ...] = ()
    for number, message in enumerate(messages):
        loose = Loose(
            document=message, type=str(message["type"]), message_id=str(message.get("messageId", ""))
        )
        now = NOW + 1000 * number
        found = checker.observe(digest(loose, translate.translate(message, now=now), now))
    return found


def _masked(translation: Translation) -> Iterator[JsonObject]:
    for operation in translation.operations:
        yield request_of(operation.request, show_secrets=False)


def explanation(rule: Rule, width: int = WIDTH) -> Iterator[str]:
    """Yield the whole story of a rule, in lines of at most `width` characters but for links."""
    where = f" ({', '.join(rule.applies_to)})" if rule.applies_to else ""
    yield f"{MARKS[rule.severity]} {rule.id}"
    yield f"  {' or '.join(rule.severities)}; judges: {KINDS[rule.kind]}{where}"
    yield ""
    for label, text in (("What", rule.what), ("Why", rule.why), ("Fix", rule.fix)):
        lines = wrap(text, width - 8)
        yield f"{label:<8}{lines[0]}"
        yield from (f"{'':8}{line}" for line in lines[1:])
    yield f"{'Source':<8}{rule.source}"
    example = EXAMPLES.get(rule.id)
    if example is None:
        yield from _described(DESCRIBED_EXAMPLES[rule.id], width)
    else:
        yield from _example(rule, example, width)
    yield ""
    yield from wrap(SILENCING, width)
    yield "  [[rules]]"
    yield f'  id = "{rule.id}"'
    yield '  severity = "off"'


def _example(rule: Rule, example: Example, width: int) -> Iterator[str]:
    if example.said:
        yield ""
        first, *more = wrap(example.said, width - 8)
        yield f"{'Example':<8}{first}"
        yield from (f"{'':8}{line}" for line in more)
    for label, after in (("Before", False), ("After", True)):
        reading = read_example(example, rule, after=after)
        yield ""
        yield label
        for message in reading.messages:
            yield from _lines(message, width)
        yield "  becomes" if len(reading.messages) == 1 else "  the last of which becomes"
        if not reading.requests:
            yield "  nothing that is sent"
        for request in reading.requests:
            yield f"  {request['method']} {request['url']}"
            yield from _lines(request.get("body"), width, "    ")
        for finding in reading.findings:
            yield f"  {MARKS[finding.severity]} {finding.path}"
            yield from (f"    {line}" for line in wrap(clean(finding.message), width - 4))


def _described(described: Described, width: int) -> Iterator[str]:
    for label, lines in (("Before", described.before), ("After", described.after)):
        yield ""
        yield label
        for line in lines:
            yield from wrap(line, width, initial_indent="  ", subsequent_indent="    ")


def _lines(value: Json, width: int, indent: str = "  ") -> Iterator[str]:
    """Yield JSON on one line where it fits, else indented; what is long is cut."""
    flat = json.dumps(value, ensure_ascii=False) if _small(value) else ""
    if flat and len(flat) <= width - len(indent):
        yield indent + clean(flat)
        return
    lines = json.dumps(value, indent=2, ensure_ascii=False).splitlines()
    for line in lines[:MAX_LINES]:
        yield indent + shorten(clean(line), width - len(indent))
    if len(lines) > MAX_LINES:
        yield f"{indent}… {len(lines) - MAX_LINES:,} more lines"


def _small(value: Json) -> bool:
    return not isinstance(value, list | dict) or len(value) < 20
