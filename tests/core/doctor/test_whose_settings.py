"""Whose settings the doctor judges: the engine's active ones, wherever it is asked; and no secret."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from check_helpers import NOW
from engines import API_SECRET, isolate, post, running_engine
from streams import call

from segtap.core import config
from segtap.core.api.client import Client
from segtap.core.doctor import Diagnosis, Facts, Messages, diagnose, newest_messages, with_own_secrets
from segtap.core.masks import masked_settings
from segtap.core.segment_names import destination_of
from segtap.core.settings import DestinationSettings, JournalSettings, Secret, Settings

TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8ff9"
ENVIRON = {
    "MIXPANEL_TOKEN": TOKEN,
    "MIXPANEL_SECRET": API_SECRET,
    "MIXPANEL_SERVICE_ACCOUNT": "segtap.1a2b3c:qL9vWc3nT7xR5zK1",
    "SEGTAP_PORT": "0",
}
CLASSIC = """
identity = "simplified"
mixpanel_group_keys = ["company_id"]
[destination]
kind = "classic-cloud"
region = "eu"
project_region = "us"
project_id = 123
[classic]
people = true
consolidated_page_calls = false
track_named_pages = true
group_identifier_traits = ["company_id"]
[[filters]]
name = "No tests"
if = 'event = "Test"'
action = "drop"
"""
PAGE = call("page", userId="u-1", name="Plans", messageId="7e0c1d5f-31d1-4b5a-a5a4-0a6d4a2b7f10")
HERE = Settings()
"""The settings of an empty folder without a token."""


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)


def settings(folder: Path, text: str = CLASSIC, name: str = "segtap.toml") -> Settings:
    file = folder / name
    file.write_text(text)
    return config.load({"journal": {"path": str(folder / "journal.db")}}, file=file)


def verdicts(found: Messages) -> dict[str, Diagnosis]:
    given = Facts(
        found.settings,
        destination_of(found.settings),
        found.details,
        source=found.source,
        judged_by=found.judged_by,
        fault=found.fault,
        now=NOW,
    )
    return {one.check: one for one in diagnose(given)}


def assert_no_secret(value: object) -> None:
    text = repr(value) + msgspec.json.encode(value).decode()
    for secret in (API_SECRET, "qL9vWc3nT7xR5zK1"):
        assert secret not in text


async def test_the_engine_is_asked_for_its_settings(tmp_path: Path) -> None:
    async with running_engine(settings(tmp_path)) as (engine, _):
        await post(engine.url, PAGE)
        await engine.indexed()
        found = await newest_messages(HERE, limit=10, url=engine.url)
    assert found.settings == masked_settings(engine.settings)
    assert_no_secret(found.settings)
    told = verdicts(found)
    first = diagnose(Facts(found.settings, destination_of(found.settings), found.details, now=NOW))[0]
    assert first.check == "settings"
    assert f"the segtap at {engine.url} ({tmp_path / 'segtap.toml'}" in told["settings"].words
    for words in (
        "Mixpanel (Legacy), cloud mode",
        "endpoint EU; project in US",
        "token a1b2…f9",
        "API secret set",
        "service account set, project_id 123",
        "Simplified ID Merge",
        "group keys company_id",
        "People on",
        "pages: track_named_pages",
        "group_identifier_traits company_id",
        "1 destination filter",
    ):
        assert words in told["settings"].words
    assert told["settings"].standing == "good"
    assert told["region"].standing == "error"
    assert told["token"].standing == "unknown"
    assert "segtap sends /import with segtap.1a2b3c and project_id 123" in told["service-account"].words


async def test_settings_that_were_read_again_are_the_active_ones(tmp_path: Path) -> None:
    async with running_engine(settings(tmp_path)) as (engine, client):
        settings(tmp_path, CLASSIC.replace('"us"', '"eu"').replace("simplified", "original"))
        await client.set_forwarding(reread=True)
        found = await newest_messages(HERE, limit=10, url=engine.url)
    assert (found.settings.destination.project_region, found.settings.identity) == ("eu", "original")
    # They are kept, too: who reads the journal afterwards judges by them.
    kept = await newest_messages(Settings(journal=engine.settings.journal), limit=10)
    assert kept.settings == found.settings


async def test_what_waits_for_forwarding_to_be_off_is_not_active(tmp_path: Path) -> None:
    dry = msgspec.structs.replace(settings(tmp_path), dry_run=True)
    async with running_engine(dry, forwarding=True) as (engine, client):
        settings(tmp_path, CLASSIC.replace('"us"', '"eu"').replace("people = true", "people = false"))
        await client.set_forwarding(reread=True)
        found = await newest_messages(HERE, limit=10, url=engine.url)
    assert found.settings.destination.project_region == "us"
    assert not found.settings.classic.people
    assert "it is used once forwarding is off" in verdicts(found)["engine"].words


async def test_a_journal_is_judged_by_what_its_engine_last_ran_with(tmp_path: Path) -> None:
    async with running_engine(settings(tmp_path)) as (engine, client):
        await post(engine.url, PAGE)
        await engine.indexed()
        asked = await newest_messages(HERE, limit=10, url=engine.url)
        await client.clear()
        await post(engine.url, PAGE)
        await engine.indexed()
    here = Settings(journal=JournalSettings(path=str(tmp_path / "journal.db")))
    kept = await newest_messages(here, limit=10)
    assert kept.settings == asked.settings
    assert "those that the segtap of" in kept.judged_by
    assert [one.verdict.translation.operations[0].request.body for one in kept.details] == [
        one.verdict.translation.operations[0].request.body for one in asked.details
    ]
    for file in tmp_path.glob("journal.db*"):
        assert API_SECRET.encode() not in file.read_bytes()
        assert b"qL9vWc3nT7xR5zK1" not in file.read_bytes()


async def test_a_file_that_is_named_goes_before_engine_and_journal(tmp_path: Path) -> None:
    other = settings(tmp_path, '[destination]\nregion = "us"\nproject_region = "us"\n', "other.toml")
    async with running_engine(settings(tmp_path)) as (engine, _):
        await post(engine.url, PAGE)
        await engine.indexed()
        asked = await newest_messages(other, limit=10, url=engine.url, override=True)
    kept = await newest_messages(other, limit=10, override=True)
    for found in (asked, kept):
        assert found.settings.destination.kind == "actions"
        (detail,) = found.details
        assert detail.verdict.translation.operations[0].request.url.endswith("/import?strict=1")
        told = verdicts(found)
        assert told["region"].standing == "good"
        assert "other.toml and SEGTAP_* variables, not those" in told["settings"].words


async def test_a_journal_that_keeps_no_settings_is_judged_by_those_here(tmp_path: Path) -> None:
    own = settings(tmp_path)
    (tmp_path / "journal.db").touch()
    found = await newest_messages(own, limit=10)
    assert found.settings == own
    assert "keeps none of the segtap that filled it" in found.judged_by


async def test_a_tracking_plan_that_is_gone_leaves_the_rest(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text('{"rules": [{"type": "TRACK", "key": "Paid", "version": 1, "jsonSchema": {}}]}')
    async with running_engine(settings(tmp_path, f'plan = "{plan}"\n{CLASSIC}')) as (engine, _):
        await post(engine.url, PAGE)
        await engine.indexed()
    plan.unlink()
    found = await newest_messages(Settings(journal=engine.settings.journal), limit=10)
    assert (len(found.details), found.settings.plan) == (1, "")
    assert str(plan) in verdicts(found)["engine"].words


async def test_settings_with_odd_texts_are_kept_and_told(tmp_path: Path) -> None:
    odd = msgspec.structs.replace(settings(tmp_path), plan="", origin="/tm\udcffp/segtap.toml")
    async with running_engine(odd) as (engine, client):
        assert (await client.settings()).origin == "/tm\ufffdp/segtap.toml"
    kept = await newest_messages(Settings(journal=engine.settings.journal), limit=1)
    assert kept.settings.origin == "/tm\ufffdp/segtap.toml"


def test_mixpanel_is_asked_with_own_secrets_of_the_same_project_only() -> None:
    own = DestinationSettings(
        token=TOKEN, api_secret=Secret(API_SECRET), service_account=Secret("segtap.1:s3cr3t-one")
    )
    judged = masked_settings(Settings(destination=own)).destination
    assert with_own_secrets(judged, own) == own
    elsewhere = msgspec.structs.replace(own, token="0" * 32, service_account=Secret("other.2:s3cr3t-two"))
    asked = with_own_secrets(judged, elsewhere)
    assert (asked.token, asked.api_secret, asked.service_account) == (TOKEN, Secret(), Secret())


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        ("", ""),
        ("segtap.1:s3cr3t-one", "segtap.1:••••"),
        ("s3cr3t-without-a-colon", "••••"),
        (":s3cr3t-one", ":••••"),
        ("segtap.1:", "segtap.1:"),
    ],
)
def test_of_a_service_account_the_name_and_what_is_wrong_stay(account: str, shown: str) -> None:
    given = Settings(destination=DestinationSettings(service_account=Secret(account)))
    assert masked_settings(given).destination.service_account.reveal() == shown


async def test_without_the_token_nobody_gets_the_settings(tmp_path: Path) -> None:
    async with running_engine(settings(tmp_path)) as (engine, _), Client(engine.url, "wrong") as client:
        with pytest.raises(Exception, match="does not know that token"):
            await client.settings()
