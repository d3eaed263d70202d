"""`segtap export` in its formats, from a running engine and from its journal's file."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from command_line import run
from engines import engine_settings, isolate, listed, post, track, until
from har_schema import HAR

from segtap.core.api.client import Client
from segtap.core.engine.lifecycle import Engine
from segtap.core.stand_in.server import MixpanelServer
from segtap.core.stores.sqlite.place import chosen_path

SECRET = "5ecre7-0f-the-proj3ct"
FORMULA = "=HYPERLINK(A1)"
RECORD = {"event": "Seen", "properties": {"token": "t", "distinct_id": "d", "$insert_id": "i-1", "time": 1}}


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with a batch, a compressed request, a profile, a record of Mixpanel's SDK, and a refusal."""
    path = tmp_path_factory.mktemp("exported") / "journal.db"
    asyncio.run(fill(path))
    return path


async def fill(path: Path) -> None:
    async with Engine(engine_settings(path.parent)) as engine:
        url = engine.url
        await post(url, track("m-1", FORMULA, properties={"total": -5, "my key": "\x1b[31m+1"}), track("m-2"))
        body = gzip.compress(json.dumps({"batch": [track("m-3", "Ended")]}).encode())
        async with httpx.AsyncClient() as http:
            await http.post(f"{url}/v1/batch", content=body, headers={"content-encoding": "gzip"})
            traits = {"type": "identify", "userId": "u-1", "messageId": "m-4", "traits": {"plan": "pro"}}
            await http.post(f"{url}/v1/identify?api_secret={SECRET}", json=traits, auth=("wk", ""))
            await http.post(f"{url}/track?verbose=1", data={"data": json.dumps(RECORD)})
            await http.post(f"{url}/v1/batch", content=b"{")
        async with Client(url, engine.token) as client:
            await listed(client, 6)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setenv("MIXPANEL_TOKEN", "t")
    monkeypatch.chdir(tmp_path)


def exported(journal: Path, *arguments: str) -> bytes:
    assert run("export", *arguments, "--journal", str(journal), "--output", "out") == 0
    return Path("out").read_bytes()


def lines_of(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.splitlines()]


