"""Following the fix that a finding prints, by the letter, as somebody does who knows nothing else of it."""

import copy
import re
import tomllib
from collections.abc import Callable
from typing import Any

import msgspec

from segtap.core.destinations.actions.presets import preset_subscriptions
from segtap.core.settings import Destination
from segtap.core.verdict import Finding

UUID = "0b2c9f0e-6a53-4f7e-9d0d-3f4f6c2f1a77"
UUID4 = "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3"
NOW = "2026-11-24T22:00:00Z"

Document = dict[str, Any]
Step = Callable[[Document, Finding, "re.Match[str]"], object]

_IN_REQUEST = re.compile(r"^requests\[\d+\]\.body(?:\[\d+\])?")
"""A record of a request: its properties come from those of the message."""
_STEP = re.compile(r"\.([^\s.\[\]'\"]+)|\[(\d+)\]|\['((?:\\.|[^'\\])*)'\]")


def steps(path: str) -> list[Any]:
    """The steps of a path into a message."""
    return [
        plain if plain else int(index) if index else re.sub(r"\\(.)", r"\1", quoted)
        for plain, index, quoted in _STEP.findall(path)
    ]


def _holder(document: Document, path: str) -> tuple[Any, Any]:
    *above, last = steps(path)
    held: Any = document
    for step in above:
        if isinstance(held, dict) and not isinstance(held.get(step), (dict, list)):
            held[step] = {}
        held = held[step]
    return held, last


def _put(document: Document, path: str, value: Any) -> None:
    held, last = _holder(document, path)
    held[last] = value


def _take(document: Document, path: str) -> Any:
    held, last = _holder(document, path)
    return held.pop(last)


def _rename(document: Document, finding: Finding, name: str) -> None:
    value = _take(document, finding.path)
    held, _ = _holder(document, finding.path)
    held[name] = value


def _shorten(document: Document, finding: Finding) -> None:
    """Long names are cut short in a path."""
    *above, cut = steps(finding.path)
    held: Any = document
    for step in above:
        held = held[step]
    held["short"] = held.pop(next(name for name in held if name.startswith(cut.rstrip("…"))))


def _write(document: Document, finding: Finding, match: "re.Match[str]") -> None:
    if finding.path in ("$.event", "$.name"):
        _put(document, finding.path, match[1])
    elif match[1].startswith("context."):
        _put(document, f"$.{match[1]}", _take(document, finding.path))
    else:
        _rename(document, finding, match[1])


def _move(document: Document, finding: Finding, match: "re.Match[str]") -> None:
    value = _take(document, finding.path)
    own = document.get(match[1])
    document[match[1]] = (
        {**(own if isinstance(own, dict) else {}), **value} if isinstance(value, dict) else {}
    )


def _kind(document: Document, finding: Finding, match: "re.Match[str]") -> None:
    _put(document, finding.path, copy.deepcopy(_KINDS[match[1]]))


def _number(document: Document, finding: Finding, match: "re.Match[str]") -> None:
    _put(document, finding.path, float(match[1]))
    if match[2]:
        _put(document, f"{finding.path.rpartition('.')[0]}.currency", "EUR")


def _identify(document: Document, finding: Finding, match: "re.Match[str]") -> None:
    for name in ("event", "properties"):
        document.pop(name, None)
    known: Any = (document.get("context") or {}).get("traits")
    document |= {"type": "identify", "anonymousId": UUID4, **({"traits": known} if known else {})}


def _missing(document: Document, finding: Finding, match: "re.Match[str]") -> None:
    for name in match[1].split(" and "):
        _put(document, f"$.properties.{name}", [{"product_id": "1"}] if name == "products" else "x")


def _traits_as_properties(document: Document, finding: Finding, match: "re.Match[str]") -> None:
    document["properties"] = {**(document.get("properties") or {}), **document["context"]["traits"]}


