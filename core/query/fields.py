"""The fields of the language: one table for the parser, the evaluation, SQL, help and completion."""

from __future__ import annotations

from typing import Literal

import msgspec

from ..chosen import MARKED
from ..delivery import DeliveryState
from ..messages import CALL_TYPES, RAW_TYPE, Marks

Kind = Literal["text", "fixed", "rule", "time"]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field. `means` is its line in the help. `fixed` are its values, where it has fixed ones."""

    name: str
    kind: Kind
    means: str
    example: str
    fixed: tuple[str, ...] = ()


FIELDS: tuple[Field, ...] = (
    Field(
        name="type",
        kind="fixed",
        means="the call, or raw for what goes straight to Mixpanel",
        example="type:track,page",
        fixed=(*CALL_TYPES, RAW_TYPE),
    ),
    Field(
        name="event",
        kind="text",
        means="the event's name, or the name of a page or screen",
        example='event:"Order *"',
    ),
    Field(name="user", kind="text", means="userId or anonymousId", example="user:u-7"),
    Field(name="group", kind="text", means="groupId", example="group:acme"),
    Field(name="key", kind="text", means="the write key", example="key:wk_1"),
    Field(
        name="source",
        kind="text",
        means="the name given to the write key, else the write key",
        example="source:web*",
    ),
    Field(name="library", kind="text", means="context.library.name", example="library:analytics*"),
    Field(name="id", kind="text", means="messageId", example="id:ajs-next-*"),
    Field(
        name="rule",
        kind="rule",
        means="a finding of that rule (segtap rules lists them)",
        example="rule:insert-id-charset",
    ),
    Field(
        name="warn",
        kind="fixed",
        means="at least one finding of that severity, or of any; none: no finding",
        example="warn:error",
        fixed=("error", "warning", "info", "any", "none"),
    ),
    Field(
        name="delivery",
        kind="fixed",
        means="what became of it at Mixpanel",
        example="delivery:refused,stuck",
        fixed=tuple(state.value for state in DeliveryState),
    ),
    Field(
        name="origin",
        kind="fixed",
        means="how it came in",
        example="origin:pixel",
        fixed=("sdk", "pixel", "replay", "tee", "device"),
    ),
    Field(
        name="sent",
        kind="fixed",
        means="whether Segment would send at least one request for it to Mixpanel",
        example="sent:no",
        fixed=("yes", "no"),
    ),
    Field(
        name="is",
        kind="fixed",
        means="marked on this screen, a second receipt, refused at the endpoint, or replayed",
        example="is:second",
        fixed=(MARKED, "second", "refused", "replayed"),
    ),
    Field(
        name="since",
        kind="time",
        means="received then or later: so long ago, or an ISO time (local without a zone)",
        example="since:10m",
    ),
    Field(
        name="until",
        kind="time",
        means="received then or earlier",
        example="until:2026-11-29T22:00",
    ),
)
BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}

IS_MARKS: dict[str, Marks] = {
    "second": Marks.SECOND_RECEIPT,
    "refused": Marks.REFUSED,
    "replayed": Marks.REPLAY,
}
"""The mark that each value of `is` asks for."""
