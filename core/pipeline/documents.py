"""Messages out of lines, for a plan to be inferred from. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..errors import InputError
from ..ingest.bounds import DEFAULT_BOUNDS, Bounds, over
from ..ingest.decode import NotJson, read_json
from ..ingest.parts import batch_items
from ..messages import CALL_TYPES, JsonObject
from ..settings import Destination
from .envelope import read_envelope, refuse_large


def documents(
    lines: Iterable[str | bytes], fault: list[str], bounds: Bounds = DEFAULT_BOUNDS
) -> Iterator[JsonObject]:
    """The messages in lines that hold one each, an envelope of `segtap translate`, or a batch.

    Blank lines are passed over; what cannot be read, or is beyond `bounds`, is named in `fault`, and the rest
    still come.
    """
    for number, line in enumerate(lines, start=1):
        data = line.strip() if isinstance(line, bytes) else line.strip().encode("utf-8", "surrogatepass")
        if not data:
            continue
        yield from _documents(number, data, fault, bounds)


def _documents(number: int, data: bytes, fault: list[str], bounds: Bounds) -> Iterator[JsonObject]:
    try:
        if over(data, bounds) and (items := batch_items(data)) is not None:
            for item in items:
                yield from _documents(number, item, fault, bounds)
            return
        refuse_large(data, bounds)
        value, _ = read_json(data)
        if not isinstance(value, dict):
            raise InputError("not a JSON object: write one Segment message a line")
        batch = value.get("batch")
        if isinstance(batch, list) and value.get("type") not in CALL_TYPES:
            yield from (item for item in batch if isinstance(item, dict))
        else:
            yield read_envelope(value, Destination()).message
    except NotJson as error:
        fault.append(f"line {number}: not JSON: {error}")
    except InputError as error:
        fault.append(f"line {number}: {error}")
