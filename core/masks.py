"""What stands for a secret wherever one could be seen, and the short form of a project token.

It is over 350 lines because what a secret is, in settings as well as in text, is decided here alone.
"""

from __future__ import annotations

import base64
import enum
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar, cast
from urllib.parse import quote

import msgspec

from .messages import Json
from .server_url import passwords_in
from .settings import (
    DestinationSettings,
    IngestSettings,
    InsertFunction,
    RouteSettings,
    Secret,
    Settings,
)
from .text import clean
from .verdict import SECRET_FIELDS, OutgoingRequest, Verdict

MASK = "••••"
SHORTEST_SECRET = 8
"""Shorter texts are no secrets worth the name, and would stand in too many others."""
_HALF = 12
"""Signs that half a secret has at least: fewer may be a word of any message."""

NAME_OF_SECRET = re.compile(
    r"key|token|secret|pass|pwd|auth|cred|signature|salt|private|bearer|cookie", re.IGNORECASE
)
"""What a setting is called whose value is a secret, whatever that looks like."""
_WORD = r"(?:[A-Z]?[a-z]{1,15}|[A-Z]{1,8}|\d{1,2})"
_WORDS = re.compile(rf"{_WORD}(?:[ _.-]{_WORD})*")
"""Plain words, such as `Order Completed` or `eu-west-1`."""

T = TypeVar("T")
_TOKEN_KEYS = frozenset(("token", "$token"))
"""The keys of the project token in what Mixpanel gets."""
_WHERE = {"us": "the US", "eu": "the EU", "in": "India"}


def mask_token(token: str) -> str:
    """Return a project token short enough for a header: `a1b2…f9`."""
    return f"{token[:4]}…{token[-2:]}" if len(token) > 8 else token


def shortened(key: object, value: Json) -> Json:
    """Return a value as a screen, which may be shared, shows it: a project token is shortened."""
    return mask_token(value) if key in _TOKEN_KEYS and isinstance(value, str) else value


def project_in_words(project: str, region: str, mixpanel_url: str, project_region: str = "") -> str:
    """Return where messages go, for a sentence: `project a1b2…f9 at the endpoint in the EU`.

    `project` is the masked token. A project that stores its data in another region than the endpoint's gets
    nothing, which is said.
    """
    where = (
        f"at {clean(mixpanel_url)}" if mixpanel_url else f"at the endpoint in {_WHERE.get(region, region)}"
    )
    if project_region in _WHERE and project_region != region and not mixpanel_url:
        where += f" (it stores its data in {_WHERE[project_region]}: nothing is ingested there)"
    return f"project {project} {where}"


def mask_authorization(value: str) -> str:
    """Return `Basic ••••` for any credentials: the scheme tells which kind, and nothing else is shown."""
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space else MASK


def masked(request: OutgoingRequest) -> OutgoingRequest:
    """Return the request as it may be shown: credentials in the header and in query fields are dots."""
    changes: dict[str, object] = {}
    if request.authorization is not None:
        changes["authorization"] = mask_authorization(request.authorization)
    if request.query and any(field in request.query for field in SECRET_FIELDS):
        changes["query"] = {
            key: MASK if key in SECRET_FIELDS else value for key, value in request.query.items()
        }
    return msgspec.structs.replace(request, **changes) if changes else request


def masked_verdict(verdict: Verdict) -> Verdict:
    """Return the same verdict with dots for the credentials of every request: `authorization`, an API key."""
    operations = tuple(
        msgspec.structs.replace(operation, request=masked(operation.request))
        for operation in verdict.translation.operations
    )
    translation = msgspec.structs.replace(verdict.translation, operations=operations)
    return msgspec.structs.replace(verdict, translation=translation)


def secrets_of(request: OutgoingRequest) -> tuple[str, ...]:
    """Return what must never be shown of a request: for scrubbing the words that a server sends back."""
    found: list[str] = []
    if request.authorization:
        found += _in_basic(request.authorization.rpartition(" ")[2])
    query = request.query or {}
    found += [value for key in SECRET_FIELDS if isinstance(value := query.get(key), str)]
    return tuple(secret for secret in found if len(secret) >= 8)


def _in_basic(encoded: str) -> list[str]:
    """Return the secrets in Basic credentials, longest first: `user:secret`, or a secret in place of the
    user.
    """
    try:
        plain = b64decode(encoded, validate=True).decode()
    except ValueError:
        return [encoded]
    user, _, secret = plain.partition(":")
    return [encoded, plain, secret or user]


def secrets_in(section: DestinationSettings | IngestSettings) -> tuple[str, ...]:
    """Return every secret of a section, each by itself and `user:secret` in its parts."""
    named = [
        value.reveal()
        for name in section.__struct_fields__
        if isinstance(value := getattr(section, name), Secret)
    ]
    parts = [part for secret in named for part in (secret, secret.rpartition(":")[2])]
    return tuple(dict.fromkeys(part for part in parts if len(part) >= SHORTEST_SECRET))


