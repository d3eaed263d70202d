"""One engine whose Mixpanel repeats every secret, and whose messages hold them: nothing tells one whole.

Read are the journal's words, the log, the feed, the control API and the commands, with an engine and without.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from engines import listed, track, until
from secret_forms import forms

from segtap.core.api.client import Client
from segtap.core.api.operations import PREFIX
from segtap.core.serve.notes import find_engine
from segtap.core.stand_in.faults import Fault
from segtap.core.stand_in.server import MixpanelServer

pytestmark = pytest.mark.terminal

SEGTAP = [sys.executable, "-P", "-m", "segtap.tui"]
TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8ff9"
API_SECRET = 'pa+ss/w"ord?of-the-project&12345'
PASSWORD = "qL9vWc3nT7/xR5+zK1yB8mD4"
ACCOUNT = f"segtap.1a2b3c:{PASSWORD}"
HEADER = f"Basic {base64.b64encode(ACCOUNT.encode()).decode()}"
FORMS = {**forms(API_SECRET), **{f"password {name}": form for name, form in forms(PASSWORD).items()}}
FORMS |= {"header": HEADER, "account": ACCOUNT}
TELLTALE = set(FORMS.values()) | {form[: len(form) * 3 // 4] for form in FORMS.values()}
"""Every form, and what a cut would leave of it."""
MESSAGES = [
    track(f"m-{n:02}", f"E {form}"[:200], properties={"k": form, form: [f"{'x' * 40} {form}"], "number": n})
    for n, form in enumerate(FORMS.values())
]


@pytest.fixture(autouse=True)
def _settings(own_folders: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPANEL_TOKEN", TOKEN)
    monkeypatch.setenv("MIXPANEL_SECRET", API_SECRET)
    monkeypatch.setenv("MIXPANEL_SERVICE_ACCOUNT", ACCOUNT)


async def segtap(*arguments: str, given: str = "") -> str:
    """What the command writes, on stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *SEGTAP,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told = b"\n".join(await asyncio.wait_for(process.communicate(given.encode()), 60)).decode()
    assert "Traceback" not in told
    return told


@asynccontextmanager
async def forwarding(log: Path) -> AsyncIterator[Client]:
    """`segtap forward` as a process of its own with its log in a file, and a client of it."""
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *SEGTAP,
            "forward",
            "--port",
            "0",
            "--host",
            "127.0.0.1",
            stdout=file,
            stderr=asyncio.subprocess.PIPE,
        )
    assert process.stderr is not None
    try:
        await asyncio.wait_for(process.stderr.readline(), 30)
        async with Client(*find_engine()) as client:
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 30)


async def post(url: str, *messages: dict[str, object]) -> None:
    headers = {"user-agent": f"sdk {API_SECRET}", "authorization": HEADER, "x-secret": API_SECRET}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{url}/v1/batch", json={"batch": list(messages)}, headers=headers)
        assert answer.status_code == 200


async def tail(url: str, *arguments: str) -> str:
    """What `segtap tail` writes about a message; posted until it has been seen, for it tells what comes."""
    telling = asyncio.create_task(segtap("tail", "--count", "1", *arguments))
    number = 0
    while not telling.done():
        number += 1
        await post(url, {**MESSAGES[0], "messageId": f"tail-{number}"})
        await asyncio.wait([telling], timeout=0.3)
    return await telling


def leaks(text: str) -> list[str]:
    """Which forms stand in a text, also where it is wrapped."""
    whole = text + re.sub(r"\s+", "", text)
    return [form for form in TELLTALE if form in whole]


