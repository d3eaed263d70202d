"""A visit: the messages of one page, with its settings and with what the page called, as one JSON object.

    {"settings": {"token": …}, "page": {"url", "referrer"}, "calls": […], "messages": […]}

`calls` name what no message shows: `reload`, and whether `alias` had a second argument. Without them the
whole visit is one page load, and an alias is guessed, see `simulation.send`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ...errors import InputError
from ...mapping.javascript import MISSING, Missing
from ...messages import CALL_TYPES, Json, JsonObject
from .options import DeviceOptions, read_options
from .page import Page, page_of
from .simulation import open_page, reload, send
from .state import Browser, Ids, Operation


class Call(msgspec.Struct, frozen=True):
    """One call of a visit. `message` is None for a reload, and for a call that sent no message."""

    number: int
    message: JsonObject | None = None
    reloads: Page | None = None
    original: Json | Missing = MISSING
    original_known: bool = False


class Visit(msgspec.Struct, frozen=True):
    """Everything that a page did, in order."""

    options: DeviceOptions
    page: Page
    calls: tuple[Call, ...]


class Sent(msgspec.Struct, frozen=True):
    """What a visit sends, each record with the number of its call, and the browser at its end."""

    operations: tuple[tuple[int, Operation], ...]
    browser: Browser
    failures: tuple[tuple[int, str], ...] = ()
    """Calls on which the page's code ends with an error, and why."""


def is_visit(given: JsonObject) -> bool:
    """Return whether a JSON object is a visit: it has a list of messages, and is not a message itself."""
    return "messages" in given and given.get("type") not in CALL_TYPES


def read_visit(given: JsonObject) -> Visit:
    """Read a visit. Raises InputError for one that cannot be used; unknown keys are ignored."""
    settings = given.get("settings", {})
    if not isinstance(settings, dict):
        raise InputError("settings has to be a JSON object with the settings of the classic destination")
    messages = _objects(given, "messages")
    named = given.get("page", {})
    if not isinstance(named, dict):
        raise InputError('page has to be a JSON object such as {"url": "https://…", "referrer": "https://…"}')
    page = Page(_text(named, "page", "url"), _text(named, "page", "referrer"))
    if not page.url and messages:
        page = page_of(messages[0]) or page
    return Visit(read_options(settings), page, tuple(_ordered(page, _objects(given, "calls"), messages)))


def simulate(visit: Visit, ids: Ids, *, now: int | None = None) -> Sent:
    """Return what the page sends, and what it keeps. `now` is the clock of messages without a timestamp."""
    browser = open_page(visit.page, visit.options, ids)
    operations: list[tuple[int, Operation]] = []
    failures: list[tuple[int, str]] = []
    for call in visit.calls:
        if call.reloads is not None:
            browser = reload(browser, call.reloads, visit.options, ids)
        if call.message is None:
            continue
        step = send(
            browser,
            call.message,
            visit.options,
            ids,
            now=now,
            original=call.original,
            original_known=call.original_known,
        )
        browser = step.browser
        operations += ((call.number, operation) for operation in step.operations)
        if step.failed:
            failures.append((call.number, step.failed))
    return Sent(tuple(operations), browser, tuple(failures))


def _ordered(page: Page, calls: list[JsonObject], messages: list[JsonObject]) -> Iterator[Call]:
    """Return the calls with their messages: by the messages' `call`, else one after the other."""
    numbered = _numbered(calls, messages)
    for number, call in enumerate(calls, 1):
        if call.get("method") == "reload":
            url = _text(call, "a call", "url")
            following = next((one for at, one in numbered if at > number), None)
            yield Call(number, reloads=Page(url) if url else _after_reload(page, following))
        known, original = _second_argument(call)
        for at, message in numbered:
            if at == number:
                yield Call(number, message, original=original, original_known=known)
    for at, message in numbered:
        if not 1 <= at <= len(calls):
            yield Call(at, message)


def _numbered(calls: list[JsonObject], messages: list[JsonObject]) -> list[tuple[int, JsonObject]]:
    """Return the messages with the numbers of their calls, in order."""
    sending = [number for number, call in enumerate(calls, 1) if call.get("method") in CALL_TYPES]
    free = iter(sending if calls else range(1, len(messages) + 1))
    numbered: list[tuple[int, JsonObject]] = []
    for message in messages:
        number = next(free, len(calls) + len(numbered) + 1)
        given = message.get("call")
        if isinstance(given, int) and not isinstance(given, bool) and given > 0:
            number = given
        numbered.append((number, message))
    return sorted(numbered, key=lambda pair: pair[0])


def _after_reload(page: Page, following: JsonObject | None) -> Page:
    """Return the page of a reload that names no URL: the first one, if the next message fits."""
    reported = page_of(following) if following is not None else None
    if reported is None or reported.without_fragment == page.without_fragment:
        return Page(page.url)
    return Page(reported.url)


def _second_argument(call: JsonObject) -> tuple[bool, Json | Missing]:
    """Return whether the call tells the second argument of `alias`, and the argument."""
    arguments = call.get("args")
    if call.get("method") != "alias" or not isinstance(arguments, list):
        return False, MISSING
    texts = [argument for argument in arguments[1:] if isinstance(argument, str)]
    return True, texts[0] if texts else MISSING


def _objects(given: JsonObject, name: str) -> list[JsonObject]:
    items = given.get(name)
    if items is None and name == "calls":
        return []
    if not isinstance(items, list):
        raise InputError(f"{name} has to be a list of JSON objects")
    objects: list[JsonObject] = []
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise InputError(f"{name}[{index}] has to be a JSON object")
        objects.append(item)
    return objects


def _text(given: JsonObject, where: str, name: str) -> str:
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f"the {name} of {where} has to be a text")
    return value
