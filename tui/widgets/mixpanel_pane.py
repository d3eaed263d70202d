"""The Mixpanel pane: every request that Segment's destination would make of the message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from textual.app import ComposeResult
from textual.content import Content

from ...core import SECRET_STANDIN as SECRET
from ...core import UNKNOWN_INSERT_ID as UNKNOWN
from ...core.api.models import MessageDetail
from ...core.json_text import json_bytes
from ...core.masks import masked
from ...core.messages import Json, Marks
from ...core.paths import changed_at
from ...core.places import Place, in_body, read_place
from ...core.text import clean, shown
from ...core.verdict import Operation, OutgoingRequest, Repair, Severity, TakenOut
from ..keymap import first
from ..model.beside import Fields, fields_of, in_order
from ..model.reading_order import in_reading_order
from ..render.json import Words
from ..render.json_row import short_token
from ..render.plain import marks_of
from ..render.routes import title_along
from .json_view import JsonView
from .request_pane import RequestPane
from .text_block import TextBlock

if TYPE_CHECKING:
    from ...core.compare.fields import FieldRow

PATHS_SHOWN = 8
"""Fields that a filter took out, before the rest is counted."""
REPAIRS_SHOWN = 3
MOST_BESIDE = 64 * 1024
"""Bytes of a message up to which its fields are shown beside those of a request."""
HASHED = "hashed by Segment"


class MixpanelPane(RequestPane):
    """One request at a time: method, URL, headers with secrets masked, body."""

    TITLE = "Mixpanel"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.notes = TextBlock(classes="note")
        self.head = TextBlock(classes="note head")
        self.json = JsonView()
        self.json.rows.shorten_token = short_token
        self.json.source_of = self._source
        self.fields: Fields | None = None
        """Which field of the message each field comes from, while the message stands beside the request."""
        self._level = False
        self._changed: tuple[int, Mapping[str, str]] = (0, {})
        self._rows: tuple[FieldRow, ...] = ()
        self._rows_of: MessageDetail | None = None

    def compose(self) -> ComposeResult:
        yield self.notes
        yield self.head
        yield self.json

    def fill(self, detail: MessageDetail | None) -> None:
        """Show one request, and above it what keeps Segment from sending."""
        notes = [] if detail is None else self._notes(detail)
        self.notes.put(Content("\n").join(notes))
        self.notes.display = bool(notes)
        operations = self.operations
        self.head.display = self.json.display = bool(operations)
        if not operations:
            self.title("" if detail is None else title_along(detail, "nothing to send"))
            return
        self.page = max(0, min(self.page, len(operations) - 1))
        operation = operations[self.page]
        self.head.put(self._head(operation))
        flags: dict[str, Severity] = {}
        if detail is not None:
            for finding in reversed(detail.verdict.findings):
                flags[finding.path] = finding.severity
        repairs = () if detail is None else detail.verdict.repairs
        changes = {
            repair.path: "repaired" if repair.before is None else f"repaired, was {shown(repair.before, 60)}"
            for repair in repairs
            if repair.request == self.page
        }
        if detail is not None:
            changes |= {
                source.path: HASHED
                for source in detail.explanation.sources
                if HASHED in source.via and read_place(source.path).request == self.page
            }
        flags.update((path, flags.get(path, "info")) for path in changes)
        root = in_body(self.page)
        unknown = () if detail is None else detail.explanation.unknown
        request = json_bytes(operation.request.body)
        self.fields = self._fields_beside() if self._level else None
        key = (self._of, root, request, unknown, tuple(flags.items()), tuple(changes), self._level)
        body = _with_unknown(operation.request.body, root, unknown)
        if self.fields is not None:
            body = in_order(body, root, self.fields.ranks)
        self.json.show(body, root=root, flags=flags, notes=changes, key=key)
        self._mark_changes()
        self.title(self._place() if detail is None else title_along(detail, self._place()))

    def mark_changes(self, id: int, changes: Mapping[str, str]) -> None:
        """Mark what became of values that changed since the last message of the same kind."""
        self._changed = id, changes
        if self.detail is not None and self.detail.summary.id == id and self.json.display:
            self._mark_changes()

    def _mark_changes(self) -> None:
        of, changes = self._changed
        fields = self.fields if self.detail is not None and self.detail.summary.id == of else None
        sources: Mapping[str, str] = {} if fields is None else fields.sources
        self.json.rows.mark_changes(
            {path: changes[source] for path, source in sources.items() if source in changes}
        )

    def put_level(self, on: bool) -> None:
        """Show the fields in the order of the message, which stands beside them, or as they are sent."""
        self._level = on
        if self._ready:
            self.fill(self.detail)

    def _fields_beside(self) -> Fields | None:
        """Return which field of the message each field of the request comes from; None if that is unknown."""
        detail = self.detail
        if detail is None or not detail.explanation.sources or len(detail.document) > MOST_BESIDE:
            return None
        if detail is not self._rows_of:
            document = in_reading_order(msgspec.json.decode(detail.document))
            self._rows_of = detail
            from ...core.compare.fields import field_rows  # the pipeline: no frame needs it

            self._rows = field_rows(document, self.operations, detail.explanation)
        return fields_of(self._rows, self.page)

    def _place(self) -> str:
        """Say which of the requests is shown, what the next one is, and the key that leads there."""
        count = len(self.operations)
        place = f"{self.page + 1} of {count}"
        if count < 2:
            return place
        following = self.operations[(self.page + 1) % count].request
        return f"{place} · ] next: {urlsplit(following.url).path}"

    def show_path(self, path: str) -> bool:
        """Turn to the request of `requests[1].body…` and highlight the place; False when it is not there."""
        place = read_place(path)
        if place.side == "request" and place.request < len(self.operations) and place.request != self.page:
            self.page = place.request
            self.fill(self.detail)
        return self.json.show_path(path, move=True)

    def copy_text(self) -> str:
        """Return the shown request as method, URL, headers (secrets masked) and indented JSON."""
        if self.shown is None:
            return "\n".join(note.plain for note in self._notes(self.detail)) if self.detail else ""
        request = self.shown
        lines = [
            f"{request.method} {request.url}",
            *(f"{name}: {value}" for name, value in _headers(request)),
            *(f"({note})" for note in self._credential_notes()),
        ]
        body = msgspec.json.format(json_bytes(request.body), indent=2).decode()
        return "\n".join([*lines, "", body])

    def _source(self, path: str) -> str:
        """Return the source of the value at a path: `source: $.context.page.url · field url`."""
        found = None if self.detail is None else self.detail.explanation.source_at(path)
        if found is None:
            return ""
        field = f" · field {found.field}" if found.field else ""
        if found.via:
            name = read_place(path).steps[-1:]
            return f"{name[0] if name else 'value'} ← {found.via}{field}"
        return f"source: {found.source}{field}"

    def _credential_notes(self) -> list[str]:
        """Return notes on the Authorization header: segtap sends another one, or Segment would."""
        if self.account_note:
            return [self.account_note]
        source = self._source(Place("request", self.page, ("authorization",)).text)
        return [] if not source or source == f"source: {SECRET}" else [source]

    def _head(self, operation: Operation) -> Content:
        request = self.shown or masked(operation.request)
        lines = [
            Content.assemble(
                (f"{clean(request.method)} ", "bold $accent"), (clean(request.url), "$foreground")
            )
        ]
        if self.elsewhere:
            host = "://".join(urlsplit(operation.request.url)[:2])
            lines.append(Content.styled(f"in place of {clean(host)}", "$dim"))
        for name, value in _headers(request):
            lines.append(Content.assemble((f"{name}  ", "$dim"), (clean(value), "$json-string")))
        lines += [Content.styled(clean(note), "$dim") for note in self._credential_notes()]
        if not operation.action:
            return Content("\n").join(lines)  # no action of Segment's made it
        made = f"{clean(operation.action)}"
        if operation.subscription and operation.subscription != operation.action:
            made += f" · subscription {clean(operation.subscription)}"
        lines.append(Content.styled(made, "$dim"))
        return Content("\n").join(lines)

    def _notes(self, detail: MessageDetail) -> list[Content]:
        marks, translation = marks_of(self), detail.verdict.translation
        if detail.summary.damaged:
            return [Content.styled("Nothing to translate: the Segment pane says what is damaged.", "$dim")]
        if detail.summary.refused:
            return [
                Content.styled("Nothing to translate: the request was refused.", "$dim"),
                Content.styled(
                    "Fix the request and send it again; the Segment pane says what is wrong.", "$dim"
                ),
            ]
        if detail.summary.marks & Marks.SECOND_RECEIPT:
            words = "Segment would drop this copy: its messageId came before, within 24 h."
            if detail.source_kind == "mixpanel":
                words = "Mixpanel would drop this copy: the same event with its $insert_id came before."
            return [
                Content.styled(words, "$accent"),
                Content.styled(
                    "It is neither translated nor forwarded."
                    f" {first('message.replay')} replays it as a new message.",
                    "$dim",
                ),
            ]
        notes = _repaired(detail.verdict.repairs)
        if translation.not_sent is not None:
            stopped = translation.not_sent
            notes.append(
                Content.styled(f"{marks.warning} Not sent: {clean(stopped.reason)}", "bold $mark-warning")
            )
            where = f"Segment decides this before any subscription, by {clean(stopped.path)}."
            if stopped.path == "$":
                where = "Segment decides this before any subscription."
            if detail.source_kind == "mixpanel":
                where = "segtap forwards what Mixpanel's own SDKs send only to the project that it is for."
            notes.append(Content.styled(where, "$dim"))
        elif detail.verdict.fault:
            words = f"{marks.error} {clean(detail.verdict.fault)}"
            notes.append(Content.styled(words, "bold $mark-error"))
            notes.append(Content.styled("Nothing of it is sent. Please report it to segtap.", "$dim"))
        elif translation.rejected is not None:
            why = clean(translation.rejected)
            notes.append(
                Content.styled(f"{marks.error} Segment would not send this: {why}", "bold $mark-error")
            )
            notes.append(
                Content.styled(
                    "Its other requests are sent all the same."
                    if translation.operations
                    else "Give the call what is missing, or change the subscription; then send again.",
                    "$dim",
                )
            )
        elif translation.unmatched:
            kind = clean(detail.summary.type) or "such"
            why, fix = (
                clean(detail.explanation.unmatched) or f"no subscription takes this {kind} call",
                "Add or enable a subscription whose trigger takes it, if Mixpanel should have it.",
            )
            unmatched = next((found for found in detail.verdict.findings if found.rule == "unmatched"), None)
            if unmatched is not None and "subscription" not in unmatched.message:
                why, fix = clean(unmatched.message), f"To change that: {clean(unmatched.fix)}"
            notes.append(
                Content.styled(f"{marks.warning} Segment would not send this: {why}", "bold $mark-warning")
            )
            notes.append(Content.styled(fix, "$dim"))
        elif not translation.operations and not notes:
            notes.append(Content.styled("Segment makes no request of this message.", "$dim"))
        if translation.not_sent is None:
            notes += _taken_out(detail.explanation.taken_out)
        return notes


def _taken_out(taken: Sequence[TakenOut]) -> list[Content]:
    """Return which fields the requests are made without, and the filter or blocked list that takes each."""
    notes: list[Content] = []
    for one in taken:
        paths = [clean(path) for path in one.paths[:PATHS_SHOWN]]
        if len(one.paths) > PATHS_SHOWN:
            paths.append(f"{len(one.paths) - PATHS_SHOWN:,} more")
        notes.append(
            Content.assemble(
                ("left out  ", "bold $accent"),
                (", ".join(paths), "$foreground"),
                (f"  by {shown(one.filter, 60)}", "$dim"),
            )
        )
    return notes


def _repaired(repairs: Sequence[Repair]) -> list[Content]:
    """Describe what repairs changed, before and after; Segment would send the original."""
    notes: list[Content] = []
    for repair in repairs[:REPAIRS_SHOWN]:
        if repair.request is None:
            change = "$identify is not sent: it names no user"
        else:
            before = "nothing" if repair.before is None else shown(repair.before, 60)
            change = f"{clean(repair.path.rpartition('.')[2])}  {before} → {shown(repair.after, 60)}"
        notes.append(
            Content.assemble((f"repaired ({repair.name})  ", "bold $accent"), (change, "$foreground"))
        )
    if len(repairs) > REPAIRS_SHOWN:
        notes.append(Content.styled(f"and {len(repairs) - REPAIRS_SHOWN:,} more repairs", "$dim"))
    if notes:
        notes.append(Content.styled("segtap sends it so; Segment sends it as it was before.", "$dim"))
    return notes


def _with_unknown(body: Json, root: str, unknown: Sequence[str]) -> Json:
    """Return the body with notes in place of properties whose values only Segment knows."""
    for path in unknown:
        holder, _, name = path.rpartition(".")
        if holder == f"{root}.properties":
            body = changed_at(body, ("properties",), partial(_with, name=name))
    return body


def _with(properties: Json, name: str) -> Json:
    return {**properties, name: Words(UNKNOWN)} if isinstance(properties, dict) else properties


def _headers(request: OutgoingRequest) -> list[tuple[str, str]]:
    query = " ".join(f"{name}={clean(str(value))}" for name, value in (request.query or {}).items())
    found = (
        ("Query", query),
        ("Authorization", request.authorization),
        ("Content-Type", request.content_type),
    )
    return [(name, value) for name, value in found if value]
