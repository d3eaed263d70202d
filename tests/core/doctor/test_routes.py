"""What the doctor says of each of [[routes]]: its place, its sources, and whether it answers."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from answering_server import AnsweringServer, Said
from check_helpers import NOW
from doctoring import read, settings_of
from engines import engine_settings, isolate, listed, post, running_engine, track, until
from s3_server import ACCESS_KEY, SECRET_KEY, S3Server
from streams import call

from segtap.core.api.models import RouteState
from segtap.core.doctor import Diagnosis, Facts, ask_routes, diagnose, newest_messages
from segtap.core.relay import objects as objects_module
from segtap.core.segment_names import destination_of
from segtap.core.settings import RouteSettings, Settings

LOGIN = call("identify", userId="u-1", traits={"plan": "pro"})


def route(name: str, kind: str, **keys: Any) -> str:
    lines = [f"{key} = {value!r}" for key, value in {"name": name, "kind": kind, **keys}.items()]
    return "[[routes]]\n" + "\n".join(lines)


def of_routes(settings: Settings, *write_keys: str, states: tuple[RouteState, ...] = ()) -> list[Diagnosis]:
    """The verdicts on the routes; a message was received with each of these write keys."""
    details = [
        msgspec.structs.replace(detail, write_key=key)
        for detail, key in zip(read([LOGIN] * len(write_keys), settings), write_keys, strict=True)
    ]
    facts = Facts(settings, destination_of(settings), details, routes=states, now=NOW)
    return [one for one in diagnose(facts) if one.check in ("routes", "route")]


def test_without_routes_nothing_is_said_of_them(tmp_path: Path) -> None:
    assert of_routes(settings_of(tmp_path), "web") == []


def test_a_route_that_is_well_says_where_it_leads_and_how_it_stands(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        route("mixpanel", "mixpanel")
        + "\n"
        + route("eu", "segment", region="eu", write_keys=["web-write-key"]),
    )
    state = RouteState(name="eu", kind="segment", sent=1200, waiting=3)
    plain, mirror = of_routes(settings, "web-write-key", "app", states=(state,))
    assert (plain.standing, plain.title) == ("good", "Route mixpanel: Mixpanel")
    assert mirror.title == "Route eu: Segment at https://events.eu1.segmentapis.com"
    assert mirror.standing == "good"
    assert mirror.words == "takes 1 of 2 messages, by write key · 1,200 sent, 3 waiting"


@pytest.mark.parametrize(
    ("keys", "received", "standing"),
    [
        (["web-write-key"], ["other-write-key"], "warning"),
        (["web-write-key", "other-write-key"], ["other-write-key"], "note"),
        (["web-write-key"], [], "good"),
        (["web-write-key"], [""], "warning"),
    ],
)
def test_write_keys_that_never_came(
    tmp_path: Path, keys: list[str], received: list[str], standing: str
) -> None:
    settings = settings_of(tmp_path, route("app", "mixpanel", write_keys=keys))
    (found,) = of_routes(settings, *received)
    assert found.standing == standing
    assert "web-write-key" not in repr(found)
    if standing != "good":
        assert "no message has the write key web-…ey" in found.words


def test_sources_are_called_by_their_names(tmp_path: Path) -> None:
    source = '[[sources]]\nname = "Web shop"\nwrite_keys = ["web-write-key"]\n'
    settings = settings_of(tmp_path, source + route("app", "mixpanel", write_keys=["web-write-key"]))
    (found,) = of_routes(settings, "other-write-key")
    assert found.words == "no message has the write key web-…ey (Web shop), of 1 message with othe…ey"


def test_a_mirror_to_segtap_itself(tmp_path: Path) -> None:
    text = "[ingest]\nport = 9123\n" + route("loop", "segment", url="http://localhost:9123")
    nowhere, loop = of_routes(settings_of(tmp_path, text))
    assert (nowhere.check, nowhere.standing) == ("routes", "note")
    assert loop.standing == "error"
    assert "which is this segtap itself" in loop.words
    elsewhere = text.replace("localhost:9123", "localhost:9124")
    assert of_routes(settings_of(tmp_path, elsewhere))[1].standing == "good"


def test_an_archive_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    settings = settings_of(tmp_path, route("kept", "archive", url="file/below"))
    found = of_routes(settings)[-1]
    assert (found.standing, found.words) == ("error", f"{tmp_path / 'file'} is not a folder")
    settings = settings_of(tmp_path, route("kept", "archive", url="new/folder"))
    assert of_routes(settings)[-1].standing == "good"
    assert not (tmp_path / "new").exists()
    with monkeypatch.context() as patched:
        patched.setattr(objects_module.os, "access", lambda *_: False)
        assert of_routes(settings)[-1].words == f"{tmp_path} cannot be written by this user"
    bucket = settings_of(tmp_path, route("kept", "archive", url="s3://bucket/prefix"))
    assert of_routes(bucket)[-1].standing == "good"
    monkeypatch.setattr(objects_module, "find_spec", lambda name: None)
    assert "pip install 'segtap[s3]'" in of_routes(bucket)[-1].words


def test_what_a_route_cannot_send_is_a_warning(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, route("eu", "segment"))
    for changes, words in (
        ({"refused": 2}, "some of its requests do not arrive · 2 refused"),
        ({"fault": "The mirror eu: no answer (trying again)"}, "The mirror eu: no answer (trying again)"),
    ):
        found = of_routes(settings, states=(RouteState(name="eu", kind="segment", **changes),))[-1]
        assert (found.standing, found.words) == ("warning", words)
        assert found.fix


def test_without_a_route_to_mixpanel_no_token_is_missed(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, route("eu", "segment"), MIXPANEL_TOKEN="")
    facts = Facts(settings, destination_of(settings), [], now=NOW)
    assert "token" not in {one.check for one in diagnose(facts)}


async def test_the_routes_of_a_running_segtap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    async with AnsweringServer() as segment:
        url = segment.url
        mirror = RouteSettings(name="mirror", kind="segment", url=segment.url)
        settings = msgspec.structs.replace(engine_settings(tmp_path, token=""), routes=(mirror,))
        async with running_engine(settings) as (engine, client):
            await client.set_forwarding(True)
            await post(engine.url, track("m-1"))
            await listed(client, 1)
            await until(client, lambda state: state.routes[0].sent == 1)
            found = await newest_messages(settings, limit=10, url=engine.url)
    (one,) = [one for one in diagnose(Facts.of(found, NOW)) if one.check == "route"]
    assert one.title == f"Route mirror: Segment at {url}"
    assert one.words == "takes the messages of every source · 1 sent"


@contextlib.contextmanager
def credentials(monkeypatch: pytest.MonkeyPatch, key: str) -> Any:
    with monkeypatch.context() as patched:
        patched.setenv("AWS_ACCESS_KEY_ID", key)
        patched.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        yield


async def test_servers_are_asked_without_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with AnsweringServer(lambda got: Said(404)) as segment, S3Server() as s3:
        bucket = {"url": "s3://bucket/prefix", "endpoint": s3.url, "bucket_region": "eu-west-1"}
        text = "\n".join(
            [
                route("mixpanel", "mixpanel"),
                route("mirror", "segment", url=f"{segment.url}/base"),
                route("gone", "segment", url="http://127.0.0.1:9"),
                route("folder", "archive", url="kept"),
                route("bucket", "archive", **bucket),
            ]
        )
        settings = settings_of(tmp_path, text)
        with credentials(monkeypatch, ACCESS_KEY):
            mirror, gone, archive = await ask_routes(settings)
            missing = settings_of(tmp_path, route("bucket", "archive", **{**bucket, "url": "s3://missing"}))
            (absent,) = await ask_routes(missing)
        with credentials(monkeypatch, "AKIASOMEONEELSE"):
            denied = (await ask_routes(settings))[-1]
    assert (mirror.standing, gone.standing, archive.standing) == ("good", "error", "good")
    assert [(one.method, one.target, one.body) for one in segment.got] == [("GET", "/base", b"")] * 2
    assert gone.words.startswith("127.0.0.1:9 gave no answer: ")
    assert denied.standing == "unknown", denied.words
    assert "may not list it" in denied.words
    assert absent.words == "the bucket could not be asked: NoSuchBucket: The bucket does not exist"
    assert (s3.objects, s3.puts) == ({}, 0)
    assert SECRET_KEY not in repr([archive, denied])
    broken = settings_of(tmp_path, route("bucket", "archive", **{**bucket, "endpoint": "http://127.0.0.1:9"}))
    with credentials(monkeypatch, ACCESS_KEY):
        (away,) = await ask_routes(broken)
    assert away.standing == "error"
    assert away.words.startswith("the bucket could not be asked: ")
