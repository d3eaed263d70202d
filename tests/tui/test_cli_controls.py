"""No command writes a character that acts on a terminal, whatever messages, names and arguments hold."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from engines import engine_settings, listed
from processes import running

from segtap.core.api.client import Client
from segtap.core.copied.formats import EXPORTERS
from segtap.core.engine.lifecycle import Engine
from segtap.tui.cli import COMMANDS

pytestmark = pytest.mark.terminal

SEGTAP = [sys.executable, "-P", "-m", "segtap.tui"]
SIGNS = "".join(
    map(
        chr,
        (
            *(code for code in range(1, 0x20) if code != 0x0A),
            *range(0x7F, 0xA0),
            *(0x61C, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF),
            *range(0x202A, 0x202F),
            *range(0x2066, 0x206A),
        ),
    )
)
"""C0, DEL, C1, bidi controls, line separators, a byte order mark."""
RAW = re.compile(f"[{re.escape(SIGNS)}\ud800-\udfff]")
HOSTILE = f"a{SIGNS}\nz"
NAME = f"n{SIGNS.replace('/', '')}n"
"""For arguments, files and environment variables."""


def message(type: str, **more: Any) -> dict[str, Any]:
    return {
        "type": type,
        "event": HOSTILE,
        "name": HOSTILE,
        "userId": f"u{HOSTILE}",
        "anonymousId": HOSTILE,
        "groupId": HOSTILE,
        "previousId": HOSTILE,
        "messageId": f"{type}{HOSTILE}",
        "properties": {HOSTILE: HOSTILE, "products": [{HOSTILE: HOSTILE}], "total": "9,99 €"},
        "traits": {HOSTILE: HOSTILE, "email": HOSTILE},
        "context": {"library": {"name": HOSTILE}, "ip": HOSTILE, "page": {"path": HOSTILE}, HOSTILE: 1},
        "integrations": {HOSTILE: True},
        **more,
    }


MESSAGES = [message(kind) for kind in ("track", "page", "screen", "identify", "group", "alias", HOSTILE)]
LINES = "\n".join(
    # Half a surrogate pair can only stand in JSON as an escape.
    json.dumps(one, ensure_ascii=False).replace("z", "\\ud800z", 1)
    for one in MESSAGES
)
LINE_END = "\n"
PLAN = {
    "name": HOSTILE,
    "events": [
        {"name": HOSTILE, "description": HOSTILE, "rules": {"properties": {"properties": {"type": "object"}}}}
    ],
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an engine with hostile messages and refused requests, in a loop of its own."""
    folder = tmp_path_factory.mktemp("controls")
    started = threading.Event()
    stop: list[Any] = []

    async def run() -> None:
        async with Engine(engine_settings(folder)) as engine, Client(engine.url, engine.token) as client:
            async with httpx.AsyncClient(trust_env=False) as http:
                body = f'{{"batch":[{LINES.replace(LINE_END, ",")}]}}'.encode()
                key = base64.b64encode(f"{HOSTILE}\0:".encode()).decode()
                agent = HOSTILE.replace("\n", "").encode("utf-8", "replace")
                agent = bytes(byte for byte in agent if byte >= 0x20 and byte != 0x7F)
                headers = [("authorization", f"Basic {key}"), ("user-agent", agent)]
                answer = await http.post(f"{engine.url}/v1/batch", content=body, headers=headers)
                assert answer.status_code == 200
                await http.post(f"{engine.url}/v1/trak%C2%9B%1B%E2%80%AE", content=body[:40], headers=headers)
            await listed(client, len(MESSAGES) + 1)
            stop.extend((asyncio.get_running_loop(), ended := asyncio.Event(), engine.url, folder))
            started.set()
            await ended.wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        for name in [name for name in os.environ if name.startswith(("SEGTAP_", "MIXPANEL_"))]:
            patch.delenv(name)
        thread = threading.Thread(target=asyncio.run, args=(run(),))
        thread.start()
        assert started.wait(30)
        patch.chdir(folder)
        (folder / NAME).write_text(LINES, encoding="utf-8")
        (folder / f"{NAME}.plan").write_text(json.dumps(PLAN, ensure_ascii=False), encoding="utf-8")
        steps = [{"at_ms": 0, "message": one, "expect": [{HOSTILE: HOSTILE}]} for one in MESSAGES]
        text = LINE_END.join(json.dumps(one, ensure_ascii=False) for one in steps)
        (folder / f"{NAME}.scenario").write_text(text, encoding="utf-8")
        (folder / f"{NAME}.tf").write_text(f'resource "segment_destination" "{HOSTILE}" {{', encoding="utf-8")
        (folder / f"{NAME}.toml").write_text(f'theme = "{HOSTILE}"', encoding="utf-8")
        yield stop[2]
        stop[0].call_soon_threadsafe(stop[1].set)
        thread.join(30)


