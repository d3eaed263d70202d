"""No command writes a secret whole, whatever its settings, messages and arguments hold.

The commands come from the command table itself, so a new one fails here until it has its cases.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from command_line import segtap, use_own_folders
from engines import listed, track
from fake_viewer import FakeViewer
from processes import running
from secret_forms import forms

from segtap.core.api.client import Client
from segtap.core.config import load
from segtap.core.demo import start_demo
from segtap.core.engine.lifecycle import Engine
from segtap.core.settings import DestinationSettings, JournalSettings, Secret, Settings
from segtap.tui.app import SegtapApp
from segtap.tui.cli import cli, main, output

SECRETS = {
    "MIXPANEL_SECRET": 'pa+ss/w"ord?of-the-project&12345',
    "MIXPANEL_SERVICE_ACCOUNT": "qL9vWc3nT7/xR5+zK1yB8mD4",
    "MY_METRICS": "metrics-Tok3n/of+this?engine-77",
    "MY_TESTS": "tests-Tok3n/of+this?engine-4455",
    "MY_HASHES": "hash-Key/of+the?redaction-99812",
}
"""What the settings name, by variable; of the service account the part behind the colon."""
WEBHOOK = "whsec_7Hq/2+xYz?of-an-insert-function"
URL_PASSWORD = "nats-P4ssw0rd-of~the.stream-31"
"""Within URLs, as `user:password@`."""
KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
"""What a file with a TLS key holds."""
ALL = (*SECRETS.values(), WEBHOOK)
FORMS = {form for secret in ALL for form in forms(secret).values()} | {KEY, URL_PASSWORD}
TELLTALE = FORMS | {form[: len(form) * 3 // 4] for form in FORMS}
"""Each secret in each form, and what a cut would leave of it."""
URL = f"nats://user:{URL_PASSWORD}@127.0.0.1:9"
WEB = f"http://user:{URL_PASSWORD}@127.0.0.1:9"
MESSAGES = [
    track(f"m-{n}", f"E {form}"[:200], userId=f"u {form}"[:100], properties={"k": form, form: [form]})
    for n, form in enumerate(sorted({form for secret in ALL for form in forms(secret).values()}))
]
LINES = "\n".join(json.dumps(message) for message in MESSAGES)
TOML = """\
[destination]
project_id = 5
mixpanel_url = "http://127.0.0.1:9"
[journal]
path = "j.db"
[ingest]
port = 0
host = ["127.0.0.1"]
metrics_token_env = "MY_METRICS"
test_token_env = "MY_TESTS"
redact_key_env = "MY_HASHES"
[[redact]]
path = "**.email"
action = "hash"
[[insert_functions]]
file = "hook.js"
enabled = false
settings = { webhookKey = WEBHOOK, Authorization = "Bearer WEBHOOK" }
[[tests]]
name = "first"
message = MESSAGE
expect = { events = ["Order Completed"] }
"""

SETTINGS = Settings(
    destination=DestinationSettings(api_secret=Secret(ALL[0])), journal=JournalSettings(path=URL)
)
Case = tuple[str, ...]
READS = ("-",)
CASES: dict[str, list[Case]] = {
    "": [
        *((), ("--journal", URL), ("--mixpanel-url", WEB), ("--theme", ALL[0]), ("--host", WEB)),
        ("--tls-cert", "k.pem", "--tls-key", "k.pem"),
    ],
    "attach": [(), (WEB,), (URL,)],
    "serve": [(WEB,), (URL,)],
    "forward": [("--mixpanel-url", WEB), ("--journal", URL), ("--tls-cert", "k.pem", "--tls-key", "k.pem")],
    "proxy": [("--segment-api-url", WEB), ("--mixpanel-api-url", WEB), ("--journal", URL)],
    "ps": [(), ("--format", "json")],
    "stop": [(WEB,), (URL,)],
    "stats": [("--count", "1"), ("--count", "1", "--format", "json"), ("--url", WEB)],
    "tail": [("--url", WEB), ("--journal", URL, "--url", WEB), ("--mixpanel-url", WEB, "--saved", "none")],
    "expect": [
        ("type:track", "--within", "0s"),
        ("event:nothing", "--within", "0s"),
        ("event:nothing", "--within", "0s", "--format", "json"),
        ("type:track", "--within", "0s", "--url", WEB),
        ("type:track", "--within", "0s", "--url", "URL", "--test-token-env", "MY_TESTS"),
    ],
    "snippet": [("playwright",)],
    "demo": [("--url", WEB, "--count", "1"), ("--url", URL, "--count", "1")],
    "mixpanel": [
        *(
            ("--port", "PORT"),
            ("--port", "0", "--answer", "429 key"),
            ("--port", "0", "--time-zone", "Nowhere"),
        )
    ],
    "mixpanel list": [("--url", "http://127.0.0.1:9"), ("--url", WEB)],
    "mcp": [(), ("--url", WEB)],
    "translate": [READS, (*READS, "--stages", "all")],
    "why": [READS, ("1",)],
    "compare": [
        ("actions", "classic-cloud", *READS, "--all"),
        ("actions", "classic-cloud", *READS, "--format", "json"),
        ("actions", "classic-cloud", "--journal", URL),
    ],
    "check": [(*READS, "--format", shape) for shape in ("table", "json", "github", "junit")],
    "rules": [(), (f"Mixpanel says {ALL[0]}",), ("--format", "json")],
    "explain": [("event-name",), (ALL[0],)],
    "plan infer": [READS, ("--journal", "j.db"), ("--journal", URL)],
    "plan export": [("plan.json", "--lexicon"), (URL, "--lexicon")],
    "plan diff": [("plan.json", "messages.jsonl"), ("plan.json", "j.db", "--format", "json"), (URL, URL)],
    "plan show": [("plan.json",), ("plan.json", "--format", "json"), (URL,)],
    "init": [("--stdout", "--yes"), ("--token-env", ALL[0], "--stdout")],
    "config show": [(), ("--all",), ("--all", "--format", "json")],
    "config schema": [()],
    "config grafana": [()],
    "config systemd": [()],
    "mappings import": [("plan.json", "--stdout")],
    "mappings show": [(), ("--format", "json"), ("--message", "message.json")],
    "mappings test": [(), ("--format", "json")],
    "help": [(), ("faq",), (ALL[0],)],
    "doctor": [
        (),
        ("--json",),
        ("--online",),
        ("--user", f"u {ALL[0]}"),
        ("--bundle", "-"),
        ("--bundle", "-", "--journal", URL),
        ("--journal", "j.db"),
        ("--journal", URL),
        ("--url", WEB),
    ],
    "users": [READS, (*READS, "--format", "json"), ("--journal", "j.db"), ("--url", WEB)],
    "decode": [READS, (base64.b64encode(LINES.encode()).decode(),), (LINES, "--format", "json")],
    "deliveries list": [(), ("--format", "json"), ("--url", WEB)],
    "deliveries retry": [("--filter", "event:nothing"), ("--journal", URL)],
    "deliveries drop": [("--filter", "event:nothing", "--yes"), ("--url", WEB), ("--route", WEB, "--yes")],
    "deliveries edit": [("1",), ("1", "--url", WEB)],
    "held list": [(), ("--format", "json"), ("--url", WEB)],
    "held release": [("--filter", "event:nothing"), ("1", "--url", WEB)],
    "held drop": [("--filter", "event:nothing", "--yes"), ("1", "--url", WEB)],
    "replay": [("messages.jsonl", "--url", WEB), ("--filter", "event:nothing"), ("messages.jsonl",)],
    "record": [("-",), ("recorded",), ("-", "--journal", URL)],
    "copy": [
        *(
            ("1048576", "--as", shape)
            for shape in ("curl", "mixpanel-curl", "python", "pytest", "markdown", "wire")
        ),
        *(("1", "--url", WEB), (ALL[0],)),
    ],
    "arrived": [("m-1", "--journal", "j.db"), ("--journal", URL), ("--url", WEB), ("--mixpanel-url", WEB)],
    "export": [
        *((), ("--journal", "j.db"), ("--journal", URL), ("--url", WEB)),
        *(("--journal", "j.db", "--format", shape) for shape in ("mixpanel", "csv", "har")),
    ],
    "open": [("messages.jsonl",), ("message.json", "plan.json"), ("messages.jsonl", "--journal", URL)],
    "completion": [("bash",), ("zsh",), ("fish",)],
    "journal clear": [("--journal", URL, "--yes"), ("--journal", "other.db", "--yes")],
    "journal stats": [("--journal", "j.db"), ("--journal", URL), ("--journal", "j.db", "--format", "json")],
    "journal compact": [("--journal", URL), ("--journal", "j.db")],
    "journal salvage": [("--journal", URL, "--to", "new.db"), ("--journal", "j.db", "--to", URL)],
}


def _leaves(command: click.Command, context: click.Context, path: Case = ()) -> Iterator[str]:
    if isinstance(command, click.Group):
        if command.invoke_without_command:
            yield " ".join(path)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _leaves(below, context, (*path, name))
    else:
        yield " ".join(path)


def _leaks(text: str) -> list[str]:
    """Which forms stand in a text, also where it is wrapped."""
    whole = text + re.sub(r"\s+", "", text)
    return sorted(form for form in TELLTALE if form in whole)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine in a thread of its own whose settings have every secret, and whose messages repeat them."""
    folder = tmp_path_factory.mktemp("secrets")
    started, stop = threading.Event(), list[Any]()
    with pytest.MonkeyPatch.context() as patch:
        use_own_folders(folder, patch)
        for name, secret in SECRETS.items():
            account = name == "MIXPANEL_SERVICE_ACCOUNT"
            patch.setenv(name, f"segtap.1a2b3c:{secret}" if account else secret)
        patch.setenv("MIXPANEL_TOKEN", "a1b2c3d4e5f60718293a4b5c6d7e8ff9")
        first = LINES.split("\n")[0]
        toml = TOML.replace('"Bearer WEBHOOK"', json.dumps(f"Bearer {WEBHOOK}"))
        toml = toml.replace("WEBHOOK", json.dumps(WEBHOOK)).replace("MESSAGE", json.dumps(first))
        (folder / "segtap.toml").write_text(toml)
        (folder / "hook.js").write_text("async function onTrack(event, settings) { return event; }")
        (folder / "k.pem").write_text(f"-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----\n")
        (folder / "message.json").write_text(first)
        (folder / "messages.jsonl").write_text(LINES)
        (folder / "plan.json").write_text(json.dumps({"name": "p", "events": [{"name": ALL[0]}]}))

        async def run() -> None:
            async with Engine(load()) as engine, Client(engine.url, engine.token) as client:
                async with httpx.AsyncClient(trust_env=False) as http:
                    headers = {"user-agent": f"sdk {ALL[0]}", "x-secret": ALL[1]}
                    body = {"batch": MESSAGES}
                    assert (await http.post(f"{engine.url}/v1/batch", json=body, headers=headers)).is_success
                await listed(client, len(MESSAGES))
                ended = asyncio.Event()
                stop.extend((asyncio.get_running_loop(), ended, engine))
                started.set()
                await ended.wait()

        thread = threading.Thread(target=asyncio.run, args=(run(),))
        thread.start()
        try:
            assert started.wait(30)
            yield stop[2]
        finally:
            stop[0].call_soon_threadsafe(stop[1].set)
            thread.join(30)
            output.hide_secrets_of(Settings())


