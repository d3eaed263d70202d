"""The classic destination "Mixpanel (Legacy)" in cloud mode: the one whose requests carry base64.

Sources: Segment's published cloud integration (2017) and, for what it lacks, Segment's page on the
destination (Group Identifier Traits, properties to increment, source name, EU endpoint, an event for each
page option).
A message is refused or ignored whole; all its requests stand by themselves.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator

from ...mapping import Refused
from ...mapping.javascript import MISSING, stringify
from ...messages import JsonObject
from ...settings import Destination
from ...verdict import Operation, OutgoingRequest, Translation
from ..base import Translator
from .dates import Instant, Part, text, to_seconds
from .message import Call, Fields, find, first, money, truthy
from .options import Options, PageOption, read_options
from .properties import event_properties, group_profile, leaving, profile
from .tables import (
    DEFAULT_NAMES,
    IMPORT_AFTER,
    OWN_NAMES,
    REFUSED_NO_KEY,
    REFUSED_NO_TOKEN,
    REFUSED_TOO_OLD,
    TOO_OLD,
)

SUBSCRIPTION = "classic"
"""What stands for the subscription: this destination has none."""
LIBRARY = "Segment.io"
"""The `mp_lib` of increments."""
TOO_DEEP = "The message is nested too deep to be read."


class ClassicTranslator:
    """The classic destination with its settings."""

    def __init__(self, destination: Destination) -> None:
        self.options = read_options(destination.settings)

    def translate(self, document: JsonObject, *, now: int) -> Translation:
        """See `Translator`. `unmatched`: the settings leave nothing to be sent for such a message."""
        try:
            call = Call(document, now)
            handler = HANDLERS.get(call.type) if isinstance(call.type, str) else None
            if handler is None:
                return Translation(unmatched=True)
            work = Work(call, self.options, now)
            work.refuse()
            operations = tuple(handler(work))
        except Refused as refusal:
            return Translation(rejected=str(refusal))
        except RecursionError:
            return Translation(rejected=TOO_DEEP)
        return Translation(operations, unmatched=not operations)


class Work:
    """One call on its way to requests."""

    def __init__(self, call: Call, options: Options, now: int) -> None:
        self.call = call
        self.options = options
        ms = call.timestamp.ms
        self.age = 0 if ms is None else now - ms

    def refuse(self) -> None:
        """Raise Refused where Segment's destination refuses the message, in its words."""
        if not self.options.token:
            raise Refused(REFUSED_NO_TOKEN)
        if self.age > TOO_OLD:
            raise Refused(REFUSED_TOO_OLD)
        needs_key = self.call.type in ("track", "screen") and self.age > IMPORT_AFTER
        if needs_key and not self.options.api_key:
            raise Refused(REFUSED_NO_KEY)

    def request(self, action: str, method: str, path: str, body: Fields, *, ip: bool, key: bool) -> Operation:
        """Return a request. `ip` puts `ip=0` into the query, which keeps Mixpanel from placing the sender;
        `key` the API key, where there is one.
        """
        query: JsonObject = {"ip": 0, "verbose": 1} if ip else {"verbose": 1}
        if key and self.options.api_key:
            query["api_key"] = self.options.api_key
        plain = leaving(body)
        data = b64encode(str(stringify(plain)).encode()).decode()
        url = self.options.host + path
        return Operation(
            SUBSCRIPTION, action, OutgoingRequest(method, url, query=query, data=data, body=plain)
        )

    def engage(self, action: str, body: Fields, *, ip: bool = True) -> Operation:
        """Return a profile update."""
        return self.request(action, "GET", "/engage", body, ip=ip, key=False)


def track(work: Work, name: Part = MISSING, action: str = "track") -> Iterator[Operation]:
    """Yield the event, what it adds to the profile before, and its revenue after."""
    call, options = work.call, work.options
    event = call.fields.get("event", MISSING) if name is MISSING else name
    properties = event_properties(call, options)
    own = call.properties()
    if isinstance(event, str):
        if options.people and truthy(call.user_id):
            yield from _increments(work, event)
    elif options.people or (truthy(event) and not truthy(find(own, "revenue"))):
        raise Refused("event is not a string: Segment's classic destination fails on it.")
    path = "/import" if work.age > IMPORT_AFTER else "/track"
    body: Fields = {"event": event, "properties": properties}
    yield work.request(action, "POST", path, body, ip=False, key=True)
    if truthy(revenue := money(own, event)):
        yield _revenue(work, revenue)


