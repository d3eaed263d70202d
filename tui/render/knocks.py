"""Explains why nothing has arrived: the empty screen's text about preflights and settings fetches."""

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


def _line(knock: Knock, url: str) -> str:
    if knock.kind == "preflight":
        return _preflights(knock)
    return _device(knock, url) if knock.kind == "device" else _settings(knock, url)


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