def test_every_command_has_cases() -> None:
    assert set(CASES) == set(_leaves(cli, click.Context(cli)))


@pytest.mark.terminal
@pytest.mark.parametrize("name", CASES)
def test_a_command_writes_no_secret(engine: Engine, name: str) -> None:
    for case in CASES[name]:
        known = {"URL": engine.url, "PORT": engine.url.rpartition(":")[2]}
        arguments = [known.get(part, part) for part in case]
        given = LINES if "-" in case and name != "record" else ""
        done = segtap(*name.split(), *arguments, given=given)
        written = done.stdout + done.stderr
        assert (case, _leaks(written)) == (case, [])
        assert engine.token not in written
        assert "Traceback" not in done.stderr


PASTED = "sk_live_51Habc9XyZqLmNop"
"""A secret that no setting knows."""


@pytest.mark.terminal
@pytest.mark.parametrize("name", CASES)
def test_an_error_does_not_repeat_a_secret_that_was_typed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what the shell put in place of a variable's name, nor a pasted one; no setting knows them."""
    use_own_folders(tmp_path, monkeypatch)
    output.hide_secrets_of(Settings())
    monkeypatch.setenv("OTHER_SECRET", ALL[0])
    for typed in (PASTED, f"{PASTED}:x", f"user:{PASTED}", ALL[0]):
        for arguments in ((typed,), ("--format", typed), (f"--{typed}", typed)):
            # `tail` starts an engine, unless there is a fault in its filter.
            if name != "tail" or typed.endswith(":x") or len(arguments) > 1:
                done = segtap(*name.split(), *arguments)
                assert done.returncode in (0, 1, 2)
                assert PASTED not in done.stderr
                assert _leaks(done.stderr) == []
    for option in ("--token-env", "--api-secret-env", "--service-account-env"):
        done = segtap("init", "--stdout", option, PASTED)
        assert (done.returncode, PASTED in done.stdout + done.stderr) == (2, False)


