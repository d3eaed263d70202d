"""Writing paths into a message or its translation: `$.properties.total`, `requests[0].body[0]['odd.key']`."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[^\s.\[\]'\"]+")
_MAX_KEY = 200


def child(path: str, step: str | int) -> str:
    """The path one step further: a key of an object, or an index into a list.

    Keys with spaces, dots, quotes or brackets stand quoted in brackets. Absurdly long ones are
    shortened; such a path leads nowhere, but it can be shown.
    """
    if isinstance(step, int):
        return f"{path}[{step}]"
    if len(step) > _MAX_KEY:
        step = step[: _MAX_KEY - 1] + "…"
    if _PLAIN.fullmatch(step):
        return f"{path}.{step}"
    return f"{path}['" + step.replace("\\", "\\\\").replace("'", "\\'") + "']"
