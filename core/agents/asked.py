"""The arguments of each tool, from which its JSON Schema is made."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ..api.operations import MAX_NUMBER
from ..messages import Json

FILTER = 'segtap\'s filter language, e.g. event:"Order *" warn:error; "" for all. See: segtap help filter'
MESSAGE = "A Segment message, a list of them, or anything pasted as text: JSON lines, a batch, a request."

Number = Annotated[int, msgspec.Meta(ge=1, le=MAX_NUMBER)]
Filter = Annotated[str, msgspec.Meta(description=FILTER)]
Messages = Annotated[
    Json,
    msgspec.Meta(description=MESSAGE, extra_json_schema={"type": ["object", "array", "string"]}),
]


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of a tool without any."""


class ListArguments(Arguments, frozen=True):
    """The arguments of `list_messages`."""

    filter: Filter = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 20
    before: Annotated[Number | None, msgspec.Meta(description="Only messages before this id.")] = None


class MessageArguments(Arguments, frozen=True):
    """The arguments of `message`."""

    id: Annotated[int | str, msgspec.Meta(description="The id in the list, or a messageId.")]


class ExplainArguments(Arguments, frozen=True):
    """The arguments of `explain`."""

    rule: Annotated[
        str, msgspec.Meta(description="A rule's id, or an error of Segment or Mixpanel as you read it.")
    ]


class GivenArguments(Arguments, frozen=True):
    """The arguments of `translate` and `check`."""

    message: Messages


class UserArguments(Arguments, frozen=True):
    """The arguments of `user`."""

    id: Annotated[str, msgspec.Meta(description="A userId, anonymousId or distinct_id.")]


class WaitArguments(Arguments, frozen=True):
    """The arguments of `wait_for`."""

    filter: Filter
    timeout: Annotated[float, msgspec.Meta(ge=0, le=300, description="Seconds.")] = 10
    count: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    after: Annotated[
        Number | None,
        msgspec.Meta(
            description="Only messages after this id; else those of this session that no wait_for returned."
        ),
    ] = None


class ReplayArguments(Arguments, frozen=True):
    """The arguments of `replay`."""

    ids: Annotated[list[Number], msgspec.Meta(min_length=1, max_length=100, description="Ids in the list.")]


class ForwardingArguments(Arguments, frozen=True):
    """The arguments of `set_forwarding`."""

    on: bool