@pytest.mark.terminal
def test_a_mixpanel_for_tests_shows_no_credentials() -> None:
    command = [sys.executable, "-P", "-m", "segtap.tui", "mixpanel", "--port", "0"]
    account = SECRETS["MIXPANEL_SERVICE_ACCOUNT"]
    with running(command) as process, httpx.Client(trust_env=False) as http:
        url = process.stdout.readline().split()[-1]
        days = {"from_date": "2026-11-24", "to_date": "2026-11-25", "project_id": 5}
        for auth in ((ALL[0], ""), ("segtap.1a2b3c", account)):
            assert http.get(f"{url}/api/2.0/export", params=days, auth=auth).is_success
        assert http.post(f"{url}/import", params={"api_key": ALL[0]}, json=[]).status_code == 401
        pages = [http.get(f"{url}/{page}").text for page in ("", "?format=json", "_records")]
        process.terminate()
        pages += process.communicate()
    assert all("/api/2.0/export" in page for page in (pages[0], pages[2]))
    assert [_leaks(page) for page in pages] == [[]] * len(pages)


def test_a_fault_of_a_command_leaves_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert sys.excepthook is output.report_crash
    output.hide_secrets_of(SETTINGS)
    try:
        raise RuntimeError(f"{ALL[0]} at {URL}")
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)
    finally:
        output.hide_secrets_of(Settings())
        sys.excepthook = sys.__excepthook__
    written = capsys.readouterr().err
    assert "RuntimeError: •••• at nats://••••@127.0.0.1:9" in written
    assert _leaks(written) == []