def _campaign(document: Document, finding: Finding, match: "re.Match[str]") -> None:
    given: Document = document["context"].get("campaign") or {}
    known = ("name", "source", "medium", "term", "content")
    document["properties"] = {**(document.get("properties") or {}), **given}
    document["context"]["campaign"] = {name: given.get(name, "spring") for name in known}


def _set(path: str, value: Any) -> Step:
    return lambda document, finding, match: _put(document, path, copy.deepcopy(value))


def _here(value: Callable[["re.Match[str]"], Any]) -> Step:
    return lambda document, finding, match: _put(document, finding.path, value(match))


_MAPPED = re.compile(
    r"map .+? in subscription '(?P<name>.+?)': (?P<line>\w+ = .*?)(?: \(in segtap\.toml.*\))?"
)


def map_field(destination: Destination, finding: Finding) -> Destination | None:
    """The destination with the line that the fix puts into a mapping; None for other fixes."""
    match = _MAPPED.fullmatch(finding.fix)
    if match is None or destination.kind != "actions":
        return None
    given = preset_subscriptions() if destination.subscriptions is None else destination.subscriptions
    line = tomllib.loads(match["line"])
    followed = tuple(
        msgspec.structs.replace(one, mapping={**one.mapping, **line}) if one.name == match["name"] else one
        for one in given
    )
    return msgspec.structs.replace(destination, subscriptions=followed)


_KINDS: dict[str, Any] = {
    "text": "some text",
    "a number": 5,
    "true or false": True,
    "an object": {"plan": "pro"},
    "a list": ["a"],
    "a list of objects": [{"product_id": "1"}],
}

