"""Which routes a request goes along, decided when it is received and stored with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from ..errors import RequestRefused
from ..ingest.first_look import FirstLook
from ..messages import Receipt
from ..settings import RouteSettings
from ..sources.decode import NotJson, inflate
from ..sources.parts import members
from ..sources.segment.pixel import pixel_json
from ..sources.segment.routes import basic_user, query_field, route_of
from ..sources.segment.write_key import write_key_of

REFUSED = ":refused"
"""The end of the name under which refused requests and records are owed to an archive."""
_MIRRORED = frozenset({"sdk", "pixel"})
"""The origins of requests that nobody else sends to Segment, and that segtap did not make itself."""
AT_ONCE = 64 * 1024
"""Bytes of a compressed body up to which it is read on the loop."""


class Choosing:
    """Names the routes of receipts on their way to the log.

    `routes` are mirrors and archives, `mixpanel` are the routes to Mixpanel. `looked` may
    hold the text of a compressed body. `on` says whether forwarding is on; while it is off, no route gets
    anything.
    """

    def __init__(
        self,
        routes: Sequence[RouteSettings],
        mixpanel: Sequence[RouteSettings],
        looked: FirstLook,
        on: Callable[[], bool],
    ) -> None:
        self._routes = tuple(routes)
        self._mixpanel = tuple(mixpanel)
        self._looked = looked
        self._on = on
        self._by_key = any(route.write_keys for route in (*self._routes, *self._mixpanel))

    async def receipt(self, receipt: Receipt) -> Receipt:
        """Return the receipt with its routes. It is wanted at Mixpanel only if a route there takes it.

        Which of several routes to Mixpanel a message goes along is decided once it is read.
        """
        if not self._on() or receipt.origin == "replay":
            # What is replayed was received before, and goes to Mixpanel alone.
            wanted = receipt.wanted and bool(self._mixpanel)
            return receipt if wanted == receipt.wanted else msgspec.structs.replace(receipt, wanted=False)
        key = ""
        if self._by_key and receipt.source_kind == "segment":
            text = self._looked.peek(receipt.uid)
            if text is None and len(receipt.body) > AT_ONCE:
                key = await asyncio.to_thread(key_of, receipt, text)
            else:
                key = key_of(receipt, text)
        routes = tuple(name for route in self._routes if (name := _name_for(receipt, key, route)))
        # A record of Mixpanel's own SDKs has a project's token and no write key.
        takes = any(receipt.source_kind == "mixpanel" or to.takes(key) for to in self._mixpanel)
        return msgspec.structs.replace(receipt, routes=routes, wanted=receipt.wanted and takes)


def key_of(receipt: Receipt, text: bytes | None = None) -> str:
    """Return the write key of a request, "" where it has none; `text` is its body, inflated before."""
    authorization = receipt.header("authorization")
    try:
        if route_of(receipt.path).kind == "pixel" and receipt.method in ("GET", "HEAD"):
            text = pixel_json(receipt.query)[0]
        elif text is None:
            text = inflate(receipt.body, receipt.header("content-encoding") or "")
        return write_key_of(members(text), authorization, receipt.query)
    except (RequestRefused, NotJson):
        return basic_user(authorization) or query_field(receipt.query, "writeKey")


def _name_for(receipt: Receipt, key: str, route: RouteSettings) -> str:
    """Return under which name the receipt is owed to a route, "" if it is not."""
    if not route.takes(key):
        return ""
    if route.kind == "archive":
        return route.name if receipt.refused is None else route.name + REFUSED
    mirrored = receipt.refused is None and receipt.source_kind == "segment" and receipt.origin in _MIRRORED
    return route.name if mirrored else ""