Case = tuple[str, ...]
CASES: dict[str, list[Case]] = {
    "attach": [("attach", f"http://{NAME}"), ("attach", "URL", f"--{NAME}")],
    "serve": [("serve", f"http://{NAME}"), ("serve", "--port", NAME)],
    "forward": [("forward", "--token-env", NAME), ("forward", "--config", f"{NAME}.toml")],
    "proxy": [("proxy", "--mixpanel-api-url", NAME), ("proxy", "--config", f"{NAME}.toml")],
    "ps": [("ps",), ("ps", "--format", "json"), ("ps", NAME)],
    "stop": [("stop", NAME), ("stop", f"http://{NAME}")],
    "stats": [("stats", "--url", NAME), ("stats", "--count", "1"), ("stats", "--format", NAME)],
    "tail": [("tail", "--url", NAME)],
    "expect": [
        ("expect", NAME, "--within", "0s"),
        ("expect", "type:track", "--none", "--within", "0s"),
        ("expect", "event:nothing", "--within", "0s", "--format", "json"),
    ],
    "mcp": [("mcp", "--config", f"{NAME}.toml")],
    "snippet": [("snippet", "playwright"), ("snippet", NAME)],
    "demo": [("demo", "--url", f"http://{NAME}", "--count", "1")],
    "translate": [
        ("translate", NAME),
        ("translate", f"{NAME}.tf"),
        ("translate", NAME, "--source", NAME),
        ("translate", "--now", NAME, NAME),
    ],
    "compare": [
        ("compare", "actions", "classic-cloud", NAME),
        ("compare", "actions", "classic-cloud", NAME, "--format", "json"),
        ("compare", "actions", "classic-cloud", NAME, "--format", "json", "--summary"),
        ("compare", "actions", "classic-cloud", f"{NAME}.tf"),
        ("compare", "actions", "classic-cloud", "--all"),
        ("compare", "actions", NAME),
    ],
    "users": [
        ("users", NAME),
        ("users", NAME, "--format", "json"),
        ("users", "--journal", "journal.db"),
        ("users",),
        ("users", f"{NAME}.tf"),
        ("users", "--now", NAME, NAME),
    ],
    "help": [("help",), ("help", NAME), ("help", "faq"), ("help", "duplicates")],
    "why": [("why", NAME), ("why", f"missing{NAME}"), ("why", NAME, "--source", NAME)],
    "check": [("check", NAME, "--format", shape) for shape in ("table", "json", "github", "junit")]
    + [("check", f"{NAME}.tf"), ("check", NAME, "--plan", f"{NAME}.plan"), ("check", f"missing{NAME}")]
    + [("check", NAME, "--source", NAME)],
    "rules": [("rules",), ("rules", NAME), ("rules", "--format", "json"), ("rules", "--format", "markdown")],
    "explain": [("explain", NAME), ("explain", "event-name"), ("explain", "event-name", "--format", "json")],
    "plan": [
        ("plan", "infer", NAME),
        ("plan", "infer", f"{NAME}.tf"),
        ("plan", "infer", "--journal", "journal.db"),
        ("plan", "show", f"{NAME}.plan"),
        ("plan", "show", f"{NAME}.plan", "--format", "json"),
        ("plan", "show", f"{NAME}.tf"),
        ("plan", "export", f"{NAME}.plan", "--lexicon"),
        ("plan", "export", NAME, "--lexicon"),
        ("plan", "diff", f"{NAME}.plan", NAME),
        ("plan", "diff", NAME, f"{NAME}.plan", "--format", "json"),
        ("plan", "diff", f"{NAME}.tf", NAME),
    ],
    "init": [("init", "--stdout", "--yes", "--group-key", NAME), ("init", "--config", f"{NAME}.toml")],
    "config": [
        *(("config", "schema"), ("config", NAME), ("config", "schema", NAME)),
        *(("config", "show"), ("config", "show", "--config", f"{NAME}.toml")),
        *(("config", "grafana"), ("config", "systemd"), ("config", "systemd", NAME)),
    ],
    "mappings": [
        ("mappings", "import", f"{NAME}.tf", "--stdout"),
        ("mappings", "import", f"{NAME}.plan", "--stdout"),
        ("mappings", "show", "--message", NAME),
        ("mappings", "show", "--message", NAME, "--format", "json"),
        ("mappings", "show"),
        ("mappings", "show", "--config", f"{NAME}.toml"),
    ],
    "doctor": [
        ("doctor",),
        ("doctor", "--json"),
        ("doctor", "--user", f"u{HOSTILE}"),
        ("doctor", "--user", f"u{HOSTILE}", "--json"),
        ("doctor", "--user", NAME),
        ("doctor", "--url", f"http://{NAME}"),
    ],
    "record": [
        ("record", NAME),
        ("record", "-"),
        ("record", NAME, "--force", "--filter", NAME),
        ("record", f"missing/{NAME}"),
        ("record", "-", "--journal", NAME),
    ],
    "decode": [
        ("decode", MESSAGE := json.dumps(MESSAGES[0], ensure_ascii=False)),
        ("decode", "--format", "json", MESSAGE),
        ("decode", NAME),
        ("decode", base64.b64encode(MESSAGE.encode()).decode()),
        ("decode", f"curl 'http://h/v1/{NAME}' --data-raw '{MESSAGE}'", "--format", "json"),
    ],
    "replay": [
        ("replay", NAME),
        ("replay", f"{NAME}.tf"),
        ("replay", NAME, "--url", f"http://{NAME}"),
        ("replay", NAME, "--expect"),
        ("replay", f"{NAME}.scenario", "--expect"),
        ("replay", f"{NAME}.scenario", "--expect", "--format", "json"),
        ("replay", f"{NAME}.scenario", "--pace", "now"),
        ("replay", "--filter", NAME, "--validate", "--url", f"http://{NAME}"),
    ],
    "deliveries": [
        ("deliveries", "list"),
        ("deliveries", "list", "--filter", "sent:yes", "--format", "json"),
        ("deliveries", "list", NAME),
        ("deliveries", "retry", NAME, "--journal", NAME),
        ("deliveries", "retry", "--filter", NAME),
        ("deliveries", "drop", "--filter", HOSTILE),
        ("deliveries", "drop", "--yes", "--filter", "sent:yes", "--format", "json"),
        ("deliveries", "edit", NAME),
    ],
    "mixpanel": [
        ("mixpanel", "list", "--url", f"http://{NAME}"),
        ("mixpanel", "list", "--url", NAME, "--format", "json"),
        ("mixpanel", "--port", "0", "--answer", NAME),
        ("mixpanel", "--port", "0", "--answer", f"429 key='{NAME}"),
    ],
    "held": [
        ("held", "list"),
        ("held", "list", "--filter", NAME, "--format", "json"),
        ("held", "release", NAME),
        ("held", "release", "--filter", HOSTILE),
        ("held", "drop", "--yes", "--filter", "sent:yes", "--format", "json"),
    ],
    "copy": [
        *(("copy", f"track{HOSTILE}", "--as", one.id) for one in EXPORTERS),
        *(
            ("copy", NAME),
            ("copy", "1", "--as", NAME),
            ("copy", "1", "--as", "list"),
            ("copy", "1", "--url", NAME),
        ),
    ],
    "arrived": [
        ("arrived", NAME),
        ("arrived", "--journal", NAME),
        ("arrived", "--format", "json", "--url", NAME),
    ],
    "export": [
        ("export", "--journal", "journal.db"),
        ("export", "a", "--journal", "journal.db"),
        ("export", "--journal", NAME),
        *(("export", "--journal", "journal.db", "--format", shape) for shape in ("mixpanel", "csv", "har")),
        ("export", "--journal", "journal.db", "--format", "csv", "--columns", NAME),
        ("export", "--journal", "journal.db", "--yes", "--output", f"{NAME}.gz"),
        ("export", "--url", NAME),
    ],
    "open": [
        ("open", NAME, "--format", "table"),
        ("open", NAME, f"{NAME}.tf", f"{NAME}.scenario", "--format", "json"),
        ("open", NAME, "--journal", f"{NAME}.db", "--config", f"{NAME}.toml"),
        ("open", NAME, "--journal", "journal.db"),
    ],
    "completion": [("completion", "bash"), ("completion", NAME)],
    "journal": [
        ("journal", "clear", "--journal", NAME),
        ("journal", "stats", "--journal", NAME),
        ("journal", "compact", "--journal", NAME),
        ("journal", NAME),
    ],
}
WRONG: list[Case] = [(NAME,), (f"--{NAME}",), ("--port", NAME), ("--config", f"{NAME}.toml", "--port", "0")]