def _increments(work: Work, event: str) -> Iterator[Operation]:
    """Yield counts of the profile: Mixpanel takes one kind of update a request."""
    call, options = work.call, work.options
    base: Fields = {"$distinct_id": call.user_id, "$token": options.token, "mp_lib": LIBRARY}
    if event.lower() in options.event_increments:
        counted: Fields = {event: 1}
        last: Fields = {f"Last {event}": to_seconds(call.timestamp) or MISSING}
        yield work.engage("people add", {**base, "$add": counted})
        yield work.engage("people set", {**base, "$set": last})
    own = call.properties()
    numbers: Fields = {}
    for name, value in own.items() if isinstance(own, dict) else ():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and name.lower() in options.prop_increments:
            numbers[name] = value
    if numbers:
        yield work.engage("people add", {**base, "$add": numbers})


def _revenue(work: Work, revenue: Part) -> Operation:
    call = work.call
    transaction: Fields = {"$time": to_seconds(call.timestamp) or MISSING, "$amount": revenue}
    body: Fields = {
        "$distinct_id": call.id,
        "$token": work.options.token,
        "$ip": call.in_context("ip"),
        "$append": {"$transactions": transaction},
    }
    if not call.active:
        body["$ignore_time"] = True
    ignore_ip = call.in_context("ignoreIp")
    return work.engage("people append", body, ip=ignore_ip is MISSING or truthy(ignore_ip))


def page(work: Work) -> Iterator[Operation]:
    """Yield a page or screen as events: today's release sends one for each option that is on."""
    made = False
    for option in work.options.pages:
        name = page_event(work.call, option)
        if name is not None and (work.options.each_page_option or not made):
            made = True
            yield from track(work, name, f"{text(work.call.type)} {option}")


def page_event(call: Call, option: PageOption) -> str | None:
    """Return the name of the event that a page option makes of a page or screen; None where it makes none."""
    kind = text(call.type)
    category, name = call.fields.get("category"), call.fields.get("name")
    if option in ("consolidated", "all"):
        return DEFAULT_NAMES[kind]
    if option == "categorized":
        if not truthy(category):
            return None
        own = f"{text(category)} {text(name)}" if truthy(name) else text(category)
    elif truthy(name):
        own = text(name)
    else:
        return None
    return OWN_NAMES[kind].format(own)


def identify(work: Work) -> Iterator[Operation]:
    """Yield the traits to the profile, and the push token of an iOS device by itself; nothing without
    People.
    """
    call, options = work.call, work.options
    if not options.people:
        return
    ignore_ip = truthy(call.in_context("ignoreIp")) or truthy(call.in_context("Mixpanel.ignoreIp"))
    ip, ms = call.in_context("ip"), call.timestamp.ms
    base: Fields = {
        "$distinct_id": call.id,
        "$token": options.token,
        "$time": Instant(None) if ms is None else ms,
        "$ip": ip if truthy(ip) and not ignore_ip else 0,
        "$ignore_time": first(call.in_context("Mixpanel.ignoreTime"), not call.active),
        "mp_lib": f"Segment: {text(call.library)}",
    }
    traits = profile(call, call.person(call.fields.get("traits")))
    yield work.engage("people set", {"$set": traits, **base})
    token = call.in_context("device.token")
    if truthy(token):
        yield work.engage("people union", {"$union": {"$ios_devices": [token]}, **base})


def group(work: Work) -> Iterator[Operation]:
    """Yield the traits to each group whose Group Identifier Trait the call has; its value is the group's
    id.
    """
    traits = work.call.fields.get("traits")
    if not isinstance(traits, dict):
        return
    given = traits
    for key in work.options.group_keys:
        if given.get(key) is None or given[key] == "":
            continue
        base: Fields = {"$token": work.options.token, "$group_key": key, "$group_id": given[key]}
        once: Fields = {name: given[name] for name in given if name in work.options.group_set_once}
        rest: Fields = {name: given[name] for name in given if name not in once}
        for action, operator, part in (("group set", "$set", rest), ("group set once", "$set_once", once)):
            if part:
                body: Fields = {**base, operator: group_profile(part)}
                yield work.request(action, "POST", "/groups", body, ip=False, key=False)


def alias(work: Work) -> Iterator[Operation]:
    """Yield `$create_alias` of both ids."""
    fields = work.call.fields
    properties: Fields = {
        "distinct_id": first(fields.get("previousId", MISSING), fields.get("from", MISSING)),
        "alias": first(fields.get("userId", MISSING), fields.get("to", MISSING)),
        "token": work.options.token,
    }
    body: Fields = {"event": "$create_alias", "properties": properties}
    yield work.request("alias", "POST", "/track", body, ip=True, key=True)


HANDLERS: dict[str, Callable[[Work], Iterator[Operation]]] = {
    "track": track,
    "page": page,
    "screen": page,
    "identify": identify,
    "group": group,
    "alias": alias,
}
"""By the type of the call."""


def classic_translator(destination: Destination) -> Translator:
    """Return the translator for a destination of kind `classic-cloud`."""
    return ClassicTranslator(destination)
