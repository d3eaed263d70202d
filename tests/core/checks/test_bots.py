"""Crawlers and browsers, by their user agents, for both destinations."""

from __future__ import annotations

from typing import Any

import pytest
from check_helpers import DESTINATION, NOW, classic, found, real_message, verdict_on

from segtap.core.checks import CheckSettings
from segtap.core.checks.bots import CRAWLERS, crawler
from segtap.core.settings import Destination, DestinationFilter, IdentityMode

SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"
BOTS = {
    "Googlebot": f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) {CHROME} Mobile Safari/537.36 (compatible;"
    " Googlebot/2.1; +http://www.google.com/bot.html)",
    "Googlebot-Image": "Googlebot-Image/1.0",
    "AdsBot-Google": "AdsBot-Google (+http://www.google.com/adsbot.html)",
    "bingbot": f"Mozilla/5.0 {CHROME} (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Safari/537",
    "Yahoo! Slurp": "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
    "Baiduspider": "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
    "YandexBot": "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "YandexMetrika": "Mozilla/5.0 (compatible; YandexMetrika/2.0; +http://yandex.com/bots)",
    "Google Favicon": f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36 Google Favicon",
    "Pinterest/0.2": "Pinterest/0.2 (+https://www.pinterest.com/bot.html)",
    "Applebot": f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) {SAFARI} Safari/605.1.15 (Applebot/0.1;"
    " +http://www.apple.com/go/applebot)",
    "ClaudeBot": "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "GPTBot": f"Mozilla/5.0 {CHROME}; compatible; GPTBot/1.2; +https://openai.com/gptbot",
    "facebookexternalhit": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Bytespider": f"Mozilla/5.0 (Linux; Android 5.0) {CHROME} (compatible; Bytespider; spider@example.com)",
    "TelegramBot": "TelegramBot (like TwitterBot)",
    "NewBot": "Mozilla/5.0 (compatible; NewBot/1.0; +https://new.example/bot)",
    "shop-crawler": "shop-crawler/2.3 (+https://shop.example/crawler)",
}
PEOPLE = [
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 11; CUBOT X50) {CHROME} Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; U; Android 4.4.2; en-us; CUBOT S200 Build/KOT49H) {SAFARI} Mobile Safari/534.30",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {SAFARI} Mobile/15E148 [Pinterest/iOS]",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {SAFARI} GSA/340.3 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) [FBAN/FBIOS;FBAV/440.0.0.0;FBDV/iPhone14,5]",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME} Slack_SSB/4.41.97 Safari/537.36",
    f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} YaBrowser/25.2 Safari/537.36",
    "Botim/3.1 (iPhone; iOS 18.1)",
    "analytics-python/2.4.0",
    "node-fetch/1.0 (+https://github.com/node-fetch/node-fetch)",
    "",
]
KINDS = pytest.mark.parametrize("destination", [DESTINATION, classic()], ids=["actions", "classic"])
DROPPED = DestinationFilter(condition="match(context.userAgent, '*Googlebot*')")


def visit(agent: str, kind: str = "page", **properties: Any) -> dict[str, Any]:
    message = real_message("next", "page", name="Recipes", type=kind, event="Read", properties=properties)
    message["context"]["userAgent"] = agent
    return message


@pytest.mark.parametrize(("name", "agent"), BOTS.items(), ids=list(BOTS))
def test_a_crawler_is_known_by_its_name(name: str, agent: str) -> None:
    assert crawler(agent) == name


@pytest.mark.parametrize("agent", PEOPLE)
def test_a_persons_browser_is_no_crawler(agent: str) -> None:
    assert crawler(agent) == ""


@KINDS
@pytest.mark.parametrize("kind", ["page", "screen", "track"])
def test_an_event_of_a_crawler(kind: str, destination: Destination) -> None:
    (finding,) = found(visit(BOTS["ClaudeBot"], kind), "bot-traffic", destination=destination)
    assert (finding.severity, finding.path) == ("warning", "$.context.userAgent")
    assert "ClaudeBot is a crawler" in finding.message


@KINDS
def test_a_call_that_sends_no_event_is_left_alone(destination: Destination) -> None:
    message = real_message("next", "identify")
    message["context"]["userAgent"] = BOTS["Googlebot"]
    assert found(message, "bot-traffic", destination=destination) == []


@KINDS
def test_an_event_that_mixpanel_is_told_to_drop(destination: Destination) -> None:
    """As Mixpanel's guide says to do for crawlers: nothing is lost by mistake."""
    message = visit(BOTS["Googlebot"], **{"$ignore": True})
    assert found(message, "bot-traffic", destination=destination) == []
    (finding,) = found(message, "reserved-property", destination=destination)
    assert finding.severity == "info"


@KINDS
@pytest.mark.parametrize("identity", ["original", "simplified"])
def test_a_destination_filter_ends_it(destination: Destination, identity: IdentityMode) -> None:
    for agent, sent in ((BOTS["Googlebot"], False), (PEOPLE[0], True)):
        settings = CheckSettings(identity=identity)
        made = verdict_on(visit(agent), destination, NOW, size=500, settings=settings, filters=(DROPPED,))
        assert [one for one in made.findings if one.severity != "info"] == []
        assert bool(made.translation.operations) == sent


def test_every_name_has_its_source() -> None:
    names = [name.lower() for names in CRAWLERS.values() for name in names]
    assert len(names) == len(set(names))
    assert all(source.startswith("https://") for source in CRAWLERS)
    assert all(
        crawler(f"Mozilla/5.0 (compatible; {name}/1.0)").lower() == name.lower()
        for names in CRAWLERS.values()
        for name in names
    )