def run(*arguments: str) -> tuple[str, str]:
    """What a command writes, from a pipe into a pipe."""
    done = subprocess.run([*SEGTAP, *arguments], input=b"", capture_output=True, timeout=60, check=False)
    return done.stdout.decode(), done.stderr.decode()


def test_every_command_is_tried() -> None:
    assert set(CASES) == set(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [case for cases in CASES.values() for case in cases] + WRONG,
    ids=lambda case: re.sub(r"[^a-z.-]+", " ", " ".join(case))[:48],
)
def test_nothing_written_acts_on_a_terminal(engine: str, arguments: Case) -> None:
    stdout, stderr = run(*arguments)
    assert stdout + stderr
    assert "Traceback" not in stderr
    for text in (stdout, stderr):
        found = RAW.search(text)
        assert found is None, repr(text[max(0, found.start() - 60) :][:120])


def test_tail_and_the_log_write_none_either(engine: str) -> None:
    command = [*SEGTAP, "tail", "--url", engine, "--count", "2"]
    for shape in ("table", "json"):
        with running([*command, "--format", shape], text=False) as tail:
            tail.stderr.readline()
            while tail.poll() is None:
                httpx.post(
                    f"{engine}/v1/batch", content=f'{{"batch":[{LINES.partition(LINE_END)[0]}]}}'.encode()
                )
                httpx.post(f"{engine}/v1/track", content=HOSTILE.encode())
                try:
                    tail.wait(0.2)
                except subprocess.TimeoutExpired:
                    continue
            text = tail.stdout.read().decode()
        assert RAW.search(text) is None
        assert len(text.splitlines()) == 2
        if shape == "json":
            names = {json.loads(line)["name"] for line in text.splitlines()}
            assert any("\x9b" in name for name in names)


def test_what_is_written_as_json_is_equal_json(engine: str) -> None:
    said = json.loads(run("decode", MESSAGE)[0])
    assert said == MESSAGES[0]
    assert json.loads(run("decode", "--format", "json", MESSAGE)[0])["value"] == MESSAGES[0]
    exported = [json.loads(line) for line in run("export", "--journal", "journal.db")[0].split("\n")[:-1]]
    assert len(exported) >= len(MESSAGES)
    assert {one["properties"][HOSTILE] for one in exported} == {HOSTILE}
    translated = json.loads(run("translate", NAME)[0].split("\n")[0])
    assert translated["requests"][0]["body"][0]["properties"][HOSTILE] == HOSTILE
