"""The Segment pane: the message as Segment hands it on, the text exactly as it came, or super properties."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message

from ...core.api.models import MessageDetail, SuperProperties
from ...core.json_text import json_bytes
from ...core.messages import Marks
from ...core.modes import sent_by
from ...core.objections import read_objection
from ...core.places import in_message
from ...core.text import clean, shorten, shown, size
from ...core.verdict import Severity, StageStep
from ..keymap import first
from ..model.reading_order import in_reading_order
from ..pane_keys import bindings
from ..render import super_properties
from ..render.glyphs import Glyphs
from ..render.json import parse
from ..render.plain import marks_of
from .json_view import JsonView
from .pane import Pane
from .request_pane import is_pasted
from .text_block import TextBlock
from .text_view import TextView, is_text, readable

NAME = 40
PATHS_SHOWN = 8
HASHED = "hashed by Segment"
FOLDED_AT_FIRST = ("$.context", "$.integrations", "$._metadata")


class SegmentPane(Pane):
    """The document as Segment hands it on, its original text on a key, and what Segment would object to."""

    TITLE = "Segment"
    BINDINGS = bindings("segment")

    class Asked(Message):
        """The super properties after a message are to be shown: `put_super_properties` gives them."""

        def __init__(self, id: int) -> None:
            super().__init__()
            self.id = id

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.notes = TextBlock(classes="note")
        self.json = JsonView()
        self.json.rows.folds.update(dict.fromkeys(FOLDED_AT_FIRST, False))
        self.text = TextView()
        self.as_it_came = False
        self.step = 0
        """How many stages the shown message has come through; 0: as sent."""
        self._of = 0
        self.super_properties = False
        """True while super properties are shown."""
        self._found: SuperProperties | None = None
        self._changes: tuple[int, Mapping[str, str]] = (0, {})
        """Values that changed since the last message of the same kind, and the message they belong to."""
        self._asked: MessageDetail | None = None
        """The detail whose super properties were asked for."""

    def compose(self) -> ComposeResult:
        yield self.notes
        yield self.json
        yield self.text

    def fill(self, detail: MessageDetail | None) -> None:
        """Show the document, or the text as it came, or the document after one of the stages."""
        id = 0 if detail is None else detail.summary.id
        if id != self._of:
            self._of, self.step = id, 0
        self._ask(detail)
        notes = [] if detail is None else self._notes(detail)
        self.notes.put(Content("\n").join(notes))
        self.notes.display = bool(notes)
        if detail is None:
            self._show(None)
            self.title()
        elif detail.source_kind == "mixpanel":
            self._show(None)
            self.json.display = False
            self.title("none")
        elif detail.summary.refused:
            body = detail.receipt.body
            self._show(body)
            answered = f"refused with {detail.receipt.status}, {size(detail.receipt.body_bytes)}"
            self.title("damaged" if detail.summary.damaged else answered)
        elif self.super_properties:
            self._registered(detail)
        elif self.as_it_came:
            self._show(detail.original)
            self.title(f"as it came, {size(detail.original_bytes or len(detail.original))}")
        elif self.step and (step := self._shown_step(detail)) is not None:
            self._after(detail, step)
        else:
            self._document(detail)

    @property
    def as_handed_on(self) -> bool:
        """True while the message is shown as Segment hands it on, from which requests are made."""
        return not (self.as_it_came or self.super_properties or self.step)

    def action_turn(self, by: int) -> None:
        """Show the message after the next stage, or the one before; after the last one as sent again."""
        if self.detail is None or not self.detail.explanation.steps:
            return
        self.as_it_came = self.super_properties = False
        self.step = (self.step + by) % (len(self.detail.explanation.steps) + 1)
        self.fill(self.detail)

    def action_toggle_original(self) -> None:
        """Switch between the text as received and the document."""
        if self.detail is None or self.detail.summary.refused or self.detail.source_kind == "mixpanel":
            return
        had_focus = self.has_focus_within
        self.as_it_came = not self.as_it_came
        self.super_properties = False
        self.fill(self.detail)
        if had_focus:
            (self.text if self.text.display else self.json.rows).focus()

    def action_toggle_super_properties(self) -> None:
        """Show what Mixpanel's SDK has registered after the message, in device mode, or the message."""
        self.super_properties = not self.super_properties
        self.as_it_came = False
        self.fill(self.detail)

    def put_super_properties(self, id: int, found: SuperProperties) -> None:
        """Take the super properties after a message; they are shown if that message still is."""
        if self.detail is not None and self.detail.summary.id == id:
            self._found = found
            self.fill(self.detail)

    def mark_changes(self, id: int, changes: Mapping[str, str]) -> None:
        """Mark values that changed since the last message of the same kind, while that message is shown."""
        self._changes = id, changes
        if self.detail is not None and self.detail.summary.id == id and self.json.display:
            self.fill(self.detail)

    def show_path(self, path: str) -> bool:
        """Highlight a place of the message; False when it is not in it."""
        if in_message(path) and (self.as_it_came or self.step or self.super_properties):
            self.as_it_came, self.step, self.super_properties = False, 0, False
            self.fill(self.detail)
        return self.json.show_path(path, move=True)

    def copy_text(self) -> str:
        """Return the document as indented JSON, or the text as received if that is shown."""
        detail = self.detail
        if detail is None:
            return ""
        if detail.source_kind == "mixpanel":
            return "\n".join(note.plain for note in self._notes(detail))
        if detail.summary.refused:
            return readable(detail.receipt.body)
        if self.as_it_came:
            return readable(detail.original)
        if self.super_properties and self._found is not None:
            registered = super_properties.values(self._found, detail.summary.id)
            return msgspec.json.format(json_bytes(registered), indent=2).decode("utf-8", "replace")
        step = self._shown_step(detail)
        document = detail.document if step is None else after_step(detail, self.step)
        return msgspec.json.format(document, indent=2).decode("utf-8", "replace")

    def _document(self, detail: MessageDetail) -> None:
        try:
            value = in_reading_order(parse(detail.document))
        except (ValueError, RecursionError):
            self._show(detail.document)
            self.title("no JSON object")
            return
        flags: dict[str, Severity] = {}
        for finding in reversed(detail.verdict.findings):
            flags[finding.path] = finding.severity
        hashed = dict.fromkeys(detail.explanation.hashed, HASHED)
        key = (detail.summary.id, detail.document, detail.filled, tuple(flags.items()), tuple(hashed))
        self.json.show(value, filled=detail.filled, flags=flags, notes=hashed, key=key)
        of, changes = self._changes
        self.json.rows.mark_changes(changes if of == detail.summary.id else {})
        self._show(None)
        about = "not read" if detail.unread else "as handed on" if detail.filled else "as it came"
        steps = detail.explanation.steps
        self.title(f"{about} · ] after {shorten(steps[0].name, NAME)}" if steps else about)

    def _ask(self, detail: MessageDetail | None) -> None:
        """Ask for the super properties after the message, once for each detail."""
        if not self.super_properties or detail is None or detail is self._asked:
            return
        self._asked, self._found = detail, None
        if detail.summary.id == 0:
            self._found = SuperProperties(why=super_properties.PASTED)
        elif not detail.summary.refused and detail.source_kind == "segment":
            self.post_message(self.Asked(detail.summary.id))

    def _registered(self, detail: MessageDetail) -> None:
        """Show the super properties, as far as they are known."""
        found, id = self._found, detail.summary.id
        known = found or SuperProperties()
        values, causes = super_properties.values(known, id), super_properties.causes(known, id)
        self.json.show(values, notes=causes, key=(id, known))
        self._show(None)
        self.title(f"super properties · {first('segment.super-properties')} back")

    def _shown_step(self, detail: MessageDetail) -> StageStep | None:
        steps = detail.explanation.steps
        return steps[self.step - 1] if 0 < self.step <= len(steps) else None

    def _after(self, detail: MessageDetail, step: StageStep) -> None:
        """Show the message after a stage, with what the stage changed."""
        document = after_step(detail, self.step)
        value = in_reading_order(parse(document))
        flags: dict[str, Severity] = dict.fromkeys(step.changed, "info")
        key = (detail.summary.id, document, self.step)
        self.json.show(value, flags=flags, notes=dict.fromkeys(step.changed, "changed here"), key=key)
        self._show(None)
        self.title(f"after stage {self.step} of {len(detail.explanation.steps)}")

    def _show(self, body: bytes | None) -> None:
        """Show these bytes in the text view, or (None) the JSON view."""
        self.text.display = body is not None
        self.json.display = body is None and self.detail is not None
        if body is not None:
            self.text.show(readable(body), json=is_text(body))

    def _notes(self, detail: MessageDetail) -> list[Content]:
        marks, status = marks_of(self), detail.summary.marks
        if self.super_properties and detail.source_kind == "segment" and not detail.summary.refused:
            return super_properties.notes(self._found)
        step = None if self.as_it_came else self._shown_step(detail)
        if step is not None:
            return _step_notes(step, marks)
        notes: list[Content] = []
        if detail.source_kind == "mixpanel" and not detail.summary.refused:
            words = "A Mixpanel body has no Segment message."
            if not is_pasted(detail):
                words = "This did not pass through Segment: Mixpanel's own SDK sent it (device mode)."
            notes.append(Content.styled(words, "bold $foreground"))
            if by := _sent_by(detail):
                notes.append(Content.styled(f"Sent by {clean(by)}.", "$foreground"))
            notes.append(
                Content.styled("It goes straight to Mixpanel, as the Mixpanel pane shows it.", "$dim")
            )
        if detail.summary.damaged:
            why = clean(detail.receipt.refused or detail.summary.name)
            notes.append(Content.styled(f"{marks.refused} {why}", "bold $refused"))
        elif detail.summary.refused:
            why = clean(detail.receipt.refused or detail.summary.name)
            notes.append(
                Content.styled(
                    f"{marks.refused} Refused with {detail.receipt.status}: {why}", "bold $refused"
                )
            )
            request = f"{detail.receipt.method} {clean(detail.receipt.path)}"
            shown, whole = len(detail.receipt.body), detail.receipt.body_bytes
            part = f", the first {size(shown)} below" if shown < whole else ""
            agent = dict(detail.receipt.headers).get("user-agent", "")
            by = f" · {shorten(clean(agent), 40)}" if agent else ""
            notes.append(Content.styled(f"{request} · {size(whole)}{by}{part}", "$dim"))
        if detail.unread:
            part = f"{first('segment.original')} shows the first {size(len(detail.original))} as they came"
            notes.append(Content.styled(f"Only its name and ids are read; {part}.", "$dim"))
        for objection in detail.objections:
            rejected = read_objection(objection).kind != "change"
            mark, style = (marks.error, "$mark-error") if rejected else ("i", "$accent")
            notes.append(
                Content.assemble(
                    (f"{mark} ", f"bold {style}"), (clean(objection), style if rejected else "$foreground")
                )
            )
        if status & Marks.SECOND_RECEIPT:
            words = "Second receipt: Segment would drop this copy, its messageId came before."
            if detail.source_kind == "mixpanel":
                words = "Second receipt: Mixpanel would drop this copy, its $insert_id came before."
            notes.append(Content.styled(words, "$dim"))
        if status & Marks.REPLAY:
            notes.append(Content.styled("Replayed: sent through segtap again.", "$dim"))
        if status & Marks.TEED:
            who = "Mixpanel" if detail.source_kind == "mixpanel" else "Segment"
            notes.append(Content.styled(f"Teed: a copy, {who} receives the original.", "$dim"))
        return notes