WAYS: list[tuple[str, Step]] = [
    # names and values where they stand
    (r"write it (.+)", _write),
    (r"send one of the two, as .+", lambda document, finding, match: _take(document, finding.path)),
    (r"send it without them: (.+)", _here(lambda match: match[1])),
    (r"send (-?[\d.e+]+) as a number(, and the currency as a property of its own)?", _number),
    (r"send the number itself, without other signs(?:, and .*)?", _here(lambda match: 1234)),
    (r'send it as text: "(.+)"', _here(lambda match: match[1])),
    (r"send at most (\d+)", _here(lambda match: int(match[1]))),
    (r"send a number below .*", _here(lambda match: 1)),
    (r"send (text|a number|true or false|an object|a list|a list of objects)", _kind),
    (r"send ISO 8601 in UTC, such as \S+", _here(lambda match: NOW)),
    (r"send ISO 8601 in UTC as timestamp|send the right timestamp, .*", _set("$.timestamp", NOW)),
    (
        r"(?:send it as timestamp, or )?give the (?:property|trait) another name(?:, or .*)?",
        lambda document, finding, match: _rename(
            document, finding, f"own_{steps(finding.path)[-1].strip('$').lower()}"
        ),
    ),
    (
        r"give the (?:property|trait) a shorter name",
        lambda document, finding, match: _shorten(document, finding),
    ),
    (
        r"give the (?:property|trait) a name, or leave it out",
        lambda document, finding, match: _rename(document, finding, "label"),
    ),
    # the call
    (r"give the call a name, such as Pricing", _set("$.name", "Pricing")),
    (r"name it (.+), or plainly otherwise", _here(lambda match: match[1])),
    (r"give the event a name of your own.*", _set("$.event", "My Own")),
    (r"send the name as text, such as ([\w ]+), with no .*", _here(lambda match: match[1])),
    (r"send the event's name as text", _set("$.event", "Signed Up")),
    (r"send an object as properties", _set("$.properties", {"plan": "pro"})),
    (r"send an object as traits", _set("$.traits", {"plan": "pro"})),
    (r"send a list of objects as products", _set("$.properties.products", [{"product_id": "1"}])),
    (r"send them as (traits|properties)(?:, beside userId|: an object)?", _move),
    (
        r"send it as ((?:context\.)?\w+)(?:, and the group key .*|; to keep .*)?",
        lambda document, finding, match: _put(document, f"$.{match[1]}", _take(document, finding.path)),
    ),
    (r"send the values as properties of each event", _traits_as_properties),
    (r"fill context.campaign .*", _campaign),
    (r"send (product_id|order_id|\w+_id|products|query|filters|version|build|url|step|campaign|provider"
     r"(?: and \w+)*)", _missing),
    # ids
    (r"send a UUID as messageId.*", _set("$.messageId", UUID)),
    (r"send a UUID as \$insert_id, where it stands", _here(lambda match: UUID)),
    (r"send a UUID(?:v4)? as anonymousId.*", _set("$.anonymousId", UUID4)),
    (r"send userId, or anonymousId for unknown users", _set("$.anonymousId", UUID4)),
    (r"send userId once the user is known", _set("$.userId", "u-7")),
    (r"send the id that was used before as previousId", _set("$.previousId", UUID4)),
    (
        r"leave userId out until the user is known, and send anonymousId",
        lambda document, finding, match: (document.pop("userId"), _put(document, "$.anonymousId", UUID4)),
    ),
    (r"leave userId out while the user is unknown", lambda document, finding, match: document.pop("userId")),
    (
        r"leave context.groupId out until the group is known",
        lambda document, finding, match: document["context"].pop("groupId"),
    ),
    (r"call (?:identify|alias)(?: with traits)? when the userId is known.*", _set("$.userId", "u-7")),
    (r"call group when the group's id is known, and send that", _set("$.groupId", "acme")),
    (r"send the group's id, or leave it out until the group is known", _here(lambda match: "acme")),
    (r"call identify with userId, anonymousId and the traits instead: .*", _identify),
    (
        r"(?:fill in the id before|send the (?:id that|one id|value inside|text between)).*",
        _here(lambda match: "u-7"),
    ),
    # groups, places, times
    (r"send at least one trait, such as the group's name", _set("$.traits", {"name": "Acme"})),
    (
        r"send a trait of that name: its value is the group's id",
        lambda document, finding, match: _put(document, "$.traits.company_id", document["groupId"]),
    ),
    (
        r"give the trait and groupId the same value(?:, or leave the trait out|: without .+)",
        lambda document, finding, match: _put(document, finding.path, document["groupId"]),
    ),
    (r"pass the user's address as context.ip(?:, or .*)?", _set("$.context.ip", "203.0.113.7")),
    (r"send the ISO 3166 code, such as US, as context.*", _set("$.context.location.country", "US")),
    (r"send the ISO 3166 code, such as US, as the (?:trait|property) \S+", _here(lambda match: "US")),
    (r"check the sender's clock, and whether .*", _set("$.timestamp", NOW)),
    # what is over a limit
    (r"send fewer elements, or their count", _here(lambda match: 300)),
    (r"send fewer elements, or the parts that matter as .*", _here(lambda match: ["a"])),
    (r"send an international number as text, with \+ before it", _here(lambda match: "+491511234567")),
    (r"send fewer products", _here(lambda match: [{"product_id": "1"}] * 254)),
    (
        r"send fewer properties: those that reports need",
        lambda document, finding, match: _put(
            document, finding.path, dict(list(_take(document, finding.path).items())[:5])
        ),
    ),
    (r"leave out what reports do not need", _set("$.properties", {"plan": "pro"})),
    (r"send the parts that matter as properties of their own", _here(lambda match: "/search")),
    (
        r"flatten the object: address_city instead of address.city",
        lambda document, finding, match: _put(
            document, f"$.{steps(finding.path)[0]}.{steps(finding.path)[1]}", "flat"
        ),
    ),
]  # fmt: skip
"""The fixes that one message can follow, in the words that stand there."""


def follow(document: Document, finding: Finding) -> Document | None:
    """The message after the fix was followed; None for fixes that need more than the message."""
    path = _IN_REQUEST.sub("$", finding.path)
    if not path.startswith("$"):
        return None
    for words, step in WAYS:
        match = re.fullmatch(words, finding.fix, re.DOTALL)
        if match is not None:
            followed = copy.deepcopy(document)
            step(followed, msgspec.structs.replace(finding, path=path), match)
            return followed
    return None
