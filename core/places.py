"""Where a finding points: a place in the Segment message, or in one of the requests that it becomes.

As text, in JSON and on the screen, a place is a path: `$.properties.total`, `requests[0].body[0].event`.
"""

from __future__ import annotations

import re
from functools import reduce
from typing import Literal

import msgspec

from .paths import child

Side = Literal["message", "request"]

_REQUEST = re.compile(r"requests\[(\d+)\]")
_STEP = re.compile(
    r"\.([^\s.\[\]'\"]+)|\[(\d+)\]|\[(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")\]", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BODIES = tuple(f"requests[{number}].body" for number in range(32))


class Place(msgspec.Struct, frozen=True):
    """A place in the message, or in the request of the number `request`; `steps` lead to it from there.

    A step is the key of an object or the index of a list. `request` is 0 for a place in the message.
    """

    side: Side
    request: int = 0
    steps: tuple[str | int, ...] = ()

    @property
    def text(self) -> str:
        """The place as a path."""
        return reduce(child, self.steps, "$" if self.side == "message" else f"requests[{self.request}]")

    def starts_with(self, *steps: str | int) -> bool:
        """Return True if these steps are the first ones that lead to the place."""
        return self.steps[: len(steps)] == steps


def read_place(path: str) -> Place:
    """Read a path. Any text that is not one leads to the whole message, and so does a broken rest of one."""
    request = _REQUEST.match(path)
    at = request.end() if request is not None else 1
    steps: list[str | int] = []
    if request is None and path[:1] != "$":
        return Place("message")
    while (step := _STEP.match(path, at)) is not None:
        plain, index, single, double = step.groups()
        if index is not None:
            steps.append(int(index))
        elif plain is not None:
            steps.append(plain)
        else:
            steps.append(_ESCAPED.sub(r"\1", single if single is not None else double))
        at = step.end()
    return Place("message" if request is None else "request", int(request[1]) if request else 0, tuple(steps))


def in_message(path: str) -> bool:
    """Return True if a path leads into the message, False for the requests."""
    return path[:1] == "$"


def in_body(request: int, *steps: str | int) -> str:
    """Return the path of a place in the body of the request of that number."""
    body = _BODIES[request] if request < len(_BODIES) else f"requests[{request}].body"
    return reduce(child, steps, body) if steps else body