def secrets_in_functions(functions: Sequence[InsertFunction]) -> tuple[str, ...]:
    """Return the texts in the settings of insert functions that may be secrets: plain words are not."""
    found: list[str] = []
    waiting: list[tuple[str, Json]] = [("", dict(one.settings)) for one in functions]
    while waiting:
        names, value = waiting.pop()
        if isinstance(value, dict):
            waiting += ((f"{names} {name}", inner) for name, inner in value.items())
        elif isinstance(value, list):
            waiting += ((names, inner) for inner in value)
        elif isinstance(value, str) and _may_be_secret(names, value):
            found.append(value)
    return tuple(dict.fromkeys(found))


def _may_be_secret(name: str, value: str) -> bool:
    said = NAME_OF_SECRET.search(f"{name} {value}") is not None
    return len(value) >= SHORTEST_SECRET and (said or _WORDS.fullmatch(value) is None)


def secrets_in_settings(settings: Settings) -> tuple[str, ...]:
    """Return every secret of the destination, of ingest, of the insert functions and of URLs."""
    return (
        *secrets_in(settings.destination),
        *(secret for route in settings.routes if route.to is not None for secret in secrets_in(route.to)),
        *secrets_in(settings.ingest),
        *secrets_in_functions(settings.insert_functions),
        *_passwords_in(settings),
    )


def _passwords_in(section: msgspec.Struct) -> Iterator[str]:
    """Yield the passwords in the URLs of all settings."""
    for name in section.__struct_fields__:
        value = getattr(section, name)
        if isinstance(value, msgspec.Struct):
            yield from _passwords_in(value)
        elif isinstance(value, tuple):
            for one in cast("tuple[object, ...]", value):
                if isinstance(one, RouteSettings):
                    yield from _passwords_in(one)
        elif isinstance(value, str) and "@" in value:
            yield from (found for found in passwords_in(value) if len(found) >= SHORTEST_SECRET)


def masked_settings(settings: Settings) -> Settings:
    """Return the settings as viewers and the journal get them: they tell whether a secret is set, not which.

    Of a service account the name stays, and so does what is wrong with how it is written. What the command
    line said is in the settings already, and left out of `flags`.
    """
    shown = _masked_destination(settings.destination)
    routes = tuple(
        one if one.to is None else msgspec.structs.replace(one, to=_masked_destination(one.to))
        for one in settings.routes
    )
    functions = tuple(
        msgspec.structs.replace(one, settings=dict.fromkeys(one.settings, MASK)) if one.settings else one
        for one in settings.insert_functions
    )
    ingest = msgspec.structs.replace(
        settings.ingest,
        metrics_token=Secret(MASK if settings.ingest.metrics_token else ""),
        test_token=Secret(MASK if settings.ingest.test_token else ""),
        redact_key=Secret(MASK if settings.ingest.redact_key else ""),
    )
    return msgspec.structs.replace(
        settings, destination=shown, routes=routes, ingest=ingest, insert_functions=functions, flags={}
    )


def _masked_destination(destination: DestinationSettings) -> DestinationSettings:
    user, colon, secret = destination.service_account.reveal().partition(":")
    account = f"{user}:{MASK if secret else ''}" if colon else MASK
    return msgspec.structs.replace(
        destination,
        api_secret=Secret(MASK if destination.api_secret else ""),
        service_account=Secret(account if destination.service_account else ""),
    )


@lru_cache(maxsize=16)
def masks_of(secrets: tuple[str, ...]) -> Masks:
    """Return dots for these secrets, made once: many answers are read with the same ones."""
    return Masks(secrets)


