"""With redaction rules, an engine stores, lists, finds, exports and forwards what is left."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from urllib.parse import quote_plus

import httpx
import msgspec
import pytest
from engines import engine_settings, isolate, listed, post, running_engine, track, until

from segtap.core.config import load
from segtap.core.errors import SettingsError
from segtap.core.settings import Redaction, Secret
from segtap.core.stand_in.server import MixpanelServer

EMAIL = "me@example.com"
BY_PATH = Redaction(path="**.email", action="hash")
BY_PATTERN = Redaction(pattern=r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


async def test_the_value_is_nowhere(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel, httpx.AsyncClient(trust_env=False) as http:
        settings = msgspec.structs.replace(
            engine_settings(tmp_path, mixpanel_url=mixpanel.url), redact=(BY_PATH, BY_PATTERN)
        )
        async with running_engine(settings, forwarding=True) as (engine, client):
            mine = track("m-1", properties={"email": EMAIL, "note": f"from {EMAIL}"}, userId=EMAIL)
            packed = gzip.compress(json.dumps({"batch": [mine]}).encode())
            headers = {"content-encoding": "gzip", "content-type": "application/json"}
            answer = await http.post(f"{engine.url}/v1/batch", content=packed, headers=headers)
            assert answer.status_code == 200
            record = {
                "event": "Viewed",
                "properties": {"token": "t" * 32, "distinct_id": EMAIL, "mp_lib": "web"},
            }
            data = quote_plus(base64.b64encode(json.dumps([record]).encode()).decode())
            form = {"content-type": "application/x-www-form-urlencoded"}
            assert (await http.post(f"{engine.url}/track/", content=f"data={data}", headers=form)).text == "1"
            refused = await http.post(f"{engine.url}/v1/batch", content=f'{{"batch": [{{"userId": "{EMAIL}"')
            assert refused.status_code == 400
            await listed(client, 3)
            await until(client, lambda state: state.deliveries.sent >= 1)

            stored = await engine.parts.stores.receipts.read()
            assert len(stored) == 3
            for receipt in stored:
                assert EMAIL not in repr(receipt)
                assert base64.b64encode(EMAIL.encode())[:-4].decode() not in repr(receipt)
            assert (await client.page(filter="example.com")).summaries == ()
            assert len((await client.page(filter='"from redacted"')).summaries) == 1
            lines = b"".join([line async for line in client.export()])
            assert EMAIL.encode() not in lines
            assert b'"note":"from redacted"' in lines.replace(b": ", b":")
            (event,) = [one for one in mixpanel.events if one["event"] == "Signed Up"]
            assert event["properties"]["note"] == "from redacted"
            assert event["properties"]["email"].startswith("redacted-")
            details = [await client.detail(line.id) for line in (await client.page()).summaries]
            assert not any(EMAIL in repr(detail) for detail in details)


async def test_rules_of_the_file_hold_from_the_next_request_on(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, track("m-1", properties={"email": EMAIL}))
        parts = engine.parts
        changed = msgspec.structs.replace(engine.settings, redact=(BY_PATH,))
        await parts.change.apply(changed)
        await post(engine.url, track("m-2", properties={"email": EMAIL, "n": "x" * 100_000}))
        await listed(client, 2)
        one, two = await parts.stores.receipts.read()
        assert EMAIL.encode() in one.body
        assert EMAIL.encode() not in two.body
        assert b'"redacted-' in two.body
        assert b"x" * 100_000 in two.body


def test_rules_are_read_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text('[[redact]]\npath = "traits.email"\naction = "hash"\n[[redact]]\npattern = "x+"\n')
    settings = load(file=file, environ={"KEY": "k"}, flags={"ingest": {"redact_key_env": "KEY"}})
    assert settings.redact == (Redaction(path="traits.email", action="hash"), Redaction(pattern="x+"))
    assert settings.ingest.redact_key == Secret("k")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[redact]]\npattern = "("', r"segtap.toml, line 1: redaction rule 1: the pattern cannot be read"),
        ("[[redact]]\nname = 'x'", "has neither path nor pattern"),
        ("[[redact]]\npaths = 'x'", r"has no key 'paths'"),
        ("[[redact]]\npath = 'x'\naction = 'mask'", "redaction rule 1: Invalid enum value 'mask'"),
        ("redact = 1", "Write each below a line"),
    ],
)
def test_a_rule_that_cannot_be_read_is_an_error_at_the_start(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=words):
        load(file=file, environ={})
