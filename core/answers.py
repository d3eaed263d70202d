"""The body of an answer from a server that may misbehave: read as bytes, within a bound, whatever they are.

segtap asks every server for plain bodies. One that packs its answer all the same is unpacked here, never by
httpx, which unpacks without a bound: 2,650 bytes that were gzipped twice became 3.1 GB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import httpx

ACCEPT_PLAIN = {"accept-encoding": "identity"}
"""The header with which a server is asked not to pack its answer."""
_MOST_CODINGS = 2
"""Times that one body may be packed."""


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of an answer's body. Where `unreadable` says why they cannot be had, `data` is empty.

    `cut`: the body goes on behind `data`, but is longer than was wanted. `broken`: the connection ended
    before the body did, and `data` is what came until then.
    """

    data: bytes = b""
    cut: bool = False
    broken: bool = False
    unreadable: str = ""


async def read_body(response: httpx.Response, limit: int) -> Body:
    """Read at most `limit` bytes of a streamed answer, packed or unpacked."""
    import httpx

    data = bytearray()
    broken = False
    try:
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) > limit:
                break
    except httpx.TransportError:
        broken = True
    cut = len(data) > limit
    codings = codings_of(response)
    if not codings:
        return Body(data=bytes(data[:limit]), cut=cut, broken=broken)
    if cut or broken:
        return Body(cut=cut, broken=broken, unreadable=f"its body ({', '.join(codings)}) did not come whole")
    return unpacked(bytes(data), codings, limit)


def codings_of(response: httpx.Response) -> list[str]:
    """Return how the answer is packed, in the order in which that was done; empty for a plain one."""
    named = response.headers.get("content-encoding", "").lower().split(",")
    return [coding.strip() for coding in named if coding.strip() not in ("", "identity")]


def unpacked(data: bytes, codings: list[str], limit: int) -> Body:
    """Undo `codings`, the last first. A body that grows beyond `limit` on the way is unreadable."""
    from .errors import RequestRefused
    from .sources.decode import inflate

    if len(codings) > _MOST_CODINGS:
        return Body(unreadable=f"its body is packed {len(codings)} times")
    for coding in reversed(codings):
        if coding not in ("gzip", "x-gzip", "deflate"):
            return Body(unreadable=f"its body is encoded as {coding[:40]!r}, which segtap did not ask for")
        try:
            data = inflate(data, coding, limit)
        except RequestRefused as refused:
            return Body(unreadable=f"its body cannot be unpacked: {refused}")
    return Body(data=data)
