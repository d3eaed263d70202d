"""The endpoint: Segment's Tracking API as a raw ASGI application.

A request becomes a `Receipt`. The messages in it are read later, by `parse_receipt`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from ..messages import Receipt
from ..on_demand import Demands
from ..settings import IngestSettings
from ..sources.limits import REFUSED_BODY_BYTES
from ..sources.mixpanel.requests import refused_reply
from ..sources.segment.cdn import DeviceMode
from .asking import Asking
from .attempts import Attempts
from .body import ASGIApp, Receive, Scope, Send
from .endpoint import Endpoint, Sink
from .first_look import FirstLook
from .http_protocol import CONTROL
from .knocks import Knocks
from .posting import Posting

NOTHING_ASKED: Mapping[str, ASGIApp] = {}


class IngestApp:
    """ASGI application for everything that SDKs and browsers call.

    `sink` makes a receipt durable and returns its number; `clock` gives milliseconds since the epoch;
    `wanted` says whether forwarding is on; `control` handles everything under `/_segtap`. `url` stands in for
    the Host header of clients that send none. `knocks` counts requests without a message. `device` gives what
    makes a page run Mixpanel itself, None if it is not to. `on_refused` is called with the status of each
    refused request, also of those that are not kept. `keys` are the write keys and tokens that are accepted.
    `demands` are the answers on demand, and `attempts` remembers what SDKs sent meanwhile.
    """

    def __init__(
        self,
        sink: Sink,
        settings: IngestSettings,
        *,
        clock: Callable[[], int],
        wanted: Callable[[], bool],
        control: ASGIApp | None = None,
        url: str = "",
        knocks: Knocks | None = None,
        looked: FirstLook | None = None,
        device: Callable[[], DeviceMode | None] = lambda: None,
        on_refused: Callable[[int], None] = lambda status: None,
        keys: frozenset[str] = frozenset(),
        demands: Demands | None = None,
        attempts: Attempts | None = None,
        asked: Mapping[str, ASGIApp] = NOTHING_ASKED,
    ) -> None:
        self._control = control
        self._asked = asked
        self.endpoint = Endpoint(
            sink,
            settings,
            clock=clock,
            wanted=wanted,
            url=url or f"http://127.0.0.1:{settings.port}",
            knocks=knocks or Knocks(clock),
            looked=looked or FirstLook(),
            device=device,
            on_refused=on_refused,
            keys=keys,
            demands=demands or Demands(),
            attempts=Attempts() if attempts is None else attempts,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request, as ASGI has it."""
        kind: str = scope["type"]
        path: str = scope.get("path", "")
        if kind == "lifespan":
            await (self._control or _lifespan)(scope, receive, send)
        elif self._control is not None and (path == CONTROL or path.startswith(CONTROL + "/")):
            await self._control(scope, receive, send)
        elif kind == "http" and scope["method"] == "GET" and path in self._asked:
            await self._asked[path](scope, receive, send)
        elif kind == "http":
            if scope["method"] == "POST":
                await Posting(self.endpoint, scope, receive, send).post()
            else:
                await Asking(self.endpoint, scope, receive, send).serve()
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def keep_malformed(self, status: int, reason: str, *, peer: str, method: str, target: str) -> None:
        """Keep, as a refused request, what the server could not read as one."""
        path, _, query = target.partition("?")
        theirs = refused_reply(path, query, b"", reason) is not None
        receipt = Receipt(
            uid=os.urandom(16).hex(),
            received_at=self.endpoint.now(),
            method=method,
            path=path[:REFUSED_BODY_BYTES],
            query=query[:REFUSED_BODY_BYTES],
            source_kind="mixpanel" if theirs else "segment",
            peer=peer,
            status=status,
            refused=reason,
        )
        await self.endpoint.keep_refused(receipt)


async def _lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Acknowledge the server's start and stop."""
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
