"""Messages of a running engine as an agent reads them: lines, all about one, and waiting for them."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import cast

import msgspec

from ..api.client import Client
from ..api.matches import Near
from ..api.models import MessageDetail, Summary
from ..delivery import Delivery
from ..errors import EngineError, InputError
from ..json_text import json_bytes
from ..messages import Json, JsonObject
from ..pipeline.envelope import request_of
from ..pipeline.reading import read_document
from ..query import by_id, parse
from ..text import size
from .asked import ListArguments, MessageArguments, WaitArguments
from .fitting import MOST, put_fitted, without_empty
from .judging import findings
from .session import Session

SEARCH_MS = 5_000
"""How long one answer may search for messages."""
DETAILED = 5
"""The most messages of a wait whose findings are given with it."""


def line_of(summary: Summary) -> JsonObject:
    """Return one message of the list."""
    return without_empty(
        (
            ("id", summary.id),
            ("at", time_of(summary.received_at)),
            ("messageId", summary.message_id),
            ("type", summary.type or "refused"),
            ("name", summary.name),
            ("user", summary.user),
            ("errors", summary.errors),
            ("warnings", summary.warnings),
            ("delivery", summary.delivery.value),
        )
    )


def time_of(ms: int) -> str:
    """Return a time in milliseconds as ISO 8601, "" for none."""
    if not ms:
        return ""
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def list_messages(session: Session, ask: ListArguments) -> JsonObject:
    """Return the newest messages that match a filter, the newest last."""
    client = await session.client()
    page = await client.page(filter=ask.filter, limit=ask.limit, before=ask.before, wait=SEARCH_MS)
    lines = newest_fitting([line_of(one) for one in page.summaries])
    answer: JsonObject = {
        "messages": list[Json](lines),
        "more": page.more or len(lines) < len(page.summaries),
    }
    if page.notes:
        answer["notes"] = list(page.notes)
    if page.searched_to:
        answer["notes"] = [f"Searched for {SEARCH_MS // 1_000} s only. Go on with before={page.searched_to}."]
    return answer


def newest_fitting(lines: list[JsonObject]) -> list[JsonObject]:
    """Return the last of the lines that fit into an answer."""
    room = MOST * 3 // 4
    kept = 0
    for line in reversed(lines):
        room -= len(json_bytes(line)) + 1
        if room < 0:
            break
        kept += 1
    return lines[len(lines) - kept :]


async def message(session: Session, ask: MessageArguments) -> JsonObject:
    """Return what came, what each stage did, the requests, the findings and the delivery of one message."""
    client = await session.client()
    detail = await client.detail(ask.id if isinstance(ask.id, int) else await _id_of(client, ask.id))
    translation = detail.verdict.translation
    answer = line_of(detail.summary)
    for count in ("errors", "warnings"):
        answer.pop(count, None)
    stopped = translation.not_sent
    answer |= without_empty(
        (
            ("fault", detail.verdict.fault),
            ("refused", detail.receipt.refused),
            ("filled_in", list(detail.filled)),
            ("objections", list(detail.objections)),
            ("stages", [without_empty(_pairs(one)) for one in detail.verdict.stages]),
            ("not_sent", None if stopped is None else without_empty(_pairs(stopped))),
            ("rejected", translation.rejected),
            ("unmatched", detail.explanation.unmatched),
        )
    )
    answer["findings"] = findings(detail.verdict.findings)
    if detail.unread:
        answer["message_cut"] = f"{size(detail.original_bytes)}: too large to be read"
    elif detail.document:
        put_fitted(answer, "message", read_document(detail.document))
    requests: list[Json] = [request_of(one.request, show_secrets=False) for one in translation.operations]
    put_fitted(answer, "requests", requests)
    deliveries: list[Json] = [_delivery(one) for one in detail.deliveries]
    if deliveries:
        put_fitted(answer, "deliveries", deliveries, 2_000)
    return answer


async def _id_of(client: Client, text: str) -> int:
    """Return the id of the newest message with that messageId or $insert_id, or the id that the text is.

    Raises InputError if it is neither.
    """
    page = await client.page(filter=by_id(text), limit=1)
    if page.summaries:
        return page.summaries[-1].id
    if text.isdecimal() and text.isascii() and len(text) < 19:
        return int(text)
    raise InputError(f"No message has the messageId {text!r}. list_messages shows what was received.")


def _pairs(value: msgspec.Struct) -> list[tuple[str, Json]]:
    return list(cast(JsonObject, msgspec.to_builtins(value)).items())


def _delivery(delivery: Delivery) -> JsonObject:
    return without_empty(
        (
            ("at", time_of(delivery.at)),
            ("request", delivery.operation + 1),
            ("outcome", delivery.outcome.value),
            ("status", delivery.status),
            ("words", delivery.words),
        )
    )


async def wait_for(session: Session, ask: WaitArguments) -> JsonObject:
    """Wait until enough messages match, and return them with their findings; or those that almost match."""
    parse(ask.filter)  # a fault names the place in the filter as it was given
    client = await session.client()
    wanted = ask.filter if ask.after is not None else _since(session, ask.filter)
    arriving = _Arriving(client, wanted, ask, set() if ask.after is not None else session.returned)
    await arriving.search()
    if not arriving.enough:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ask.timeout):
                await arriving.follow()
    found = arriving.found
    if not arriving.enough:
        near = (await client.messages(_since(session, ask.filter))).near
        return {
            "met": False,
            "messages": [line_of(one) for one in found.values()],
            "near": [_near(one) for one in near],
            "hint": "list_messages shows what was received; was it sent to an address that state names?",
        }
    session.returned |= found.keys()
    lines = [line_of(one) for one in found.values()]
    for line, id in list(zip(lines, found, strict=True))[:DETAILED]:
        detail = await client.detail(id)
        line |= await _outcome(detail)
    return {"met": True, "messages": list[Json](lines)}


async def _outcome(detail: MessageDetail) -> JsonObject:
    """Return what is wrong with a message, and where it is sent."""
    translation = detail.verdict.translation
    return {
        **without_empty(
            (
                ("not_sent", None if translation.not_sent is None else translation.not_sent.reason),
                ("rejected", translation.rejected),
            )
        ),
        "requests": [f"{one.request.method} {one.request.url}" for one in translation.operations],
        "findings": findings(detail.verdict.findings),
    }


def _since(session: Session, filter: str) -> str:
    return f"({filter}) since:{session.since}" if filter.strip() else f"since:{session.since}"


class _Arriving:
    """The messages that a wait has found so far; `passed_over` are those that do not count."""

    def __init__(self, client: Client, filter: str, ask: WaitArguments, passed_over: set[int]) -> None:
        self._client = client
        self._filter = filter
        self._count = ask.count
        self._reached = ask.after or 0
        self._passed_over = passed_over
        self.found: dict[int, Summary] = {}

    @property
    def enough(self) -> bool:
        """True once as many are found as were asked for."""
        return len(self.found) >= self._count

    async def search(self) -> None:
        """Look through what has come since the last search."""
        more = True
        while more and not self.enough:
            page = await self._client.page(after=self._reached, filter=self._filter, limit=self._count)
            self.found |= {one.id: one for one in page.summaries if one.id not in self._passed_over}
            self._reached, more = max(self._reached, page.reached), page.more

    async def follow(self) -> None:
        """Search whenever something new has come, until there are enough. Raises EngineError."""
        async with contextlib.aclosing(self._client.feed()) as frames:
            async for frame in frames:
                if frame.cleared:
                    self._reached = 0
                    self.found.clear()
                await self.search()
                if self.enough:
                    return
        raise EngineError(
            "The engine stopped while something was waited for. Start it again, and wait again."
        )


def _near(near: Near) -> JsonObject:
    return {"messageId": near.message_id, "failed": near.failed}
