"""Routes in segtap.toml: read, with clear faults, and the one that there is without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from segtap.core import config
from segtap.core.errors import SettingsError
from segtap.core.masks import MASK, masked_settings, secrets_in_settings
from segtap.core.messages import JsonObject
from segtap.core.settings import DEFAULT_ROUTE, RouteSettings, Settings

MIRROR = "[[routes]]\nname = 'mirror'\nkind = 'segment'\n"
SECOND = (
    "[[routes]]\nname = 'web'\nkind = 'mixpanel'\ntoken = 'abc'\n"
    "[[routes]]\nname = 'app'\nkind = 'mixpanel'\ntoken = 'def'\n"
)
ARCHIVE = "[[routes]]\nname = 'kept'\nkind = 'archive'\n"
MIXPANEL = "[[routes]]\nname = 'web'\nkind = 'mixpanel'\n"


def load(folder: Path, text: str, **environ: str) -> Settings:
    file = folder / "segtap.toml"
    file.write_text(text, encoding="utf-8")
    return config.load(environ=environ, file=file)


def test_without_routes_there_is_one_to_the_project_under_destination(tmp_path: Path) -> None:
    settings = load(tmp_path, "[destination]\ntoken = 'abc'\n")
    assert settings.routes == ()
    assert settings.mixpanel_route == RouteSettings(name=DEFAULT_ROUTE)
    assert settings.whole_routes == ()


def test_routes_are_read(tmp_path: Path) -> None:
    text = (
        MIRROR
        + "region = 'EU'\nwrite_keys = ['k1', 'k2']\nurl = 'http://127.0.0.1:9000/base/'\nmax_requests = 3\n"
        + ARCHIVE
        + "url = 'archive'\n"
        + "[[routes]]\nname = 'bucket'\nkind = 'archive'\nurl = 's3://b/p'\nendpoint = 'http://127.0.0.1:9001'\n"
        + "bucket_region = 'eu-west-1'\n"
    )
    settings = load(tmp_path, text)
    mirror, kept, bucket = settings.routes
    assert mirror == RouteSettings(
        name="mirror",
        kind="segment",
        region="eu",
        write_keys=("k1", "k2"),
        url="http://127.0.0.1:9000/base",
        max_requests=3,
    )
    assert (mirror.takes("k1"), mirror.takes("k3"), kept.takes("k3")) == (True, False, True)
    assert kept.url == str(tmp_path / "archive")
    assert (bucket.url, bucket.endpoint, bucket.bucket_region) == (
        "s3://b/p",
        "http://127.0.0.1:9001",
        "eu-west-1",
    )
    assert settings.mixpanel_route is None
    assert settings.whole_routes == (mirror, kept, bucket)


def test_a_route_to_mixpanel_takes_the_place_of_keys_under_destination(tmp_path: Path) -> None:
    (tmp_path / "web.toml").write_text("[[subscriptions]]\npreset = 'Track Calls'\n", encoding="utf-8")
    text = (
        "[destination]\nregion = 'eu'\nsource_name = 'Web'\ntoken = 'abc'\n"
        + MIRROR
        + MIXPANEL
        + "write_keys = ['k1']\nregion = 'IN'\ntoken_env = 'WEB_TOKEN'\nurl = 'http://127.0.0.1:9000'\n"
        + "subscriptions = 'web.toml'\n"
    )
    settings = load(tmp_path, text.replace("token = 'abc'\n", ""), WEB_TOKEN="def", MIXPANEL_TOKEN="ghi")
    destination = settings.destination
    assert (destination.region, destination.source_name, destination.token) == ("in", "Web", "def")
    assert destination.mixpanel_url == "http://127.0.0.1:9000"
    assert settings.subscriptions is not None
    assert [one.name for one in settings.subscriptions] == ["Track Calls"]
    route = settings.mixpanel_route
    assert route is not None
    assert (route.name, route.takes("k1"), route.takes("k2")) == ("web", True, False)


def test_a_route_can_be_to_the_classic_destination(tmp_path: Path) -> None:
    assert load(tmp_path, MIXPANEL + "destination = 'classic-cloud'\n").destination.kind == "classic-cloud"
    with pytest.raises(SettingsError, match="US and EU only"):
        load(tmp_path, MIXPANEL + "destination = 'classic-cloud'\nregion = 'in'\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("routes = 1", "routes are tables"),
        ("[[routes]]\nname = 'a'", "route 1 has no kind. Write one of mixpanel, segment, archive"),
        ("[[routes]]\nname = 'a'\nkind = 'kafka'", "route 1 has no kind 'kafka'"),
        ("[[routes]]\nkind = 'segment'", "route 1 has no name"),
        ("[[routes]]\nkind = 'segment'\nname = 'My mirror'", "cannot be named 'My mirror'"),
        (MIRROR + MIRROR, "two routes are named mirror"),
        (MIRROR + "writekeys = ['a']", "has no key 'writekeys'. Did you mean write_keys?"),
        (MIRROR + "write_keys = 'a'", "Expected `array`"),
        (MIRROR + "region = 'in'", "Segment has us and eu"),
        (MIRROR + "region = 'moon'", "Invalid enum value 'moon'"),
        (MIRROR + "url = 'segment.example.com'", "it must begin with https:// or http://"),
        (MIRROR + "max_requests = 0", ">= 1"),
        (MIRROR + "token = 'abc'", "token is a key of routes of kind mixpanel, not of segment"),
        (ARCHIVE, "needs url: a folder"),
        (ARCHIVE + "url = 's3://'", "names no bucket"),
        (ARCHIVE + "url = 'gs://bucket'", "url is a folder, or s3://bucket"),
        (ARCHIVE + "url = 'a'\nendpoint = 'http://127.0.0.1'", "endpoint and bucket_region are for s3://"),
        (ARCHIVE + "url = 's3://a'\nendpoint = 'minio'", "endpoint minio is not a URL"),
        (MIXPANEL + MIXPANEL.replace("web", "app"), "route 2 (app) names no project"),
        (MIXPANEL + "filter = 'delivery:sent'", "route 1 (web): filter asks for a delivery"),
        (MIXPANEL + "filter = 'event:('", "route 1 (web): filter, character"),
        (MIRROR + "filter = 'event:A'", "(mirror) cannot have a filter: a mirror passes on whole requests"),
        (
            ARCHIVE + "url = 'a'\nfilter = 'event:A'",
            "before their messages are judged. Choose their sources with write_keys.",
        ),
        (MIXPANEL + "filter = '-is:second'", "filter asks for is:second, which is not known when"),
        (MIXPANEL + "filter = 'type:track (event:A OR is:marked)'", "asks for is:marked"),
        (MIXPANEL + "filter = 'rule:dedupe-mis*'", "asks for the rule dedupe-mis*, which compares"),
        (SECOND.replace("'def'", "'abc'"), "The routes web and app lead to one project"),
        (SECOND + "destination = 'classic-cloud'\nregion = 'in'", "(app): Segment's classic destination"),
        (SECOND + "region = 'moon'", "Invalid enum value 'moon'"),
        (MIXPANEL + "endpoint = 'http://a'", "endpoint is a key of routes of kind archive, not of mixpanel"),
        (MIXPANEL + "region = 'moon'", "Invalid enum value 'moon'"),
    ],
)
def test_a_fault_says_where_it_is_and_what_to_write(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert words in str(caught.value)


def test_each_further_route_to_mixpanel_has_a_project_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "app.toml").write_text("[[subscriptions]]\npreset = 'Track Calls'\n", encoding="utf-8")
    text = (
        "[destination]\nsource_name = 'Shop'\nstrict = false\nproject_id = 7\n"
        + MIXPANEL
        + "token = 'abc'\nregion = 'eu'\n[[routes]]\nname = 'app'\nkind = 'mixpanel'\n"
        + "token_env = 'APP_TOKEN'\n"
        + "api_secret_env = 'APP_SECRET'\nregion = 'US'\nsubscriptions = 'app.toml'\nwrite_keys = ['k2']\n"
        + "filter = 'type:track'\ndestination = 'classic-cloud'\n"
    )
    environ = {
        "APP_TOKEN": "def",
        "APP_SECRET": "an-api-secret-of-the-app",
        "MIXPANEL_SECRET": "of-the-first",
    }
    settings = load(tmp_path, text, **environ)
    web, app = settings.mixpanel_routes
    assert (web.to, settings.for_route("web")) == (None, settings)
    assert (app.filter, app.write_keys) == ("type:track", ("k2",))
    own = settings.for_route("app")
    to = own.destination
    assert (to.token, to.region, to.kind, to.source_name, to.strict) == (
        *("def", "us", "classic-cloud", "Shop", False),
    )
    assert (to.project_id, to.api_secret.reveal()) == (0, "an-api-secret-of-the-app")
    assert own.subscriptions is not None
    assert settings.subscriptions is None
    assert str(own.places["destination.api_secret"]) == "the variable APP_SECRET"
    assert settings.destination.api_secret.reveal() == "of-the-first"
    masked = masked_settings(settings).for_route("app").destination
    assert masked.api_secret.reveal() == MASK
    assert "an-api-secret-of-the-app" in secrets_in_settings(settings)
    assert "an-api-secret" not in str(settings)


def test_a_further_route_takes_no_secret_of_the_first(tmp_path: Path) -> None:
    settings = load(tmp_path, SECOND, MIXPANEL_SECRET="of-the-first", MIXPANEL_SERVICE_ACCOUNT="u:secret")
    to = settings.for_route("app").destination
    assert (str(to.api_secret), str(to.service_account)) == ("", "")


def test_an_address_on_the_command_line_is_that_of_every_project(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text(SECOND, encoding="utf-8")
    flags: dict[str, JsonObject] = {"destination": {"mixpanel_url": "http://127.0.0.1:9000"}}
    settings = config.load(flags, environ={}, file=file)
    for route in settings.mixpanel_routes:
        assert settings.for_route(route.name).destination.mixpanel_url == "http://127.0.0.1:9000"


def test_subscriptions_of_a_route_have_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "web.toml").write_text("identity = 'original'\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"which a route names, has no \[\[subscriptions\]\]"):
        load(tmp_path, MIXPANEL + "subscriptions = 'web.toml'\n")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path, MIXPANEL + "subscriptions = 'app.toml'\n")
