"""The two requests of segmentio/mock, a retired container for tests, that `--compat mock` answers.

`GET /health` says that messages are accepted. `GET /messages` gives those received since it was last asked,
as they were received but for `timestamp` and `messageId`. The mock emptied its log with that; here a mark
moves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..ingest.body import Receive, Scope, Send
from ..masks import Masks
from ..messages import Json, JsonObject
from .access import admit_tests, names_this_machine, refuse_sites
from .errors import ErrorAnswer
from .refusal import Refusal, no_access, refused
from .server import encode_answer

PATHS = frozenset(("/health", "/messages"))
_LEFT_OUT = ("timestamp", "messageId")
"""What differs from run to run: the mock took it out."""


class MockApp:
    """The ASGI app of these paths. `take` returns messages as received and moves the mark behind them."""

    def __init__(
        self, take: Callable[[], Awaitable[list[JsonObject]]], test_token: str, masks: Callable[[], Masks]
    ) -> None:
        self._take = take
        self._test_token = test_token
        self._masks = masks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one GET."""
        try:
            status, value = 200, await self._answer(scope)
        except Refusal as refusal:
            status, error = refused(refusal)
            value = ErrorAnswer(error)
        body = encode_answer(self._masks().value(value))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope) -> Json | ErrorAnswer:
        if scope["path"] == "/health":
            return {"status": "ok"}
        refuse_sites(scope)
        if not names_this_machine(scope):
            if not self._test_token:
                words = "Other machines need the token of --test-token-env: Authorization: Bearer VALUE."
                raise no_access(403, "Only on this machine", words)
            admit_tests(scope, "", self._test_token)
        messages = await self._take()
        return [{name: value for name, value in one.items() if name not in _LEFT_OUT} for one in messages]
