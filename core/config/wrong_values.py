"""What to write instead of a value that a key of segtap.toml cannot have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args, get_origin

import msgspec

DEVICE_MODE = (
    "in device mode the page itself sends to Mixpanel, so segtap has nothing to forward. Write"
    ' kind = "classic-cloud": segtap simulates device mode from the same settings, see [classic], the pane'
    " Super properties, and segtap translate --destination classic-device"
)


def wrong_value(
    sections: Mapping[str, type[msgspec.Struct]], section: str, key: str, value: object, fault: Exception
) -> str:
    """Return the sentence that says why a key cannot have a value, and what it can have."""
    fields = msgspec.structs.fields(sections[section])
    kind = next(field.type for field in fields if field.name == key)
    return f"{key} of [{section}] cannot be {value!r}: {_advice(kind, key, value, fault)}."


def _advice(kind: object, key: str, value: object, fault: Exception) -> str:
    if (key, value) == ("kind", "classic-device"):
        return DEVICE_MODE
    if get_origin(kind) is Literal:
        choices = [f'"{choice}"' for choice in get_args(kind) if choice]
        return f"write {' or '.join((', '.join(choices[:-1]), choices[-1]))}"
    if key == "max_age":
        return 'write a number with m, h, d or w, as in "30d"'
    if get_origin(kind) is tuple:
        return f'write a list of texts: {key} = ["…"]'
    return "write true or false" if kind is bool else str(fault)
