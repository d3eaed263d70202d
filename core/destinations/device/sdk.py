"""Mixpanel's SDK for browsers, as far as Segment's integration calls it.

Source: mixpanel-browser 2.83. An `Sdk` does one step of the simulation: it starts from a browser's state,
and `browser` is the state afterwards. Records are collected in `operations`.
"""

from __future__ import annotations

from typing import cast

import msgspec

from ...mapping.javascript import MISSING, Missing, json_number, truthy
from ...messages import Json, JsonObject
from .options import DeviceOptions
from .page import Page
from .people import enqueue, take_queue
from .state import PAGE_LOAD, Browser, Cause, Ids, Operation, Store
from .tables import ALIAS, ENGAGE, GROUPS, LIBRARY, NOT_IN_GROUPS, NOT_IN_PROFILES, NOT_SUPER, TRACK
from .values import cut, kept, members, same, starts_with_number


class Sdk:
    """The SDK on the page of a browser, at one moment, called for one cause."""

    def __init__(self, browser: Browser, options: DeviceOptions, ids: Ids, now: int, cause: Cause) -> None:
        self.operations: list[Operation] = []
        self.store: JsonObject = dict(browser.store.properties)
        self._causes = dict(browser.store.causes)
        self._page = browser.page
        self._identified = browser.identified
        self._browser = browser
        self._options = options
        self._ids = ids
        self._now = now
        self._cause = cause

    def browser(self) -> Browser:
        """Return the browser as it is now."""
        causes = {name: cause for name, cause in self._causes.items() if name in self.store}
        return msgspec.structs.replace(
            self._browser, store=Store(self.store, causes), identified=self._identified
        )

    def load(self) -> None:
        """Do what a page load does: make the ids if there are none, register, queue. It sends nothing."""
        self._identified = False
        if not truthy(self.store.get("distinct_id")):
            device = self._ids.device_id()
            self.register_once({"distinct_id": f"$device:{device}", "$device_id": device})
        if campaign := self._page.first_campaign():
            self._people("$set_once", campaign)
        self.register({"mp_lib": LIBRARY})
        self._register_defaults()
        first: JsonObject = {}
        for name in self._page.first_referrer():
            if (text := self.store.get(name)) and isinstance(text, str):
                first[name] = text
        self._people("$set_once", first)

    def register(self, properties: JsonObject) -> None:
        """Set super properties."""
        for name, value in properties.items():
            if name not in self.store or self.store[name] != value:
                self._causes[name] = self._cause
            self.store[name] = value

    def register_once(self, properties: JsonObject) -> None:
        """Set super properties that are not set yet, or are ""."""
        self.register({name: value for name, value in properties.items() if self.store.get(name, "") == ""})

    def identify(self, user_id: Json) -> None:
        """Rename the user, send what is queued of the profile, and send `$identify` if the id is another."""
        former = self.store.get("distinct_id", MISSING)
        another = not same(user_id, former)
        if another and truthy(user_id):
            if isinstance(user_id, str) and user_id.startswith("$device:"):
                return
            self.register({"$user_id": user_id})
        if not truthy(self.store.get("$device_id")) and former is not MISSING:
            self.register_once({"$had_persisted_distinct_id": True, "$device_id": former})
        if another and not same(user_id, self.store.get(ALIAS, MISSING)):
            self.store.pop(ALIAS, None)
            self.register({"distinct_id": user_id})
        self._identified = True
        self._flush()
        if another:
            own: JsonObject = {"distinct_id": user_id}
            if former is not MISSING:
                own["$anon_distinct_id"] = former
            self.track("$identify", own)

    def alias(self, alias: Json, original: Json | Missing = MISSING) -> None:
        """Send `$create_alias` for an original, by default the user as known, and identify the alias.

        The user keeps the original's id after that, for the alias is remembered.
        """
        if original is MISSING:
            original = self.store.get("distinct_id", MISSING)
        if same(alias, original):
            self.identify(alias)
            return
        self.register({ALIAS: alias})
        own: JsonObject = {"alias": alias}
        if original is not MISSING:
            own["distinct_id"] = original
        self.track("$create_alias", own)
        self.identify(alias)

    def track(self, event: str, properties: JsonObject) -> None:
        """Send an event: the environment, click ids, super properties, then its own properties.

        Campaign parameters of the URL are super properties by then."""
        self._register_defaults()
        made = {
            **self._page.environment(),
            "mp_lib": "web",
            "$insert_id": self._ids.insert_id(),
            "time": json_number(self._now / 1000),
            **self._page.click_ids(),
            **{name: value for name, value in members(self.store) if name not in NOT_SUPER},
            **properties,
            "token": self._options.token,
        }
        for name in self._options.left_out:
            made.pop(name, None)
        self._send(TRACK, {"event": event, "properties": cast(Json, made)})

    def people_set(self, properties: JsonObject) -> None:
        """Set properties of the profile."""
        self._people("$set", kept(properties, NOT_IN_PROFILES))

    def people_union(self, properties: JsonObject) -> None:
        """Add values to lists of the profile."""
        self._people("$union", kept(properties, NOT_IN_PROFILES))

    def people_increment(self, name: str, by: Json) -> None:
        """Add to a number of the profile; whatever stands for the number is sent."""
        self._people("$add", {name: by})

    def group_set_once(self, key: str, group_id: Json, traits: JsonObject) -> None:
        """Set properties of a group that it does not have yet."""
        self._send(
            GROUPS,
            {
                "$set_once": kept(traits, NOT_IN_GROUPS),
                "$group_key": key,
                "$group_id": group_id,
                "$token": self._options.token,
            },
        )

    def set_group(self, key: str, group_id: Json) -> None:
        """Put the user into one group: a super property, and a property of the profile."""
        self.register({key: [group_id]})
        self._people("$set", {key: [group_id]})

    def _register_defaults(self) -> None:
        self.register(self._page.search())
        self.register(self._page.campaign())
        self.register_once(self._page.first_referrer())

    def _people(self, operation: str, values: JsonObject) -> None:
        if not self._identified:
            enqueue(self.store, operation, values)
            return
        record: JsonObject = {operation: values, "$token": self._options.token}
        if "distinct_id" in self.store:
            record["$distinct_id"] = self.store["distinct_id"]
        for name in ("$device_id", "$user_id", "$had_persisted_distinct_id"):
            if truthy(self.store.get(name)):
                record[name] = self.store[name]
        self._send(ENGAGE, record)

    def _flush(self) -> None:
        """Send what is queued, a request for each kind that has something."""
        for operation in ("$set", "$set_once", "$add", "$union"):
            queued = take_queue(self.store, operation)
            if not queued:
                continue
            values = kept(queued, NOT_IN_PROFILES)
            if operation == "$add":
                values = {name: value for name, value in values.items() if starts_with_number(value)}
            self._people(operation, values)

    def _send(self, endpoint: str, data: JsonObject) -> None:
        self.operations.append(Operation(self._options.host, endpoint, cast(JsonObject, cut(data))))


def load_page(browser: Browser, page: Page, options: DeviceOptions, ids: Ids) -> Browser:
    """Return the browser after loading a page, the first one or another; a page load sends nothing."""
    key = page.store_key(options)
    others = {**browser.others, browser.key: browser.store} if browser.key else browser.others
    loaded = msgspec.structs.replace(
        browser,
        page=page,
        key=key,
        store=browser.store if key == browser.key else others.get(key, Store()),
        others={name: store for name, store in others.items() if name != key},
    )
    sdk = Sdk(loaded, options, ids, 0, Cause(browser.messages, PAGE_LOAD, None))
    sdk.load()
    return sdk.browser()
