"""Requests that no message came with: preflights without a POST, settings without an event, wrong paths.

None is a message, so the journal has no place for them. They are counted here, and forgotten with the
next message: what is left says why the screen stays empty.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..api.models import Knock, KnockKind, LostWhy
from ..sources.segment.routes import Route, near_path, route_of
from ..text import clean, shorten
from .cors import HeaderList

WAIT = 2.0
"""Seconds until a preflight or a settings fetch is shown: the message behind it mostly comes sooner."""
MOST = 20
"""Different senders that are counted at most; the one heard least lately makes room."""
_NAME_LENGTH = 60
_PATH_LENGTH = 40
_METHOD_LENGTH = 10
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9._~:\[\]-]+", re.IGNORECASE)
"""What browsers send as Origin: no path, no user, and foreign letters in ASCII."""
NOT_AN_ORIGIN = "an invalid origin"
_NAMED_HOST = re.compile(r"(?![0-9.]+(?::|$))([a-z0-9._~-]+)(?::[0-9]{1,5})?", re.IGNORECASE)
"""A Host header that is a name, not an address."""
_SCRIPT_KEY = re.compile(r"(/analytics\.js/v1/)[^/]+(?=/)")
_BROWSERS_OWN = ("/favicon.ico", "/.well-known/")
"""What a browser asks of every server by itself: it says nothing about an SDK."""


@dataclass(slots=True)
class _Count:
    kind: KnockKind
    origin: str
    agent: str
    path: str
    due: float
    count: int = 0
    last: int = 0
    method: str = ""
    host: str = ""
    why: LostWhy = ""
    near: str = ""

    def knock(self) -> Knock:
        """Return this count as it is shown."""
        return Knock(
            self.kind,
            self.count,
            self.last,
            self.origin,
            self.agent,
            self.path,
            self.method,
            self.host,
            self.why,
            self.near,
        )


class Knocks:
    """Counts them by sender until a message comes.

    `clock` gives milliseconds since the epoch; `changed` is called when `shown` answers something else, at
    most once in `wait` seconds while only more of them come.
    """

    def __init__(
        self, clock: Callable[[], int], changed: Callable[[], None] = lambda: None, *, wait: float = WAIT
    ) -> None:
        self._clock = clock
        self._changed = changed
        self._wait = wait
        self._counts: dict[tuple[KnockKind, str, str], _Count] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.any = False
        """True while there is something to forget: the one thing that each message looks at."""

    def preflight(self, headers: HeaderList, path: str) -> None:
        """Count an OPTIONS by which a page asks whether it may POST; no other OPTIONS announces a message."""
        asked = dict(headers)
        if asked.get(b"access-control-request-method") == b"POST" and b"origin" in asked:
            self._add("preflight", asked, path)

    def settings(self, headers: HeaderList, path: str) -> None:
        """Count a GET of the settings that analytics.js and the SDKs of apps load before they send."""
        self._add("settings", dict(headers), path)

    def device(self, headers: HeaderList, path: str) -> None:
        """Count what one of Mixpanel's own SDKs asks beside its events: flags, settings, a recording."""
        self._add("device", dict(headers), path)

    def lost(self, headers: HeaderList, path: str, method: str) -> None:
        """Count a request whose method or path was answered with 404 or 405."""
        if path.startswith(_BROWSERS_OWN):
            return
        asked = dict(headers)
        found = self._add("lost", asked, path)
        found.method = _text(method, _METHOD_LENGTH)
        found.host = _other_host(asked.get(b"host"))
        found.why = _why_lost(path, method)
        found.near = _text(near_path(path), _PATH_LENGTH) if found.why == "path" else ""

    def empty(self, headers: HeaderList, path: str) -> None:
        """Count a POST of a batch without a message, which Segment accepts."""
        found = self._add("lost", dict(headers), path)
        found.method, found.host, found.why, found.near = "POST", "", "empty", ""

    def forget(self) -> None:
        """Forget what was counted: a message has been received, and it no longer matters."""
        shown = bool(self.shown())
        self._counts.clear()
        self.any = False
        self.close()
        if shown:
            self._changed()

    def shown(self) -> tuple[Knock, ...]:
        """Return those that have waited long enough, the latest first."""
        if not self._counts:
            return ()
        now = asyncio.get_running_loop().time()
        due = [one for one in self._counts.values() if one.due <= now]
        due.sort(key=lambda one: one.last, reverse=True)
        return tuple(one.knock() for one in due)

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _add(self, kind: KnockKind, headers: dict[bytes, bytes], path: str) -> _Count:
        origin = _origin(headers.get(b"origin"))
        agent = _text(headers.get(b"user-agent", b"").decode("latin-1"), _NAME_LENGTH)
        # A browser's name and version say less than the page does, and would split its count.
        key = (kind, origin, "" if origin else agent)
        found = self._counts.get(key)
        if found is None:
            if len(self._counts) >= MOST:
                del self._counts[min(self._counts, key=lambda other: self._counts[other].last)]
            due = asyncio.get_running_loop().time() + self._wait
            found = self._counts[key] = _Count(kind, origin, agent, "", due)
        found.count += 1
        found.last = self._clock()
        found.agent = agent
        found.path = _path(path, route_of(path))
        self.any = True
        self._start_timer()
        return found

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._wait, self._tell)

    def _tell(self) -> None:
        self._timer = None
        if len(self.shown()) < len(self._counts):
            self._start_timer()
        self._changed()


def _origin(value: bytes | None) -> str:
    """Return the page's origin as it may be shown; "null" is that of files and sandboxed frames."""
    if value is None:
        return ""
    text = value.decode("latin-1")
    if text != "null" and not _ORIGIN.fullmatch(text):
        return NOT_AN_ORIGIN
    return shorten(text, _NAME_LENGTH)


def _other_host(value: bytes | None) -> str:
    """Return the host that the sender asked for, "" where that is this machine or an IP address."""
    text = (value or b"").decode("latin-1")
    found = _NAMED_HOST.fullmatch(text)
    if found is None or found[1] == "localhost" or found[1].endswith(".localhost"):
        return ""
    return shorten(text, _NAME_LENGTH)


def _why_lost(path: str, method: str) -> LostWhy:
    if path.endswith(".js"):
        return "script"
    if route_of(path).kind in ("call", "batch", "metrics", "mixpanel") or method not in ("GET", "HEAD"):
        return "method"
    return "path" if path.strip("/") else "root"


def _path(path: str, route: Route) -> str:
    """Return the path without the write key that a settings path holds."""
    if route.kind == "settings" and route.key:
        path = path.replace(f"/{route.key}/", "/…/")
    path = _SCRIPT_KEY.sub(r"\1…", path)
    return _text(path, _PATH_LENGTH)


def _text(text: str, limit: int) -> str:
    return shorten(clean(text[: limit + 1]), limit)