class Masks:
    """Dots for known secrets, in whatever form they come back or are received.

    Forms: as they are, escaped in JSON or HTML, percent-encoded, and in base64 with anything before and
    behind (so `secret:` and `user:secret`), of which the whole run of base64 becomes dots. The first half of
    a form, or more of it, is what a cut left of a secret, and becomes dots, too.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        plain: set[str] = set()
        inside: set[str] = set()
        for secret in secrets:
            plain |= _written(secret)
            inside |= _in_base64(secret)
        # A name stands before the colon of `user:secret`: half of that would be no secret.
        cut = {form for form in plain | inside if len(form) >= 2 * _HALF and ":" not in form}
        self._finds = tuple(sorted({_half(form) if form in cut else form for form in plain | inside}))
        self._finds_data = tuple(_bytes(form) for form in self._finds)
        self._rests: dict[str, list[str]] = {}
        for form in cut:
            self._rests.setdefault(_half(form), []).append(form[len(_half(form)) :])
        groups = {
            "plain": plain,
            "inside": inside,
            "half": {_half(form) for form in plain & cut},
            "half_inside": {_half(form) for form in inside & cut},
        }
        self._pattern = re.compile("|".join(_group(name, forms) for name, forms in groups.items() if forms))

    def find(self, text: str) -> bool:
        """Return True when a secret is in the text, or half of one."""
        return any(form in text for form in self._finds)

    def text(self, text: str) -> str:
        """Return the text with dots."""
        if not self.find(text):
            return text
        parts: list[str] = []
        done = 0
        while (found := self._pattern.search(text, done)) is not None:
            start, end = found.span()
            kind = found.lastgroup or ""
            if kind.startswith("half"):
                end = _goes_on(text, end, self._rests[found[0]])
            if kind.endswith("inside"):
                start, end = _run_before(text, start, done), _end_of_run(text, end)
            elif kind == "half":
                end = max(start + len(text[start:end].rstrip("\\")), start + 1)
            parts += [text[done : _whole_escape(text, start, done)], MASK]
            done = end
        return "".join([*parts, text[done:]])

    def data(self, data: bytes) -> bytes:
        """Return the same for bytes; what is not UTF-8 in them stays as it is."""
        if not any(form in data for form in self._finds_data):
            return data
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def value(self, value: T) -> T:
        """Mask every text within a value: structs, tuples, lists and objects are copied."""
        return cast(T, self._value(value)) if self._finds else value

    def _value(self, value: object) -> object:
        # Loops, not comprehensions: those take a level of Python's stack each, and a message may be deep.
        match value:
            case enum.Enum():
                return value
            case str():
                return self.text(value)
            case bytes():
                return self.data(value)
            case msgspec.Struct():
                changed: dict[str, object] = {}
                for name in value.__struct_fields__:
                    item = getattr(value, name)
                    if (masked := self._value(item)) is not item:
                        changed[name] = masked
                return msgspec.structs.replace(value, **changed) if changed else value
            case tuple() | list():
                items: list[object] = []
                for item in cast("list[object]", value):
                    items.append(self._value(item))
                if isinstance(value, list):
                    return items
                make = getattr(type(cast(object, value)), "_make", tuple)  # a named tuple stays one
                return cast("Callable[[list[object]], object]", make)(items)
            case dict():
                pairs: dict[object, object] = {}
                for key, item in cast("dict[object, object]", value).items():
                    pairs[self._value(key)] = self._value(item)
                return pairs
            case _:
                return value


def _written(secret: str) -> set[str]:
    """Return the secret as servers and SDKs write it within a text."""
    import html  # here: a long table, which the first frame of the screen does not need

    found = {secret, html.escape(secret), html.escape(secret, quote=False)}
    for text in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        found |= {text, text.replace("/", "\\/")}
    # Python's own way, JavaScript's encodeURIComponent and encodeURI.
    for safe in ("", "!*'()", "!*'();/?:@&=+$,#"):
        percent = quote(secret, safe=safe, errors="surrogateescape")
        for text in (percent, percent.replace("%20", "+")):
            found |= {text, re.sub("%..", lambda code: code[0].lower(), text)}
    return found


def _in_base64(secret: str) -> set[str]:
    """Return the secret in base64 at each of its three places, without the signs that neighbours change."""
    found: set[str] = set()
    for lead in range(3):
        data = b"\0" * lead + _bytes(secret)
        whole = base64.b64encode(data).decode().rstrip("=")
        core = whole[(0, 2, 3)[lead] : len(data) * 8 // 6]
        percent = quote(core, safe="")
        found |= {core, core.replace("+", "-").replace("/", "_"), core.replace("/", "\\/"), percent}
        found.add(re.sub("%..", lambda code: code[0].lower(), percent))
    return found


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _group(name: str, forms: Iterable[str]) -> str:
    longest_first = sorted(forms, key=len, reverse=True)
    return f"(?P<{name}>{'|'.join(map(re.escape, longest_first))})"


def _half(form: str) -> str:
    return form[: max(_HALF, (len(form) + 1) // 2)]


def _goes_on(text: str, end: int, rests: Iterable[str]) -> int:
    """Return where a form's text ends, of which one of these rests follows or only the beginning of one."""
    furthest = end
    for rest in rests:
        same = 0
        while same < len(rest) and text[end + same : end + same + 1] == rest[same]:
            same += 1
        furthest = max(furthest, end + same)
    return furthest


_RUN = re.compile(r"(?:[A-Za-z0-9+/_=-]|\\/|%2[BbFf]|%3[Dd])*")
_RUN_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_=-")
_RUN_CODES = frozenset(("%2b", "%2f", "%3d"))


def _end_of_run(text: str, end: int) -> int:
    found = _RUN.match(text, end)
    return found.end() if found is not None else end


def _run_before(text: str, start: int, floor: int) -> int:
    """Return where the run of base64 begins that goes on at `start`."""
    while start > floor:
        if text[start - 1] in _RUN_LETTERS:
            start -= 1
        elif start - 3 >= floor and text[start - 3 : start].lower() in _RUN_CODES:
            start -= 3
        else:
            break
    return start


def _whole_escape(text: str, start: int, floor: int) -> int:
    """Return `start`, or where the backslashes before it begin: of JSON text, no half escape may be left."""
    first = start
    while first > floor and text[first - 1] == "\\":
        first -= 1
    return first if (start - first) % 2 else start


NO_MASKS = Masks()
"""Where nothing is known to be secret."""
