"""Whether a value of a request is a value of the message: the same, or the same in another form. Pure."""

from __future__ import annotations

import json
from typing import Literal

from ..mapping.dates import read_time
from ..mapping.javascript import SPACES, as_double, format_number, to_number
from ..messages import Json
from .classic.dates import as_date, new_date

Likeness = Literal["same", "form", "other"]


def likeness(sent: Json, arrived: Json) -> Likeness:
    """Compare a value of the message with what stands in a request.

    Numbers are compared as the doubles that they are to Segment, dates in UTC to the second. `form`: it is
    the same value as text, as a number, as a date of another form, or trimmed.
    """
    if sent is arrived:
        return "same"
    if isinstance(sent, bool) or isinstance(arrived, bool):
        return _flag(sent, arrived)
    if isinstance(sent, int | float):
        return _number(sent, arrived)
    if isinstance(sent, str):
        return _text(sent, arrived)
    if isinstance(arrived, str) and sent is not None:
        return "form" if likeness(sent, _parsed(arrived)) != "other" else "other"
    if isinstance(sent, dict) and isinstance(arrived, dict):
        # What is null or undefined may be left out.
        if any(name not in sent for name in arrived):
            return "other"
        return _worst([likeness(value, arrived.get(name)) for name, value in sent.items()])
    if isinstance(sent, list):
        if isinstance(arrived, list):
            if len(sent) != len(arrived):
                return "other"
            return _worst([likeness(value, there) for value, there in zip(sent, arrived, strict=True)])
        if len(sent) == 1 and likeness(sent[0], arrived) != "other":
            return "form"
    return "other"


def _worst(found: list[Likeness]) -> Likeness:
    if "other" in found:
        return "other"
    return "form" if "form" in found else "same"


def _flag(sent: Json, arrived: Json) -> Likeness:
    if isinstance(sent, bool):
        if isinstance(arrived, bool):
            return "same" if sent == arrived else "other"
        words = ("true", 1) if sent else ("false", 0)
        return "form" if arrived in words else "other"
    return "form" if sent in (("true", 1) if arrived else ("false", 0)) else "other"


def _number(sent: int | float, arrived: Json) -> Likeness:
    if isinstance(arrived, int | float):
        return "same" if as_double(sent) == as_double(arrived) else "other"
    if isinstance(arrived, str):
        if arrived in (format_number(sent), str(sent)):
            return "form"
        return "form" if _moment(sent) is not None and _moment(sent) == _moment(arrived) else "other"
    return "other"


def _text(sent: str, arrived: Json) -> Likeness:
    if isinstance(arrived, int | float):
        return "form" if to_number(sent) == arrived or read_time(sent) == arrived else "other"
    if not isinstance(arrived, str):
        return "form" if sent and arrived is not None and _parsed(sent) == arrived else "other"
    if sent == arrived:
        return "same"
    if as_date(arrived) is not None and (moment := _moment(sent)) is not None and moment == _moment(arrived):
        return "same" if as_date(sent) is not None and sent.endswith("Z") else "form"
    return "form" if sent.strip(SPACES) == arrived else "other"


def _moment(value: int | float | str) -> int | None:
    """Return the second that a date is in."""
    ms = new_date(value).ms
    return None if ms is None else ms // 1000


def _parsed(text: str) -> Json:
    """Return the list or object that a text is the JSON of."""
    if text[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