def after_step(detail: MessageDetail, number: int) -> bytes:
    """Return the message after that many stages, as JSON text."""
    made = (step.document for step in reversed(detail.explanation.steps[:number]) if step.document)
    return next(made, detail.document)


def _step_notes(step: StageStep, marks: Glyphs) -> list[Content]:
    """Say which part of which stage is shown, and what it did."""
    named = Content.assemble((f"{step.stage}  ", "bold $accent"), (shown(step.name, NAME), "$foreground"))
    logged = [
        Content.assemble(("console.log  ", "$accent"), (clean(line), "$foreground")) for line in step.logs
    ]
    if step.stopped:
        words = f"{marks.warning} The message stops here: {clean(step.stopped)}"
        return [named, Content.styled(words, "bold $mark-warning"), *logged]
    paths = [clean(path) for path in step.changed[:PATHS_SHOWN]]
    if len(step.changed) > PATHS_SHOWN:
        paths.append(f"{len(step.changed) - PATHS_SHOWN:,} more")
    doubts = [
        Content.assemble(("not imitated  ", "$accent"), (clean(words), "$foreground"))
        for words in step.doubts
    ]
    if paths:
        did = [Content.styled(f"changed  {', '.join(paths)}", "$dim")]
    elif doubts:
        did = []
    else:
        nothing = "changes nothing in this message" if step.matched else "does not match this message"
        did = [Content.styled(nothing, "$dim")]
    return [named, *did, *doubts, *logged]


def _sent_by(detail: MessageDetail) -> str:
    """Return what sent an event of Mixpanel's own SDKs, "" where the record does not say it."""
    for operation in detail.verdict.translation.operations:
        for record in operation.request.records():
            properties = record.get("properties")
            if isinstance(properties, dict) and (by := sent_by(properties)):
                return by
    return ""