async def test_a_fault_of_the_screen_leaves_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(app: SegtapApp) -> None:
        environ = {"MIXPANEL_SECRET": ALL[0]}
        raise RuntimeError(f"{ALL[0]} {len(environ)}")

    monkeypatch.setattr(SegtapApp, "action_help", fail)
    app = SegtapApp(FakeViewer(), SETTINGS, plain=False)
    seen: list[str] = []
    monkeypatch.setattr(app, "_print_error_renderables", lambda: seen.extend(map(str, app._exit_renderables)))
    with pytest.raises(RuntimeError):
        async with app.run_test() as pilot:
            await pilot.press("?")
    (written,) = seen
    assert "RuntimeError: •••• 1" in written
    assert _leaks(written) == []


@pytest.mark.terminal
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")
def test_no_process_has_a_needless_secret(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """None on a command line; in the environment only the engine, which reads the variables again."""
    path = Path("segtap.toml")
    monkeypatch.setenv("SEGTAP_JOURNAL_PATH", "own.db")
    path.write_text(path.read_text().replace("enabled = false", "enabled = true"))
    command = [sys.executable, "-P", "-m", "segtap.tui", "tail", "--count", "1", "--format", "json"]
    names = {"tail": False, "node": False, "segtap.core.demo": False}
    with running(command) as tail:
        url = re.search(r"http://\S+", tail.stderr.readline())
        assert url is not None
        with start_demo(url[0], count=1, quiet=True):
            deadline = time.monotonic() + 30
            while not all(names.values()) and time.monotonic() < deadline:
                for pid in _descendants(os.getpid()):
                    words, environment = _process(pid)
                    assert _leaks(words) == []
                    names |= dict.fromkeys([name for name in names if name in words], True)
                    if (
                        "segtap.tui" not in words
                        and "engine.process" not in words
                        and str(os.getpid()) != pid
                    ):
                        assert (words, _leaks(environment)) == (words, [])
    assert all(names.values())
    path.write_text(path.read_text().replace("enabled = true", "enabled = false"))


def _descendants(pid: int) -> Iterator[str]:
    for child in Path(f"/proc/{pid}/task").glob("*/children"):
        for one in child.read_text().split():
            yield one
            yield from _descendants(int(one))


def _process(pid: str) -> tuple[str, str]:
    """The command line and the environment of a process; "" of one that has ended."""
    try:
        folder = Path("/proc", pid)
        return (folder / "cmdline").read_text().replace("\0", " "), (folder / "environ").read_text()
    except OSError:
        return "", ""