async def test_no_secret_stands_whole_anywhere(tmp_path: Path) -> None:
    told: dict[str, str] = {}
    log = tmp_path / "log.jsonl"
    lines = "\n".join(json.dumps(message) for message in MESSAGES)
    async with MixpanelServer(accounts={ACCOUNT: 5}) as mixpanel:
        (tmp_path / "segtap.toml").write_text(
            f'[destination]\nproject_id = 5\nmixpanel_url = "{mixpanel.url}"\n[journal]\npath = "j.db"\n'
        )
        for n, form in enumerate(FORMS.values()):
            # The secret in the middle of what is kept, and where 300 characters end.
            filling = "" if n % 2 else "w " * ((310 - len(form)) // 2)
            refusal = Fault(400, {"code": 400, "error": f"{filling}wrong: {form} !"})
            for end in "},":
                mixpanel.poison(f'"number":{n}{end}', refusal)
        echo = " ".join(FORMS.values())
        mixpanel.poison("", Fault(401, echo), "/api/app/validate-project-credentials")
        mixpanel.poison("", Fault(403, f"{'e ' * 60}{HEADER}"), "/lookup-tables")
        async with forwarding(log) as client:
            url = client.url
            await post(url, *MESSAGES)
            await until(client, lambda state: state.deliveries.refused == len(MESSAGES))
            # The one that stops forwarding: its words stand in the header, the log and healthz.
            mixpanel.poison("halts", Fault(401, {"error": f"who is {HEADER}? {API_SECRET}"}))
            await post(url, track("last", "halts"))
            state = await until(client, lambda state: "refuses the credentials" in str(state))
            told["state"] = repr(state)
            summaries = await listed(client, len(MESSAGES) + 1)
            told["page"] = repr(summaries)
            details = [await client.detail(line.id) for line in summaries]
            told["details"] = repr(details)
            assert "wrong: •" in told["details"]
            told["engine's export"] = b"".join([line async for line in client.export()]).decode()
            told["overview"] = repr(await client.overview())
            told["users"] = repr(await client.users())
            async for frame in client.feed():
                told["feed"] = repr(frame)
                break
            token = find_engine()[1]
            async with httpx.AsyncClient(trust_env=False) as http:
                http.headers["authorization"] = f"Bearer {token}"
                told["healthz"] = (await http.get(f"{url}{PREFIX}healthz")).text
                told["404"] = (await http.get(f"{url}{PREFIX}{PASSWORD[:10]}/{PASSWORD}")).text
                number = (await http.get(f"{url}{PREFIX}page", params={"limit": API_SECRET})).text
                assert "The query cannot be read" in number
                told["400"] = number
            told["tail"] = await tail(url)
            told["tail as JSON"] = await tail(url, "--format", "json")
            told["doctor of the engine"] = await segtap("doctor", "--online")
            told["export of the engine"] = await segtap("export")
        told["export"] = await segtap("export", "--journal", "j.db")
        told["doctor"] = await segtap("doctor", "--online", "--journal", "j.db")
        told["doctor as JSON"] = await segtap("doctor", "--json", "--online", "--journal", "j.db")
        assert "403" in told["doctor as JSON"]
        assert "401" in told["doctor as JSON"]
        told["one user"] = await segtap("doctor", "--user", "user-7", "--journal", "j.db")
        told["compare"] = await segtap("compare", "actions", "classic-cloud", "--all", "--journal", "j.db")
    for shape in ("table", "json", "github", "junit"):
        told[f"check {shape}"] = await segtap("check", "--format", shape, given=lines)
    told["compare as JSON"] = await segtap(
        "compare", "actions", "classic-cloud", "-", "--format", "json", given=lines
    )
    told["translate"] = await segtap("translate", given=lines)
    told["decode"] = await segtap("decode", "-", given=json.dumps(MESSAGES))
    told["decode of base64"] = await segtap(
        "decode", base64.b64encode(json.dumps(MESSAGES).encode()).decode()
    )
    told["log"] = log.read_text()
    assert "credentials" in told["log"]
    with contextlib.closing(sqlite3.connect(tmp_path / "j.db")) as journal:
        words = [row[0] for row in journal.execute("SELECT words FROM deliveries")]
    told["words of the journal"] = "\n".join(words)
    assert sum("wrong: •" in line or "w w w" in line for line in words) >= len(MESSAGES)

    assert {where: found for where, text in told.items() if (found := leaks(text))} == {}
    exported = [json.loads(line) for line in told["export"].splitlines() if line]
    assert len(exported) > len(MESSAGES)
    # The receipt is what came, and Mixpanel got it so.
    asked = [received for received in mixpanel.requests if received.path == "/import"]
    written = json.dumps(API_SECRET)[1:-1].encode()
    assert any(written in received.text for received in asked)
    assert asked[0].headers["authorization"] == HEADER
    shown = await segtap("translate", "--show-secrets", given=lines)
    assert json.dumps(PASSWORD)[1:-1] in shown
