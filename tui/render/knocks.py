"""Explains why nothing has arrived: the empty screen's text about requests that no event came with."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from ...core.api.models import Knock
from ...core.text import clean, counted, shorten
from . import clock

SHOWN = 2
"""At most so many are described, because the lines for the SDKs follow."""
_LONGEST = 60


def knock_lines(knocks: Sequence[Knock], url: str) -> list[str]:
    """Describe each of the latest knocks in a sentence or two: who, how often, and the likely cause.

    A page that sent a preflight has mostly fetched the settings, too: the preflight says more.
    """
    asking = {knock.origin for knock in knocks if knock.kind == "preflight"}
    described = [knock for knock in knocks if knock.kind == "preflight" or knock.origin not in asking]
    lines = [_line(knock, url) for knock in described]
    rest = len(lines) - SHOWN
    if rest > 0:
        return [*lines[:SHOWN], f"{counted(rest, 'other sender')} sent no event either."]
    return lines


def nothing_arrives(urls: Sequence[str], url: str) -> list[str]:
    """Return causes that leave no trace here, because the request does not leave the app or its machine.

    `urls` are the addresses that the engine listens at, `url` is the one that is shown to the user. Source of
    the browser's permission: developer.chrome.com/blog/local-network-access (Chrome 142 and newer).
    """
    causes: list[str] = []
    at = {urlsplit(one).hostname: one for one in urls}
    for missing, other in (("::1", "127.0.0.1"), ("127.0.0.1", "::1")):
        if missing not in at and other in at:
            causes.append(
                f"localhost can mean {missing}, where segtap does not listen. Write {at[other]} in the SDK"
            )
    causes.append(
        f"From a page: its console says why. A Content-Security-Policy needs connect-src {url}, Chrome asks"
        " for permission to reach the local network (the icon left of the address), and ad blockers stop"
        " analytics.js"
    )
    if not url.startswith("https:"):
        causes.append("From an SDK that only uses https: start segtap with --tls-cert and --tls-key")
    if at.keys() <= {"127.0.0.1", "::1"}:
        causes.append(
            "From a container or a phone: 127.0.0.1 is the device itself there. Start segtap with"
            " --host and this machine's address in the network, and use that"
        )
    return causes


def _line(knock: Knock, url: str) -> str:
    match knock.kind:
        case "preflight":
            return _preflights(knock)
        case "device":
            return _device(knock, url)
        case "settings":
            return _settings(knock, url)
        case "lost":
            return _lost(knock, url)


def _lost(knock: Knock, url: str) -> str:
    by = _page(knock.origin) if knock.origin else _short(knock.agent) or "a client without a name"
    at = f" at the host {_short(knock.host)}" if knock.host else ""
    times = f"{_short(knock.method)} {_short(knock.path)}{at}"
    if knock.count > 1:
        times = f"{knock.count:,} requests, the latest {times}"
    return f"{times}, from {by} (last {_time(knock)}): {_why_lost(knock, url)}"


def _why_lost(knock: Knock, url: str) -> str:
    match knock.why:
        case "script":
            return (
                "segtap does not serve analytics.js. Leave the script's address at Segment's CDN, and set"
                " only apiHost"
            )
        case "method":
            return (
                "events come by POST. A browser's address line sends GET, and a redirect from http to https"
                f" turns POST into GET: use {url} itself"
            )
        case "root":
            return "the endpoint answers, but without a path no event is sent. Use this address in an SDK"
        case "empty":
            return (
                "its batch has no message: nothing was tracked before the SDK flushed, or whoever makes the"
                " body leaves the messages out"
            )
        case "path" | "":
            near = f" Did you mean {knock.near}?" if knock.near else ""
            return f"no event is received at this path.{near} SDKs POST to {url}/v1/batch"


def _device(knock: Knock, url: str) -> str:
    times = "once" if knock.count == 1 else f"{knock.count:,} times"
    by = f" of {_page(knock.origin)}" if knock.origin else ""
    return (
        f"Mixpanel's SDK{by} asked {times} for flags, settings or a recording (last {_time(knock)}), and sent"
        f" no event yet: no track() was called, or api_host is set too late. Set api_host: '{url}' in"
        " mixpanel.init"
    )


def _preflights(knock: Knock) -> str:
    return (
        f"{counted(knock.count, 'preflight')} from {_page(knock.origin)} for {_short(knock.path)}"
        f" (last {_time(knock)}), and no event behind {'it' if knock.count == 1 else 'them'}: the browser did"
        " not accept the answer (its console says why; a proxy must pass on the Access-Control headers), or"
        " the page was closed."
    )


def _settings(knock: Knock, url: str) -> str:
    times = "once" if knock.count == 1 else f"{knock.count:,} times"
    if knock.origin or knock.agent.startswith("Mozilla/"):
        by = f" by {_page(knock.origin)}" if knock.origin else ""
        parts = urlsplit(url)
        setting = f"apiHost: '{parts.netloc}/v1', protocol: '{parts.scheme}'"
        return (
            f"Settings fetched {times}{by} (last {_time(knock)}), so analytics.js has loaded, and no event"
            " yet: no page() or track() was called, or load() names another apiHost. Set"
            f" integrations: {{ 'Segment.io': {{ {setting} }} }}"
        )
    return (
        f"Settings fetched {times} by {_short(knock.agent) or 'an app'} (last {_time(knock)}), and no event"
        " yet: apps send after some 30 s, or the SDK has another address for events. Set proxy (React Native)"
        " or apiHost (Swift, Kotlin, Flutter, C#), too."
    )


def _page(origin: str) -> str:
    if origin == "null":
        return "a page without an origin (a file, a sandboxed frame)"
    return _short(origin)


def _short(text: str) -> str:
    # The engine has done this already; another version of it may not have.
    return shorten(clean(text[: _LONGEST + 1]), _LONGEST)


def _time(knock: Knock) -> str:
    return clock.local(knock.last).partition(".")[0]
