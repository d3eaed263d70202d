"""What Mixpanel's SDK has registered in a browser at one message, if the page runs in device mode.

It follows from the messages of the same person before that one, as `core.destinations.device` simulates it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ..api.models import EARLIER_READ, PageRecord, SuperProperties, SuperProperty
from ..destinations.device.normal import PlaceholderIds
from ..destinations.device.options import read_options
from ..destinations.device.page import Page, page_of
from ..destinations.device.simulation import open_page, send
from ..destinations.device.state import PAGE_LOAD, Browser, Operation
from ..errors import InputError
from ..index.receipts import ReceiptReader
from ..messages import JsonObject, Marks, Message
from ..query import parse, quoted
from ..segment_names import device_settings
from ..settings import Settings
from ..sources.bounds import Bounds
from ..stores.base import Readable
from .search import Search

NOT_CONFIGURED = (
    "Super properties are kept by the classic destination in device mode. If your workspace uses it, write"
    ' kind = "classic-cloud" under [destination], or enabled = true under [device_mode], in segtap.toml.'
)
NO_PAGE = (
    "The message names no page (context.page.url), so it is not from a web page: device mode does not see it."
)
NOBODY = "The message has no anonymousId, so segtap cannot know which messages are from the same browser."
COPIES = Marks.SECOND_RECEIPT | Marks.REPLAY
COPY = "The message is a copy: the page made its call once. Look at the first receipt."
NO_MESSAGE = "Only a Segment message can be simulated."


async def super_properties(
    stores: Readable,
    reader: ReceiptReader,
    settings: Settings,
    bounds: Bounds,
    id: int,
    *,
    anyway: bool = False,
) -> SuperProperties:
    """Return what is registered after the message with this id, or why nothing can be said.

    `anyway` simulates it even if the settings name no device mode. Raises InputError if the journal does not
    have the message.
    """
    if not (anyway or settings.destination.kind == "classic-cloud" or settings.device_mode.enabled):
        return SuperProperties(why=NOT_CONFIGURED)
    line = await stores.index.summary(id)
    if line is None:
        raise InputError(f"Message {id} is no longer in the journal.")
    if line.marks & COPIES:
        return SuperProperties(why=COPY)
    found = await reader.documents(stores, [id])
    message = found[0] if found else None
    if message is None or message.unread or message.source_kind != "segment":
        return SuperProperties(why=NO_MESSAGE)
    who = message.document.get("anonymousId")
    page = page_of(message.document)
    if page is None:
        return SuperProperties(why=NO_PAGE)
    if not isinstance(who, str) or not who:
        return SuperProperties(why=NOBODY)
    search = Search(stores, reader, parse(f"anonymousId={quoted(who)}"), bounds)
    earlier = await search.page(before=id, limit=EARLIER_READ)
    lines = [line for line in earlier.summaries if not line.marks & COPIES]
    read = [*await reader.load(stores, lines), message]
    calls = [one for one in read if not one.unread and page_of(one.document) is not None]
    own = device_settings(settings.for_source(message.write_key))
    return await asyncio.to_thread(simulated, calls, own, cut=earlier.more)


def simulated(calls: Sequence[Message], settings: JsonObject, *, cut: bool) -> SuperProperties:
    """Return what is registered after the last of these messages of one person. `cut`: older ones exist."""
    options = read_options(settings)
    ids = PlaceholderIds()
    browser: Browser | None = None
    senders: list[int] = []
    sent: tuple[Operation, ...] = ()
    for call in calls:
        if browser is None:
            browser = open_page(page_of(call.document) or Page(), options, ids)
        try:
            step = send(browser, call.document, options, ids, now=call.received_at)
        except RecursionError:  # nested too deep to be read
            continue
        browser, sent = step.browser, step.operations
        senders.append(call.id)
    if browser is None:
        return SuperProperties(why=NO_MESSAGE)
    store = browser.store
    registered: list[SuperProperty] = []
    for name, value in store.super_properties.items():
        cause = store.causes[name]
        by = senders[cause.number - 1] if cause.call != PAGE_LOAD else 0
        registered.append(SuperProperty(name, value, cause.call, cause.at, by))
    return SuperProperties(
        registered=tuple(registered),
        host=browser.page.host,
        store=options.store_name,
        persistence=options.persistence,
        identified=browser.identified,
        sent=len(sent),
        records=tuple(PageRecord(one.host, one.endpoint, one.data) for one in sent),
        messages=browser.messages,
        cut=cut,
    )
