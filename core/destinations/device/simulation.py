"""The simulation: one Segment message after the other, in the browser of the person who sent them.

    browser = open_page(Page("https://www.shop.example/"), options, ids)
    step = send(browser, message, options, ids)

`step.operations` is what the page sends to Mixpanel because of the message, `step.browser` goes into the next
call, and `step.browser.store.super_properties` is on the next event.

What no message shows has to come from the caller: `reload` for a page load, `original` for the second
argument of `alias`. `analytics.reset()` does nothing to Mixpanel, so there is nothing to call for it.
"""

from __future__ import annotations

import msgspec

from ...mapping.javascript import MISSING, Missing, truthy
from ...messages import Json, JsonObject
from ..classic.message import Call
from . import integration
from .options import DeviceOptions
from .page import Page, page_of
from .sdk import Sdk, load_page
from .state import Browser, Cause, Ids, Step
from .values import same


def open_page(page: Page, options: DeviceOptions, ids: Ids) -> Browser:
    """Return a new browser with its first page."""
    return load_page(Browser(), page, options, ids)


def reload(browser: Browser, page: Page | None, options: DeviceOptions, ids: Ids) -> Browser:
    """Return the browser after loading a page; None loads the same URL, without a referrer."""
    return load_page(browser, page or Page(browser.page.url), options, ids)


def send(
    browser: Browser,
    document: JsonObject,
    options: DeviceOptions,
    ids: Ids,
    *,
    now: int | None = None,
    original: Json | Missing = MISSING,
    original_known: bool = False,
) -> Step:
    """Return what a message does.

    The clock is the message's `timestamp`, else `now`. `original` is the second argument of the call of
    `alias`, if `original_known`; else it is guessed from `previousId`. A message from another URL of the same
    host is still of the same page load, and one from another host of a page load there.
    """
    browser = _on_its_page(browser, document, options, ids)
    call = Call(document, now or 0)
    moment = (now or 0) if call.timestamp.ms is None else call.timestamp.ms
    number = browser.messages + 1
    cause = Cause(number, described(document), call.timestamp.ms)
    sdk = Sdk(browser, options, ids, moment, cause)
    failed = ""
    if integration.enabled(document):
        failed = _called(call, sdk, options, moment, _original(browser, document, original, original_known))
    after = msgspec.structs.replace(sdk.browser(), messages=number)
    if call.type != "alias":
        after = msgspec.structs.replace(after, user_id=document.get("userId"))
    return Step(after, tuple(sdk.operations), failed)


def _called(call: Call, sdk: Sdk, options: DeviceOptions, now: int, original: Json | Missing) -> str:
    match call.type:
        case "identify":
            integration.identify(call, sdk, options)
        case "track":
            own = call.fields.get("properties")
            return integration.track(sdk, options, call.fields.get("event"), own, now)
        case "page":
            return integration.page(call, sdk, options, now)
        case "group":
            integration.group(call, sdk, options)
        case "alias":
            integration.alias(call, sdk, original)
        case _:
            pass  # the integration has no other methods
    return ""


def _on_its_page(browser: Browser, document: JsonObject, options: DeviceOptions, ids: Ids) -> Browser:
    page = page_of(document)
    if page is None or page.without_fragment == browser.page.without_fragment:
        return browser
    if page.store_key(options) != browser.key:
        return load_page(browser, page, options, ids)
    return msgspec.structs.replace(browser, page=page)


def _original(browser: Browser, document: JsonObject, given: Json | Missing, known: bool) -> Json | Missing:
    """Return the id that an alias is made for, MISSING if the caller of `alias` left it out.

    analytics.js fills in `previousId` with its own user id or anonymousId; the integration does not see that.
    """
    if not known:
        given = document.get("previousId") or document.get("from")
        if same(given, browser.user_id) or same(given, document.get("anonymousId")):
            return MISSING
    return given if truthy(given) else MISSING


def described(document: JsonObject) -> str:
    """Return a message in a few words: its type, with its event, name or group."""
    kind = document.get("type")
    words = [kind] if isinstance(kind, str) else ["message"]
    for name in _NAMED_BY.get(words[0], ()):
        value = document.get(name)
        if isinstance(value, str) and value:
            words.append(value)
    return " ".join(words)


_NAMED_BY = {"track": ("event",), "group": ("groupId",), "page": ("category", "name")}
