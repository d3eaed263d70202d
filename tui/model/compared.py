"""Two things side by side, as lines: two messages, two copies at Mixpanel, or a message and its requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import msgspec

from ...core.api.models import MessageDetail
from ...core.compare import diff, fields
from ...core.errors import InputError
from ...core.json_text import json_type
from ...core.masks import shortened
from ...core.messages import Json, JsonObject
from ...core.places import read_place
from ...core.settings import DestinationKind
from ...core.text import clean
from .reading_order import ordered

Rows = TypeVar("Rows")
Style = Literal["same", "inside", "added", "removed", "changed", "type"]
_FIELD_STYLES: dict[fields.FieldState, Style] = {
    "same": "same",
    "changed": "changed",
    "dropped": "removed",
    "added": "added",
}


@dataclass(frozen=True)
class SideLine:
    """One line: a label and a value on each side. A side without a value is None.

    `right_label` is None where both sides have the same label; `note` explains the line.
    """

    style: Style
    mark: str
    label: str
    left: tuple[Json] | None
    right: tuple[Json] | None
    depth: int = 0
    right_label: str | None = None
    note: str = ""
    path: str = ""

    @property
    def differs(self) -> bool:
        """True unless both sides are the same."""
        return self.style != "same"


@dataclass(frozen=True)
class SideBySide:
    """A comparison: its name, what stands on each side, its lines, and its result in a few words.

    `other` is the message to go to, 0 for none; `text` makes the text for the clipboard.
    """

    name: str
    left: str
    right: str
    lines: tuple[SideLine, ...]
    result: str
    text: Callable[[], str]
    other: int = 0


def of_messages(name: str, one: MessageDetail, other: MessageDetail, captions: tuple[str, str]) -> SideBySide:
    """Compare two messages, member by member. Raises InputError for one that cannot be read."""
    rows = _guarded(lambda: diff.message_diff(_document(one), _document(other)))
    return _of_rows(name, rows, captions, one.summary.id)


def of_edit(sent: MessageDetail, edited: MessageDetail) -> SideBySide:
    """Compare a message as it was sent with its edited text. Raises InputError for one that cannot be read.

    Times that are filled in on receipt are left out, unless the text has its own.
    """
    filled = {*sent.filled} & {*edited.filled}
    ignored = [path for path in diff.IGNORED_BETWEEN_MESSAGES if path in filled]
    rows = _guarded(lambda: diff.diff(_document(sent), _document(edited), ignored=ignored))
    return _of_rows("edited", rows, ("as sent", "edited"), sent.summary.id)


def of_copies(cloud: MessageDetail, device: MessageDetail, kind: DestinationKind, other: int) -> SideBySide:
    """Compare what Mixpanel gets of the same action through Segment and from its own SDK in the page."""
    from ...core.compare.copies import copies_diff

    found = _guarded(lambda: copies_diff(cloud.verdict.translation, device.verdict.translation, kind))
    rows = [
        msgspec.structs.replace(row, one=shortened(row.label, row.one), other=shortened(row.label, row.other))
        for row in found
    ]
    captions = ("through Segment (cloud mode)", "by Mixpanel's SDK (device mode)")
    return _of_rows("both copies at Mixpanel", rows, captions, other)


def _of_rows(name: str, rows: Sequence[diff.DiffRow], captions: tuple[str, str], other: int) -> SideBySide:
    lines = tuple(_line(row) for row in rows)
    shown = diff.differences(rows)
    return SideBySide(
        name, *captions, lines, diff.words(rows), lambda: "\n".join(map(clean, diff.lines(shown))), other
    )


def _line(row: diff.DiffRow) -> SideLine:
    note = f"{json_type(row.one)} → {json_type(row.other)}" if row.kind == "type" else ""
    return SideLine(
        style=row.kind,
        mark=diff.MARKS[row.kind],
        label=row.label,
        left=None if row.kind == "added" else (row.one,),
        right=None if row.kind == "removed" else (row.other,),
        depth=row.depth,
        note=note,
        path=row.path,
    )


def of_requests(detail: MessageDetail) -> SideBySide:
    """Set a Segment message beside what Mixpanel gets, field by field. Raises InputError."""
    operations = detail.verdict.translation.operations
    rows = _guarded(lambda: fields.field_rows(_document(detail), operations, detail.explanation))
    several = len(operations) > 1
    lines: list[SideLine] = []
    before = ""
    for row in rows:
        where = fields.endpoint(operations[row.request]) if several and row.target else ""
        value = _as_shown(row.source, row.value) if detail.source_kind == "mixpanel" else row.value
        lines.append(
            SideLine(
                style=_FIELD_STYLES[row.state],
                mark=fields.MARKS[row.state],
                label="" if row.source and row.source == before else fields.short_source(row.source),
                left=(value,) if row.source and row.source != before else None,
                right=(_as_shown(row.target, row.result),) if row.target else None,
                right_label=fields.short_target(row.target),
                note="  ".join(part for part in (where, row.why) if part),
                path=row.source or row.target,
            )
        )
        before = row.source
    return SideBySide(
        "Segment → Mixpanel",
        "Segment",
        "Mixpanel",
        tuple(lines),
        fields.words(rows),
        lambda: "\n".join(map(clean, fields.lines(rows, operations))),
    )


def _as_shown(path: str, value: Json) -> Json:
    """Return a value of a record as it is shown: a project token is shortened."""
    steps = read_place(path).steps
    return shortened(steps[-1], value) if steps else value


def _guarded(made: Callable[[], Rows]) -> Rows:
    try:
        return made()
    except RecursionError as error:
        raise InputError("The message is nested too deep to be compared.") from error


def _document(detail: MessageDetail) -> JsonObject:
    """Return the message with what readers look for first at its top."""
    from ...core import read_document

    return ordered(read_document(detail.document))
