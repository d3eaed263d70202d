"""`[device_mode]`: Mixpanel in the settings that analytics.js gets, and the way to Segment's script."""

from __future__ import annotations

from typing import Any, cast

from ingesting import NOW, Sink, ask

from segtap.core.engine.build import device_mode_of
from segtap.core.ingest.app import IngestApp
from segtap.core.settings import (
    ClassicSettings,
    DestinationSettings,
    DeviceModeSettings,
    IngestSettings,
    Secret,
    Settings,
)

SCRIPT = "/next-integrations/integrations/mixpanel/latest/mixpanel.dynamic.js.gz"
PART = "/analytics-next/bundles/ajs-destination.bundle.40628baed746e9904edc.js"


def app(settings: Settings) -> IngestApp:
    return IngestApp(
        Sink(),
        IngestSettings(),
        clock=lambda: NOW,
        wanted=lambda: False,
        device=lambda: device_mode_of(settings),
    )


async def integrations(settings: Settings, path: str = "/v1/projects/wk/settings") -> dict[str, Any]:
    answer = await ask(app(settings), "GET", path, headers=[("host", "127.0.0.1:8765")])
    assert answer.status == 200
    return cast("dict[str, Any]", answer.json["integrations"])


async def test_mixpanel_is_listed_only_when_enabled() -> None:
    assert list(await integrations(Settings())) == ["Segment.io"]
    listed = await integrations(Settings(device_mode=DeviceModeSettings(enabled=True)))
    assert list(listed) == ["Segment.io", "Mixpanel"]


async def test_the_integration_gets_its_settings_and_this_endpoint_and_no_secret() -> None:
    settings = Settings(
        device_mode=DeviceModeSettings(enabled=True),
        destination=DestinationSettings(token="tok", region="eu", api_secret=Secret("a-secret-of-mine")),
        classic=ClassicSettings(people=True, group_identifier_traits=("plan",)),
    )
    mixpanel = (await integrations(settings, "/proxy/v1/projects/wk/settings"))["Mixpanel"]
    assert mixpanel["api_host"] == "http://127.0.0.1:8765/proxy"
    assert (mixpanel["token"], mixpanel["people"], mixpanel["enableEuropeanUnionEndpoint"]) == (
        "tok",
        True,
        True,
    )
    assert mixpanel["groupIdentifierTraits"] == ["plan"]
    assert (mixpanel["type"], mixpanel["bundlingStatus"]) == ("browser", "bundled")
    assert "a-secret-of-mine" not in str(mixpanel)
    assert "apiKey" not in mixpanel


async def test_without_a_token_a_stand_in_lets_the_page_start() -> None:
    listed = await integrations(Settings(device_mode=DeviceModeSettings(enabled=True)))
    assert listed["Mixpanel"]["token"] == "YOUR-PROJECT-TOKEN"


async def test_the_scripts_are_segments_own() -> None:
    enabled = DeviceModeSettings(enabled=True)
    for path in (SCRIPT, PART):
        answer = await ask(app(Settings(device_mode=enabled)), "GET", "/proxy" + path)
        assert (answer.status, answer.headers["location"]) == (302, f"https://cdn.segment.com{path}")
    own = DeviceModeSettings(enabled=True, integration_cdn_url="http://127.0.0.1:9/")
    answer = await ask(app(Settings(device_mode=own)), "GET", SCRIPT)
    assert answer.headers["location"] == f"http://127.0.0.1:9{SCRIPT}"
    assert (await ask(app(Settings()), "GET", SCRIPT)).status == 404
    for path in ("/next-integrations/", "/next-integrations/a\r\nb", "/next-integrations/ä", "/other/x.js"):
        assert (await ask(app(Settings(device_mode=enabled)), "GET", path)).status == 404
