"""The messages of a scenario, to be sent again: with new ids and the times of now."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Iterable
from hashlib import blake2b

from ..codec.pieces import Piece
from ..errors import InputError
from ..messages import Message
from ..pipeline.lines import given_in
from ..scenarios.lines import Step
from ..scenarios.notation import Kind, Stand
from ..segment_names import STAND_IN_TOKEN
from ..settings import Destination
from ..sources.bounds import DEFAULT_BOUNDS, Bounds
from .bulk import Pace
from .scenario import read_steps


def new_messages(
    lines: Iterable[bytes], *, now: int, pace: Pace, token: str = "", bounds: Bounds = DEFAULT_BOUNDS
) -> list[Message]:
    """Return the messages of a scenario as if they were made now, in the order in which they came.

    `now` is when the first of them is sent, in milliseconds. None is from the future: messages that come
    faster than they were recorded are dated back. `token` is the project's. Raises InputError, which names
    the line that cannot be read.
    """
    steps = [(number, step) for number, _, step in read_steps(lines, bounds) if step is not None]
    if not steps:
        return []
    steps.sort(key=lambda one: one[1].at_ms)
    first, last = steps[0][1].at_ms, steps[-1][1].at_ms
    takes = (last - first) / max(pace.factor, 1) if pace.factor else 0
    stand = Stand(now - last + round(takes), _new_ids(token or STAND_IN_TOKEN))
    return [_message(number, step, stand, bounds) for number, step in steps]


def _message(number: int, step: Step, stand: Stand, bounds: Bounds) -> Message:
    try:
        text, _ = step.resolved(stand)
        message = given_in(Piece(number, text), Destination(), bounds).message
    except InputError as error:
        raise InputError(f"Line {number}: {error}.") from None
    if message.unread:
        raise InputError(f"Line {number}: {message.objections[0].text}.")
    return message


def _new_ids(token: str) -> Callable[[Kind, int], str]:
    """Return ids that nothing had before: the same for the same placeholder, others with each call."""
    seed = secrets.token_bytes(16)

    def new_id(kind: Kind, number: int) -> str:
        if kind == "token" and not number:
            return token
        digest = blake2b(f"{kind}:{number}".encode(), digest_size=16, key=seed)
        return digest.hexdigest() if kind == "token" else str(uuid.UUID(bytes=digest.digest(), version=4))

    return new_id
