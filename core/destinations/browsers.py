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


class UserAgentRule(msgspec.Struct, frozen=True):
    """A rule that recognises a browser. `signs`: one of them is in the user agent. `version`: what
    stands before the version number.
    """

    name: str
    signs: tuple[str, ...]
    version: str | None = None
    ignore_case: bool = False
    also: str | None = None
    """A second sign that has to be there, too."""


RULES: tuple[UserAgentRule, ...] = (
    UserAgentRule("Opera Mini", (" OPR/",), also="Mini"),
    UserAgentRule("Opera", (" OPR/",), r"(?:Opera|OPR)/"),
    UserAgentRule("BlackBerry", ("blackberry", "playbook", "bb10"), "BlackBerry ", ignore_case=True),
    UserAgentRule("Internet Explorer Mobile", ("IEMobile", "WPDesktop"), "rv:"),
    UserAgentRule("Samsung Internet", ("SamsungBrowser/",), "SamsungBrowser/"),
    UserAgentRule("Microsoft Edge", ("Edge", "Edg/"), "Edge?/"),
    UserAgentRule("Facebook Mobile", ("FBIOS",)),
    UserAgentRule("Chrome", ("Chrome",), "Chrome/"),
    UserAgentRule("Chrome iOS", ("CriOS",), "CriOS/"),
    UserAgentRule("UC Browser", ("UCWEB", "UCBrowser"), "(?:UCBrowser|UCWEB)/"),
    UserAgentRule("Firefox iOS", ("FxiOS",), "FxiOS/"),
    UserAgentRule("Mobile Safari", ("Safari",), "Version/", also="iPhone"),
    UserAgentRule("Safari", ("Safari",), "Version/"),
    UserAgentRule("Android Mobile", ("Android",), r"android\s"),
    UserAgentRule("Konqueror", ("Konqueror",), "Konqueror:"),
    UserAgentRule("Firefox", ("Firefox",), "Firefox/"),
    UserAgentRule("Internet Explorer", ("MSIE", "Trident/"), "(?:rv:|MSIE )"),
    UserAgentRule("Mozilla", ("Gecko",), "rv:"),
)

_VERSIONS = {
    rule.name: re.compile(rule.version + _NUMBER, re.ASCII) for rule in RULES if rule.version is not None
}

Browser = tuple[str, "str | Missing"]


def browser(user_agent: str) -> Browser:
    """Return `$browser` and `$browser_version` for a user agent that is not empty."""
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
