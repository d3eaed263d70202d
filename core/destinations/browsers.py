"""Which browser a user agent names, by the rules of Segment's Mixpanel destination (data, first match wins).

Source: common/utils of the published destination. No user agent leaves both properties out; one that no rule
knows has the name "" and no version.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from ..mapping import MISSING, Missing

_NUMBER = r"(\d+(?:\.\d+)+)"
_REMEMBERED = 512
"""User agents repeat: answers for those up to this length (characters) are kept."""


class Rule(msgspec.Struct, frozen=True):
    """`signs`: one of them is in the user agent. `version`: what stands before the version number."""

    name: str
    signs: tuple[str, ...]
    version: str | None = None
    ignore_case: bool = False
    also: str | None = None
    """A second sign that has to be there, too."""


RULES: tuple[Rule, ...] = (
    Rule("Opera Mini", (" OPR/",), also="Mini"),
    Rule("Opera", (" OPR/",), r"(?:Opera|OPR)/"),
    Rule("BlackBerry", ("blackberry", "playbook", "bb10"), "BlackBerry ", ignore_case=True),
    Rule("Internet Explorer Mobile", ("IEMobile", "WPDesktop"), "rv:"),
    Rule("Samsung Internet", ("SamsungBrowser/",), "SamsungBrowser/"),
    Rule("Microsoft Edge", ("Edge", "Edg/"), "Edge?/"),
    Rule("Facebook Mobile", ("FBIOS",)),
    Rule("Chrome", ("Chrome",), "Chrome/"),
    Rule("Chrome iOS", ("CriOS",), "CriOS/"),
    Rule("UC Browser", ("UCWEB", "UCBrowser"), "(?:UCBrowser|UCWEB)/"),
    Rule("Firefox iOS", ("FxiOS",), "FxiOS/"),
    Rule("Mobile Safari", ("Safari",), "Version/", also="iPhone"),
    Rule("Safari", ("Safari",), "Version/"),
    Rule("Android Mobile", ("Android",), r"android\s"),
    Rule("Konqueror", ("Konqueror",), "Konqueror:"),
    Rule("Firefox", ("Firefox",), "Firefox/"),
    Rule("Internet Explorer", ("MSIE", "Trident/"), "(?:rv:|MSIE )"),
    Rule("Mozilla", ("Gecko",), "rv:"),
)

_VERSIONS = {
    rule.name: re.compile(rule.version + _NUMBER, re.ASCII) for rule in RULES if rule.version is not None
}

Browser = tuple[str, "str | Missing"]


def browser(user_agent: str) -> Browser:
    """`$browser` and `$browser_version` for a user agent that is not empty."""
    return _remembered(user_agent) if len(user_agent) <= _REMEMBERED else _browser(user_agent)


def _browser(user_agent: str) -> Browser:
    lowered: str | None = None
    for rule in RULES:
        text = user_agent
        if rule.ignore_case:
            text = lowered = lowered or user_agent.lower()
        if not any(sign in text for sign in rule.signs) or (rule.also and rule.also not in user_agent):
            continue
        pattern = _VERSIONS.get(rule.name)
        found = pattern.search(user_agent) if pattern else None
        return rule.name, found[1] if found else MISSING
    return "", MISSING


_remembered = lru_cache(maxsize=1024)(_browser)