def test_mixpanel_gets_events_without_the_token(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = lines_of(exported(journal, "--format", "mixpanel"))
    assert [event["event"] for event in events] == [FORMULA, "Signed Up", "Ended", "Seen"]
    assert all(event.keys() == {"event", "properties"} for event in events)
    properties = events[0]["properties"]
    assert properties["$insert_id"] == "m-1"
    assert properties["total"] == -5
    assert "token" not in properties
    assert events[3]["properties"] == {name: v for name, v in RECORD["properties"].items() if name != "token"}
    said = capsys.readouterr().err
    assert "1 update for /engage left out" in said
    assert "4 events written to out" in said


def test_a_table_holds_no_formula(journal: Path) -> None:
    columns = 'event,properties.total,properties."my key",messageId'
    rows = list(csv.reader(io.StringIO(exported(journal, "--format", "csv", "--columns", columns).decode())))
    assert rows[0] == ["event", "properties.total", 'properties."my key"', "messageId"]
    assert rows[1][:2] == [f"'{FORMULA}", "-5"]
    assert "\x1b" not in rows[1][2]
    assert rows[1][3] == "m-1"
    assert [row[3] for row in rows[1:5]] == ["m-1", "m-2", "m-3", "m-4"]
    assert rows[5][0] == "Seen"


def test_a_table_without_chosen_columns_has_the_usual_ones(journal: Path) -> None:
    assert run("export", "id:m-4", "--journal", str(journal), "--output", "out.csv") == 0
    (row,) = csv.DictReader(io.StringIO(Path("out.csv").read_text()))
    assert row["type"] == "identify"
    assert json.loads(row["traits"]) == {"plan": "pro"}


@pytest.mark.parametrize("columns", ["properties..total", ".", 'properties."a', "total."])
def test_what_is_no_path_is_no_column(
    journal: Path, columns: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("export", "--format", "csv", "--columns", columns, "--journal", str(journal)) == 2
    assert "is not a column" in capsys.readouterr().err
    assert run("export", "--columns", "event", "--journal", str(journal)) == 2


def test_a_column_that_no_message_has_is_named(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exported(journal, "--format", "csv", "--columns", "event,properties.total,propertys.total")
    said = capsys.readouterr().err
    assert "No message has propertys.total." in said
    exported(journal, "id:m-2", "--format", "csv", "--columns", "event", "--yes")
    exported(journal, "id:none", "--format", "csv", "--columns", "propertys.total", "--yes")
    assert "No message has" not in capsys.readouterr().err


def test_requests_make_a_har_file_without_secrets(journal: Path) -> None:
    data = exported(journal, "--format", "har")
    har = json.loads(data)
    jsonschema_rs.validator_for(HAR, validate_formats=True).validate(har)
    entries = har["log"]["entries"]
    assert len(entries) == 5
    assert SECRET not in data.decode()
    batch, packed, identify, device, refused = entries
    assert [one["messageId"] for one in json.loads(batch["request"]["postData"]["text"])["batch"]] == [
        "m-1",
        "m-2",
    ]
    assert json.loads(batch["response"]["content"]["text"]) == {"success": True}
    assert json.loads(packed["request"]["postData"]["text"])["batch"][0]["messageId"] == "m-3"
    assert packed["request"]["comment"] == "sent as gzip, unpacked here"
    headers = {one["name"]: one["value"] for one in identify["request"]["headers"]}
    assert headers["authorization"] == "Basic ••••"
    assert "api_secret=" in identify["request"]["url"]
    assert json.loads(device["response"]["content"]["text"]) == {"status": 1, "error": None}
    assert refused["response"]["status"] == 400
    assert json.loads(refused["response"]["content"]["text"])["success"] is False


def test_requests_are_chosen_by_their_messages(journal: Path) -> None:
    (entry,) = json.loads(exported(journal, "id:m-2", "--format", "har"))["log"]["entries"]
    assert "m-1" in entry["request"]["postData"]["text"]
    (refused,) = json.loads(exported(journal, "is:refused", "--format", "har", "--yes"))["log"]["entries"]
    assert refused["response"]["status"] == 400


def test_an_archive_is_compressed_and_holds_segment_messages(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = exported(journal, "--format", "segment-archive")
    assert not data[3] & 8, "the archive names a file within itself"
    messages = lines_of(gzip.decompress(data))
    assert [one["messageId"] for one in messages] == ["m-1", "m-2", "m-3", "m-4"]
    assert all({"receivedAt", "timestamp", "originalTimestamp"} & one.keys() for one in messages)
    assert "1 record of Mixpanel's own SDKs" in capsys.readouterr().err


def test_the_name_of_the_file_says_format_and_compression(journal: Path) -> None:
    assert run("export", "--journal", str(journal), "--output", "out.jsonl.gz") == 0
    assert len(lines_of(gzip.decompress(Path("out.jsonl.gz").read_bytes()))) == 5
    assert run("export", "--journal", str(journal), "--output", "out.har.gz") == 0
    assert json.loads(gzip.decompress(Path("out.har.gz").read_bytes()))["log"]["version"] == "1.2"


def test_nothing_is_written_over_unasked_or_by_halves(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out").write_text("mine")
    assert run("export", "--journal", str(journal), "--output", "out") == 2
    assert run("export", "typ:track", "--journal", str(journal), "--output", "out", "--yes") == 2
    assert Path("out").read_text() == "mine"
    assert run("export", "--journal", str(journal), "--output", "no/out") == 2
    assert "cannot be written" in capsys.readouterr().err
    assert run("export", "nothing-like-it", "--journal", str(journal), "--output", "out", "--yes") == 0
    assert Path("out").read_bytes() == b""


async def test_what_was_refused_is_exported_and_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with (
            Engine(settings, forwarding=True) as engine,
            Client(engine.url, engine.token) as client,
        ):
            at = {"timestamp": "2026-11-24T21:00:00Z"}
            await post(engine.url, track("good", **at), track("bad_id", **at))
            await until(client, lambda state: state.deliveries.sent == 1 and state.deliveries.refused == 1)
            output = ("export", "delivery:refused", "--url", engine.url, "--output", "refused.jsonl")
            assert await asyncio.to_thread(run, *output) == 0
            (line,) = Path("refused.jsonl").read_text().splitlines()
            assert json.loads(line)["messageId"] == "bad_id"
            Path("mended.jsonl").write_text(line.replace("bad_id", "mended"))
            assert await asyncio.to_thread(run, "replay", "mended.jsonl", "--url", engine.url) == 0
            await until(client, lambda state: state.deliveries.sent == 2)
        assert {event["properties"]["$insert_id"] for event in mixpanel.events} == {"good", "mended"}


async def test_without_a_journal_the_running_engine_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asyncio.to_thread(run, "export", "--output", "out") == 2
    assert "There is no journal" in capsys.readouterr().err
    async with Engine(engine_settings(tmp_path)) as engine:
        await post(engine.url, track("m-1"))
        assert await asyncio.to_thread(run, "export", "--output", "out") == 0
        assert [line["messageId"] for line in lines_of(Path("out").read_bytes())] == ["m-1"]
        assert f"the segtap at {engine.url}" in capsys.readouterr().err
        # A journal that was named has to be there.
        assert await asyncio.to_thread(run, "export", "--journal", "other.db", "--output", "other") == 2


async def test_an_empty_export_names_the_engine_with_another_journal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = chosen_path("").parent
    usual.mkdir(parents=True)
    async with Engine(engine_settings(usual)):
        pass  # the usual journal, which stays empty
    async with Engine(engine_settings(tmp_path)) as engine:
        await post(engine.url, track("m-1"))
        assert await asyncio.to_thread(run, "export", "--output", "out") == 0
        assert Path("out").read_bytes() == b""
        assert f"a segtap with another journal runs: --url {engine.url}" in capsys.readouterr().err
        assert await asyncio.to_thread(run, "export", "--url", engine.url, "--output", "there") == 0
        assert b"m-1" in Path("there").read_bytes()


async def test_a_record_of_mixpanels_sdk_is_found_by_its_insert_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Engine(engine_settings(tmp_path)) as engine:
        async with httpx.AsyncClient() as http:
            await http.post(f"{engine.url}/track?verbose=1", data={"data": json.dumps(RECORD)})
        async with Client(engine.url, engine.token) as client:
            await listed(client, 1)
        for command in (("copy", "i-1", "--as", "received"), ("why", "i-1", "--url", engine.url)):
            assert await asyncio.to_thread(run, *command) == 0, command
            assert "Seen" in capsys.readouterr().out
        assert await asyncio.to_thread(run, "deliveries", "list", "i-1", "--url", engine.url) == 0
        assert await asyncio.to_thread(run, "copy", "i-2") == 2


async def test_a_running_engine_writes_the_same_as_its_file(tmp_path: Path, journal: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(journal.read_bytes())
    for shape in ("jsonl", "mixpanel", "csv", "har", "segment-archive"):
        await asyncio.to_thread(exported, path, "--format", shape, "--yes")
        offline = Path("out").read_bytes()
        async with Engine(engine_settings(path.parent)):
            await asyncio.to_thread(exported, path, "--format", shape, "--yes")
        assert Path("out").read_bytes() == offline, shape
