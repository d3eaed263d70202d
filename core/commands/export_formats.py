"""The formats of `segtap export`: each turns the lines of an export into those of a file. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import Literal, Protocol, cast

import msgspec

from ..api.operations import ExportOf
from ..codec.har import har_end, har_head
from ..errors import InputError
from ..json_text import json_bytes
from ..messages import RAW_TYPE, Json, JsonObject
from ..sources.mixpanel.exported import exported_record
from ..sources.mixpanel.records import endpoint_of
from ..text import clean, counted

FormatName = Literal["jsonl", "mixpanel", "csv", "har", "segment-archive"]
COLUMNS = (
    "receivedAt",
    "timestamp",
    "type",
    "event",
    "userId",
    "anonymousId",
    "messageId",
    "properties",
    "traits",
)
"""The columns of a CSV file where none are chosen."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that a spreadsheet may calculate. It gets a quote in front."""
_STEP = re.compile(r'(?:"([^"]+)"|([^".]+))(?=\.|\Z)')
_NAMED = {"event": ("event", "name")}


class Format(Protocol):
    """A format: `what` it is made of, what stands before and behind the lines, and each line.

    `line` returns b"" for a line that the format leaves out. `left_out` has sentences on these.
    """

    what: ExportOf

    def head(self) -> bytes:
        """Return what stands before the lines."""
        ...

    def line(self, text: bytes) -> bytes:
        """Return a line of the export in this format."""
        ...

    def end(self) -> bytes:
        """Return what stands behind the lines."""
        ...

    def left_out(self) -> Sequence[str]:
        """Return what was left out."""
        ...


class Lines:
    """JSON lines: messages as they were received, with what Segment fills in."""

    what: ExportOf = "messages"

    def head(self) -> bytes:
        """Return nothing: lines need none."""
        return b""

    def line(self, text: bytes) -> bytes:
        """Return the line as it is."""
        return text

    def end(self) -> bytes:
        """Return nothing: lines need none."""
        return b""

    def left_out(self) -> Sequence[str]:
        """Return nothing: every message has a line."""
        return ()


class Archive(Lines):
    """Lines as Segment's raw data archive has them: Segment's messages alone, as destinations get them."""

    def __init__(self) -> None:
        self._device = 0

    def line(self, text: bytes) -> bytes:
        """Return the line of a Segment message."""
        if _record_in(text) is None:
            return text
        self._device += 1
        return b""

    def left_out(self) -> Sequence[str]:
        """Return how many records of Mixpanel's own SDKs were left out."""
        what = "of Mixpanel's own SDKs, which Segment's archive does not hold"
        return (f"{counted(self._device, 'record')} {what}.",) if self._device else ()


class MixpanelEvents(Lines):
    """Events as Mixpanel's /import reads them and its raw export writes them: `event` and `properties`.

    The project token, which neither has, is left out.
    """

    what: ExportOf = "records"

    def __init__(self) -> None:
        self._others: dict[str, int] = {}

    def line(self, text: bytes) -> bytes:
        """Return the line of an event."""
        found = exported_record(text.strip())
        assert found is not None
        record = msgspec.json.decode(found.text)
        if endpoint_of(record) != "/track":
            self._others[found.endpoint] = self._others.get(found.endpoint, 0) + 1
            return b""
        properties: Json = record.get("properties")
        if isinstance(properties, dict):
            properties = {name: value for name, value in properties.items() if name != "token"}
        return json_bytes({"event": record.get("event"), "properties": properties}) + b"\n"

    def left_out(self) -> Sequence[str]:
        """Return how many profile and group updates were left out."""
        return [
            f"{counted(count, 'update')} for {endpoint} left out: Mixpanel's export holds events alone."
            for endpoint, count in self._others.items()
        ]


class Csv(Lines):
    """Comma-separated values: a row for each message, a column for each path into it.

    Objects and lists stand as JSON. A text that a spreadsheet could take for a formula gets a quote in front.
    """

    def __init__(self, columns: Sequence[str] = ()) -> None:
        self._columns = list(columns) or list(COLUMNS)
        self._paths = [_path_of(column) for column in self._columns]
        self._empty = set(columns)
        self._rows = 0

    def head(self) -> bytes:
        """Return the row of the columns' names."""
        return _row([_safe(column) for column in self._columns])

    def line(self, text: bytes) -> bytes:
        """Return the row of a message."""
        record = _record_in(text)
        document: JsonObject = msgspec.json.decode(text if record is None else record)
        if record is not None:
            document = {"type": RAW_TYPE, **document}
        cells = [_cell(find(document)) for find in self._paths]
        self._rows += 1
        if self._empty:
            self._empty -= {column for column, cell in zip(self._columns, cells, strict=True) if cell}
        return _row(cells)

    def left_out(self) -> Sequence[str]:
        """Return which chosen columns are empty: their names may be misspelled."""
        empty = [clean(column) for column in self._columns if column in self._empty]
        return (f"No message has {', '.join(empty)}.",) if empty and self._rows else ()


class Har(Lines):
    """A HAR 1.2 file of the requests that the messages came in, with answers; credentials are masked."""

    what: ExportOf = "requests"

    def __init__(self) -> None:
        self._begun = False

    def head(self) -> bytes:
        """Return what stands before the entries."""
        return har_head()

    def line(self, text: bytes) -> bytes:
        """Return an entry."""
        begun, self._begun = self._begun, True
        return (b",\n" if begun else b"") + text.rstrip(b"\n")

    def end(self) -> bytes:
        """Return what stands behind the entries."""
        return har_end()


def format_of(name: FormatName, columns: Sequence[str] = ()) -> Format:
    """Return a format by its name. Raises InputError for columns that it cannot have."""
    if columns and name != "csv":
        raise InputError("Columns can be chosen for csv only.")
    if name == "csv":
        return Csv(columns)
    return _FORMATS[name]()


_FORMATS: dict[str, Callable[[], Format]] = {
    "jsonl": Lines,
    "mixpanel": MixpanelEvents,
    "har": Har,
    "segment-archive": Archive,
}


def _record_in(text: bytes) -> bytes | None:
    """Return the record in a line of device traffic, None for any other line."""
    try:
        found = exported_record(text.strip())
    except InputError:
        return None
    return None if found is None else found.text


def _path_of(column: str) -> Callable[[JsonObject], Json]:
    """Return what finds a column's value: by a path as in filters, `event` also in the name of a page.

    Raises InputError for a path that cannot be read.
    """
    if column in _NAMED:
        names = _NAMED[column]
        return lambda document: next((document[name] for name in names if name in document), None)
    steps = _steps(column)

    def find(document: JsonObject) -> Json:
        value: Json = document
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    return find


def _steps(path: str) -> list[str]:
    """Return the steps of `properties.total` or `properties."my key"`. Raises InputError."""
    steps: list[str] = []
    at = 0
    while found := _STEP.match(path, at):
        steps.append(found[1] if found[1] is not None else found[2])
        at = found.end()
        if at == len(path):
            return steps
        at += 1
    raise InputError(f'{path!r} is not a column: write it as properties.total or properties."my key".')


def _row(cells: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _cell(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _safe(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return json_bytes(cast("Json", value)).decode()


def _safe(text: str) -> str:
    # The text comes from whoever can reach the endpoint: a formula in it could read the whole sheet, and a
    # control character act on the terminal.
    shown = "\n".join(map(clean, text.split("\n")))
    return f"'{shown}" if text.startswith(_FORMULA) else shown
