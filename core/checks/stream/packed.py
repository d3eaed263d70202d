"""Objects of a message that stay packed, because hardly any rule on the stream looks into them.

A worker process makes them, the engine gets their bytes. Reading the properties of each event there took
longer than most rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from ...messages import Json, JsonObject

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(JsonObject).decode


class Packed(msgspec.Struct, array_like=True, gc=False):
    """An object of `count` members that is unpacked when somebody asks for one that it may have."""

    data: bytes | JsonObject
    count: int

    def whole(self) -> JsonObject:
        """Return the object, unpacked from now on."""
        data = self.data
        if isinstance(data, bytes):
            data = self.data = _decode(data)
        return data

    def __len__(self) -> int:
        """Return how many members it has."""
        return self.count

    def lacks(self, names: Sequence[bytes]) -> bool:
        """Return True if it can have no member with one of these names, of which the bytes are given."""
        data = self.data
        if not isinstance(data, bytes):
            return False
        # Where their bytes are nowhere, nothing has to be unpacked. A generator costs more than the search.
        for name in names:  # noqa: SIM110
            if name in data:
                return False
        return True

    def __contains__(self, name: object) -> bool:
        """Return True if it has a member of that name."""
        return isinstance(name, str) and not self.lacks((bytes_of(name),)) and name in self.whole()

    def __getitem__(self, name: str, /) -> Json:
        """Return a member. Raises KeyError."""
        return self.whole()[name]

    def get(self, name: str, default: Json = None, /) -> Json:
        """Return a member, or the default if it has none of that name."""
        return self.whole().get(name, default) if name in self else default


def bytes_of(name: str) -> bytes:
    """Return the bytes of a name, as `lacks` looks for them."""
    return name.encode("utf-8", "replace")


Members: TypeAlias = JsonObject | Packed
"""What rules ask of an object, packed or not."""


def whole(members: Members) -> JsonObject:
    """Return the object that these are the members of."""
    return members.whole() if isinstance(members, Packed) else members


def packed(members: JsonObject) -> Packed:
    """Return the object packed; as it is if MessagePack cannot hold it."""
    try:
        return Packed(_encode(members), len(members))
    except (UnicodeEncodeError, OverflowError, RecursionError):
        return Packed(members, len(members))
