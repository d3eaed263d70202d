"""Crawlers, as they name themselves in a user agent, and the rule on what they send.

The table has the names that their owners publish, and those of two lists that many use. A phone or an app
with "bot" in its name (Cubot) is not a crawler. One that is not in the table is known by the convention that
most keep: a name that ends with bot, crawler or spider, and behind it a + and the address of a page about it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ..catalogue.data import BOT_TRAFFIC
from ..text import shown
from ..verdict import Finding
from .subject import Subject

CRAWLERS: dict[str, tuple[str, ...]] = {
    "https://developers.google.com/search/docs/crawling-indexing/google-common-crawlers": (
        *("Googlebot", "Googlebot-Image", "Googlebot-Video", "Googlebot-News", "Storebot-Google"),
        *("Google-InspectionTool", "GoogleOther", "GoogleOther-Image", "GoogleOther-Video"),
    ),
    "https://developers.google.com/search/docs/crawling-indexing/google-special-case-crawlers": (
        *("APIs-Google", "AdsBot-Google", "AdsBot-Google-Mobile", "Mediapartners-Google", "Google-Safety"),
    ),
    "https://developers.google.com/search/docs/crawling-indexing/google-user-triggered-fetchers": (
        *("FeedFetcher-Google", "Google-Read-Aloud", "Google-Site-Verification"),
    ),
    "https://www.bing.com/webmasters/help/which-crawlers-does-bing-use-8c184ec0": (
        *("bingbot", "adidxbot", "MicrosoftPreview", "BingPreview"),
    ),
    "https://duckduckgo.com/duckduckgo-help-pages/results/duckduckbot": ("DuckDuckBot",),
    "https://yandex.com/support/webmaster/robot-workings/check-yandex-robots.html": (
        *("YandexBot", "YandexMobileBot", "YandexImages", "YandexMetrika"),
        "YandexRenderResourcesBot",
    ),
    "https://support.apple.com/en-us/119829": ("Applebot",),
    "https://developers.facebook.com/docs/sharing/webmasters/web-crawlers": (
        *("facebookexternalhit", "facebookcatalog", "meta-externalagent", "meta-externalfetcher"),
    ),
    "https://api.slack.com/robots": ("Slackbot", "Slackbot-LinkExpanding", "Slack-ImgProxy"),
    "https://platform.openai.com/docs/bots": ("GPTBot", "OAI-SearchBot", "ChatGPT-User"),
    "https://support.claude.com/en/articles/8896518": ("ClaudeBot", "Claude-User", "Claude-SearchBot"),
    "https://docs.perplexity.ai/guides/bots": ("PerplexityBot", "Perplexity-User"),
    "https://commoncrawl.org/ccbot": ("CCBot",),
    "https://developer.amazon.com/amazonbot": ("Amazonbot",),
    "https://ahrefs.com/robot": ("AhrefsBot", "AhrefsSiteAudit"),
    "https://www.semrush.com/bot": ("SemrushBot", "SiteAuditBot"),
    # Mixpanel's SDK leaves these out, too.
    "https://github.com/mixpanel/mixpanel-js": (
        *("Yahoo! Slurp", "Baiduspider", "Baiduspider-render", "PetalBot", "Chrome-Lighthouse"),
        *("Screaming Frog SEO Spider", "DuplexWeb-Google", "Google Favicon", "Google Web Preview"),
        *("googleweblight", "Pinterest/0.1", "Pinterest/0.2"),
    ),
    "https://github.com/monperrus/crawler-user-agents": (
        *("Twitterbot", "LinkedInBot", "Discordbot", "TelegramBot", "Pinterestbot", "Bytespider", "MJ12bot"),
        *("DotBot", "SeznamBot", "archive.org_bot", "UptimeRobot", "Pingdom.com_bot"),
    ),
}
"""The names of crawlers, of previews of links and of other fetchers, by their source."""

_LONGEST = 500
_NAMED = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(
        sorted((re.escape(name) for names in CRAWLERS.values() for name in names), key=len, reverse=True)
    )
    + r")(?![\w-])",
    re.ASCII | re.IGNORECASE,
)
_BY_CONVENTION = re.compile(
    r"(?<![\w.-])(?P<name>[\w.-]*(?:bot|crawler|spider))(?:/[\w.]+)?[;,) ][^+]{0,100}\+\s?https?://",
    re.ASCII | re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def crawler(user_agent: str) -> str:
    """Return the name of the crawler that a user agent is of; "" for a browser, and for what is not known."""
    found = _NAMED.search(user_agent[:_LONGEST])
    if found is not None:
        return found[0]
    found = _BY_CONVENTION.search(user_agent[:_LONGEST])
    return found["name"] if found is not None else ""


def bot_traffic(subject: Subject) -> Sequence[Finding]:
    """Find events of a crawler, which Mixpanel's own SDK in the browser would not send."""
    agent = subject.context.get("userAgent")
    if not isinstance(agent, str) or not (name := crawler(agent)):
        return ()
    if not subject.events or all(properties.get("$ignore") for _, _, properties in subject.events):
        return ()  # Mixpanel drops them
    return (
        BOT_TRAFFIC.finding(
            "$.context.userAgent",
            f"{shown(name, 40)[1:-1]} is a crawler: it counts as a visitor in cloud mode",
        ),
    )
