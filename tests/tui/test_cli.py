"""The command line: data on stdout, talk on stderr; exit status 0 good, 1 problems found, 2 wrong use."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from command_line import segtap
from processes import running

from segtap.core.api.models import Summary
from segtap.core.delivery import DeliveryState
from segtap.core.segment_code import SEGMENT_CODE, segment_code
from segtap.core.stand_in.server import MixpanelServer
from segtap.tui import cli as segtap_cli
from segtap.tui.cli.tail import _table_line  # pyright: ignore[reportPrivateUsage]
from segtap.tui.model.sources import SourceNames

MESSAGE = {
    "type": "track",
    "event": "Signed Up",
    "userId": "user-1",
    "messageId": "2c1f8c1e-5d8e-4a53-9d3b-0d3d6f8a7b11",
    "timestamp": "2026-11-24T22:00:00.000Z",
}
SEGTAP = [sys.executable, "-P", "-m", "segtap.tui"]


pytestmark = pytest.mark.usefixtures("own_folders")


def started(*arguments: str, given: str | bytes = b"") -> subprocess.CompletedProcess[str]:
    """Run a process of its own to its end."""
    data = given.encode() if isinstance(given, str) else given
    done = subprocess.run([*SEGTAP, *arguments], input=data, capture_output=True, timeout=60, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@contextmanager
def forwarding(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A headless engine on a free port, and its URL; stopped at the end."""
    command = [*SEGTAP, "forward", "--port", "0", "--host", "127.0.0.1", *arguments]
    with running(command) as process:
        yield _listening(process), process


def _listening(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        said = json.loads(line)
        if said["message"] == "listening":
            url: str = said["urls"][0]
            return url
    raise AssertionError(process.stderr.read() if process.stderr else "")


def post(url: str, message: dict[str, object]) -> None:
    import httpx

    assert httpx.post(f"{url}/v1/track", json=message).status_code == 200


def wait_until_listed(url: str, count: int) -> None:
    """Wait until the engine lists so many messages: a filter does not find what is received only."""
    import httpx

    deadline = time.monotonic() + 30
    while (seen := httpx.get(f"{url}/_segtap/healthz").json())["listed"] < count:
        assert time.monotonic() < deadline, seen
        time.sleep(0.01)


def test_version_and_help_import_no_screen() -> None:
    code = (
        "import sys; from segtap.tui.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "slow = {'textual', 'rich', 'httpx', 'uvicorn', 'asyncio'} & set(sys.modules)\n"
        "assert not slow, slow\n"
    )
    for arguments in (["--version"], ["--help"]):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        assert b"segtap" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "attach",
        "forward",
        "tail",
        "demo",
        "translate",
        "check",
        "decode",
        "replay",
        "export",
        "open",
        "journal",
    ],
)
def test_every_command_has_its_help(command: str) -> None:
    done = segtap(command, "--help")
    assert done.returncode == 0, done.stderr
    assert command in done.stdout


def test_translate_writes_a_line_for_a_line_and_masks_the_secret() -> None:
    envelope = {"settings": {"projectToken": "tok", "apiSecret": "hush"}, "message": MESSAGE}
    done = started("translate", given="\n".join([json.dumps(envelope), "no json", json.dumps(MESSAGE)]))
    first, second, third = (json.loads(line) for line in done.stdout.splitlines())
    assert done.returncode == 1
    assert first["requests"][0]["authorization"] == "Basic ••••"
    assert "hush" not in done.stdout
    assert "aHVzaDo=" not in done.stdout
    assert "not JSON" in second["error"]
    assert third["messageId"] == MESSAGE["messageId"]
    shown = started("translate", "--show-secrets", given=json.dumps(envelope))
    assert json.loads(shown.stdout)["requests"][0]["authorization"] == "Basic aHVzaDo="


def test_translate_uses_the_clock_it_is_given() -> None:
    message = {key: value for key, value in MESSAGE.items() if key != "timestamp"}
    done = segtap("translate", "--now", "2026-01-01T00:00:00Z", given=json.dumps(message))
    assert json.loads(done.stdout)["requests"][0]["body"][0]["properties"]["time"] == 1_767_225_600_000
    wrong = segtap("translate", "--now", "yesterday", given=json.dumps(message))
    assert wrong.returncode == 2
    assert "'yesterday' is not a time" in wrong.stderr


def test_check_exits_1_on_an_error_and_0_without() -> None:
    bad = segtap("check", "-", "--format", "json", given=json.dumps({**MESSAGE, "messageId": "order_991"}))
    assert bad.returncode == 1
    assert json.loads(bad.stdout)["warnings"][0]["rule"] == "insert-id-charset"
    good = segtap("check", "--format", "json", given=json.dumps(MESSAGE))
    assert good.returncode == 0
    whole = {"message": MESSAGE, "not_sent": None, "stages": []}
    assert json.loads(good.stdout) == {"messageId": MESSAGE["messageId"], "warnings": [], **whole}
    # Without a project token, too: what is checked is the message.
    group = {**MESSAGE, "type": "group", "groupId": "g-1", "traits": {"name": "Acme"}}
    assert segtap("check", given=json.dumps(group)).returncode == 0
    for shape in ("table", "github", "junit"):
        assert segtap("check", "--format", shape, given=json.dumps(MESSAGE)).returncode == 0


def test_decode_prints_json_and_talks_on_stderr() -> None:
    done = segtap("decode", "eyJldmVudCI6IkcifQ==")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"event": "G"}
    assert "base64" in done.stderr
    piped = segtap("decode", "-", "--format", "json", given="data=%7B%22event%22%3A%22G%22%7D")
    assert json.loads(piped.stdout)["value"] == {"event": "G"}
    nothing = segtap("decode", "\x1b[31mzzz")
    assert nothing.returncode == 2
    assert "\x1b" not in nothing.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "80", "forward"], "Put the options behind the command: segtap forward --port"),
        (["forwrad"], "No such command"),
        (["forward", "--region", "fr"], "Invalid value for '--region'"),
        (["forward", "--tls-cert", "a.pem"], "TLS needs both"),
        (["forward", "--api-secret-env", "NO_SUCH"], "NO_SUCH, which is not set"),
        (["forward", "--config", "none.toml"], "none.toml cannot be read"),
        (["replay"], "Name either a FILE, or --filter EXPR or --saved NAME."),
        (["replay", "-", "--validate"], "--validate needs --filter EXPR"),
        (["translate", "none.jsonl"], "No such file"),
        ([], "The screen needs a terminal"),
        (["attach"], "No segtap is running. Start one with: segtap"),
        (["attach", "http://127.0.0.1:1"], "No segtap of this user listens at http://127.0.0.1:1"),
        (["forward", "--port", "0"], "MIXPANEL_TOKEN"),
        (["export", "--journal", "nats://x/y"], "name one that runs: --url URL"),
        (["journal", "stats", "--journal", "nats://x/y"], "segtap stats has its numbers"),
        (["journal", "clear", "--journal", "nats://x/y"], "cleared on the screen of a segtap"),
        (["journal", "salvage", "--journal", "nats://x/y", "--to", "z"], "segtap journal looks after files"),
        (["tail", "typ:track"], "typ:track\n^^^^\n"),
        (["export", "total>100"], "Try: properties.total>100\ntotal>100\n^^^^^\n"),
        (["replay", "--filter", "(order"], "(order\n^\n"),
        (["export", "https://a.example"], 'Try: "https://a.example"'),
    ],
)
def test_wrong_use_exits_2_and_says_what_to_do(arguments: list[str], words: str) -> None:
    done = segtap(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_taken_port_is_named_with_its_owner_and_the_next_free_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPANEL_TOKEN", "0123456789abcdef")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = started("forward", "--host", "127.0.0.1", "--port", str(port))
    assert done.returncode == 2
    assert str(port) in done.stderr
    if sys.platform == "linux":
        assert str(os.getpid()) in done.stderr


def test_messages_go_through_forward_export_replay_and_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPANEL_TOKEN", "0123456789abcdef0123456789abcdef")
    with forwarding("--dry-run") as (url, process):
        post(url, MESSAGE)
        post(url, {**MESSAGE, "messageId": "second", "event": "Signed Out"})
        lines = [json.loads(line) for line in segtap("export").stdout.splitlines()]
        assert [line["messageId"] for line in lines] == [MESSAGE["messageId"], "second"]
        kept = "\n".join(json.dumps(line) for line in lines)
        again = segtap("replay", "-", "--url", url, given=kept)
        assert again.returncode == 0, again.stderr
        wait_until_listed(url, 4)
        assert segtap("replay", "--filter", "signed out").stderr == "2 messages replayed.\n"
        validated = segtap("replay", "--filter", "signed out", "--validate")
        assert validated.returncode == 1
        assert "Sending to project 0123…ef" in validated.stderr
        assert "it waits for forwarding" in validated.stderr
        validated = segtap("replay", "--filter", "event:nothing", "--validate")
        assert validated.returncode == 1
        assert "No message of the journal matches: nothing was sent." in validated.stderr
        assert "accepted" not in validated.stderr
        assert segtap("journal", "clear", "--yes").returncode == 2
        tail = segtap("tail", "--count", "1", "--url", f"http://127.0.0.1:{process.pid + 70000}")
        assert tail.returncode == 2
    # The engine has gone; the journal is read without one.
    lines = [json.loads(line) for line in segtap("export").stdout.splitlines()]
    assert [line["event"] for line in lines] == ["Signed Up", "Signed Out"] * 2 + ["Signed Out"] * 2
    assert {line["timestamp"] for line in lines} == {MESSAGE["timestamp"]}
    assert len(segtap("export", "signed up").stdout.splitlines()) == 2
    refused = segtap("journal", "clear", given="n\n")
    assert refused.returncode != 0
    assert "Forget 6 messages" in refused.stderr
    assert segtap("journal", "clear", "--yes").returncode == 0
    assert segtap("export").stdout == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("count", [1, 2_000])
def test_a_full_disk_is_said_in_a_line(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPANEL_TOKEN", "0" * 32)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*SEGTAP, "translate", "-"],
            input=f"{json.dumps(MESSAGE)}\n" * count,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.stderr == "segtap: the output cannot be written: No space left on device.\n"
    assert done.returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_stderr_ends_no_command() -> None:
    with Path("/dev/full").open("w") as full:
        for arguments, code in ((["translate", "-"], 1), (["explain", "no-such-rule"], 2)):
            command = [*SEGTAP, *arguments]
            done = subprocess.run(command, input="nonsense\n", stdout=subprocess.PIPE, stderr=full, text=True)
            assert done.returncode == code
    assert "no-such-rule" not in done.stdout


def test_no_column_of_tail_acts_on_the_terminal() -> None:
    evil = "\x9b31m\x1b]0;T\x07\n"
    summary = Summary(1, 1_795_557_763_873, "track", evil, evil, evil, 1, 0, 0, DeliveryState.SENT, "m")
    line = _table_line(summary, SourceNames())
    assert line.isprintable()
    assert " 1 error " in line


def test_tail_prints_a_line_as_a_message_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPANEL_TOKEN", "0123456789abcdef0123456789abcdef")
    with forwarding("--dry-run") as (url, _):
        command = [*SEGTAP, "tail", "--url", url, "--format", "json", "signed"]
        with running(command) as tail:
            assert tail.stderr is not None
            assert url in tail.stderr.readline()
            # Until the first line is out it may not be listening yet: messages are sent until then.
            line = asyncio.run(_post_until_read(url, tail))
            tail.send_signal(signal.SIGINT)
            tail.communicate(timeout=30)
    assert json.loads(line)["name"] == "Signed Up"


async def _post_until_read(url: str, tail: subprocess.Popen[str]) -> str:
    assert tail.stdout is not None
    reading = asyncio.create_task(asyncio.to_thread(tail.stdout.readline))
    deadline = time.monotonic() + 60
    for number in itertools.count():
        await asyncio.to_thread(post, url, {**MESSAGE, "messageId": f"m-{number}"})
        done, _ = await asyncio.wait({reading}, timeout=0.1)
        if done:
            break
        if time.monotonic() > deadline:
            tail.kill()  # which also ends the thread that reads
            raise AssertionError(f"no line after {number + 1} messages")
    return await reading


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
def test_output_is_utf8_whatever_the_locale_says(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    line = json.dumps({**MESSAGE, "event": "Zoë ☃"}, ensure_ascii=False)
    for command in (("translate",), ("check",), ("check", "--format", "junit"), ("decode",)):
        done = started(*command, given=line)
        assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    assert "Zoë ☃" in started("translate", given=line).stdout


def test_check_does_without_unicode_where_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    nameless = json.dumps({"type": "track", "userId": "user-1"})
    assert "→" in segtap("check", given=nameless).stdout
    monkeypatch.setenv("SEGTAP_ASCII", "1")
    assert "->" in segtap("check", given=nameless).stdout


def test_a_reader_that_goes_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPANEL_TOKEN", "0" * 32)
    lines = "\n".join([json.dumps(MESSAGE)] * 5000)
    command = f"set -o pipefail; {' '.join(SEGTAP)} translate | head -n 1"
    done = subprocess.run(["bash", "-c", command], input=lines.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout.splitlines()) == 1


def test_another_pipe_that_breaks_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_one() -> None:
        raise BrokenPipeError

    monkeypatch.setattr(segtap_cli, "COMMANDS", {"fail": ("", "")})
    monkeypatch.setattr(
        segtap_cli.LazyGroup, "get_command", lambda *_: click.Command("fail", callback=break_one)
    )
    with pytest.raises(RuntimeError, match="a pipe broke that is not the output"):
        segtap_cli.main(["fail"])


def test_a_reader_of_an_engine_may_stop_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    monkeypatch.setenv("MIXPANEL_TOKEN", "0" * 32)
    batch = [{**MESSAGE, "messageId": f"m-{number}", "context": {"page": "x" * 200}} for number in range(500)]
    with forwarding("--dry-run", "--journal", str(tmp_path / "j.db")) as (url, _):
        for _ in range(2):
            assert httpx.post(f"{url}/v1/batch", json={"batch": batch}).status_code == 200
        wait_until_listed(url, 1000)
        for command in (["export", "--url", url], ["deliveries", "list", "--url", url]):
            with subprocess.Popen(
                [*SEGTAP, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
            ) as process:
                assert process.stdout is not None
                assert process.stderr is not None
                assert process.stdout.readline()
                process.stdout.close()
                assert process.stderr.read() == b""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="POSIX signals")
async def test_a_headless_engine_that_has_halted_goes_on_at_a_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong = "a1b2c3d4e5f60718293a4b5c6d7e8ff9", "0000111122223333444455556666ffff"
    file = tmp_path / "segtap.toml"
    file.write_text(f'[destination]\ntoken = "{wrong}"\n')

    def wait_for(process: subprocess.Popen[str], message: str) -> dict[str, object]:
        assert process.stdout is not None
        for line in process.stdout:
            said: dict[str, object] = json.loads(line)
            if message in str(said["message"]):
                return said
        raise AssertionError(f"{message} is not in the log")

    async with MixpanelServer(secrets=frozenset({right})) as mixpanel:
        with forwarding("--mixpanel-url", mixpanel.url) as (url, process):
            await asyncio.to_thread(post, url, MESSAGE)
            halted = await asyncio.to_thread(wait_for, process, "forwarding has halted")
            assert f"kill -USR1 {process.pid} " in str(halted["next"])
            assert f"segtap attach {url} " in str(halted["next"])
            assert wrong not in str(halted)
            # With the settings unchanged it tries, halts, and says so again.
            process.send_signal(signal.SIGUSR1)
            await asyncio.to_thread(wait_for, process, "forwarding tries again")
            await asyncio.to_thread(wait_for, process, "forwarding has halted")
            file.write_text(f'[destination]\ntoken = "{right}"\n')
            process.send_signal(signal.SIGUSR1)
            delivered = await asyncio.to_thread(wait_for, process, "deliver")  # one's delivery, or a batch's
            while delivered["outcome"] != "sent":
                delivered = await asyncio.to_thread(wait_for, process, "deliver")
            # A file that cannot be used is said, and the engine goes on.
            file.write_text("[destination\n")
            process.send_signal(signal.SIGUSR1)
            said = await asyncio.to_thread(wait_for, process, "asked to try again, but")
            assert "is not TOML" in str(said["message"])
        assert len(mixpanel.events) == 1


ACCOUNT = "segtap.1a2b3c:qL9vWc3nT7xR5zK1"


@pytest.mark.parametrize(
    ("environ", "arguments", "words"),
    [
        ({}, ["--service-account-env", "NO_SUCH"], "--service-account-env names NO_SUCH, which is not set"),
        ({"MIXPANEL_SERVICE_ACCOUNT": "nocolon"}, ["--project-id", "5"], "it holds has no colon"),
        ({"MIXPANEL_SERVICE_ACCOUNT": ACCOUNT}, [], "or --project-id 123"),
        ({}, ["--project-id", "0"], "--project-id"),
    ],
)
def test_a_service_account_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], arguments: list[str], words: str
) -> None:
    monkeypatch.setenv("MIXPANEL_TOKEN", "0123456789abcdef0123456789abcdef")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    done = started("forward", "--port", "0", *arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "qL9v" not in done.stderr


def test_translate_shows_segments_own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPANEL_TOKEN", "0123456789abcdef0123456789abcdef")
    plain = segtap("translate", "--show-secrets", given=json.dumps(MESSAGE))
    monkeypatch.setenv("MIXPANEL_SERVICE_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("SEGTAP_PROJECT_ID", "123")
    done = segtap("translate", "--show-secrets", given=json.dumps(MESSAGE))
    assert done.stdout == plain.stdout
    assert "project_id" not in done.stdout


async def test_forward_sends_with_the_service_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIXPANEL_TOKEN", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("MINE", ACCOUNT)
    async with MixpanelServer(accounts={ACCOUNT: 123}) as mixpanel:
        options = ("--service-account-env", "MINE", "--project-id", "123", "--mixpanel-url", mixpanel.url)
        with forwarding(*options) as (url, process):
            await asyncio.to_thread(post, url, MESSAGE)
            async with asyncio.timeout(30):
                while not mixpanel.events:  # noqa: ASYNC110 (another process sends)
                    await asyncio.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            log, talk = await asyncio.to_thread(process.communicate, timeout=30)
        assert "qL9v" not in log + talk


@pytest.mark.parametrize("kind", ["actions", "classic-cloud"])
def test_without_a_token_translate_shows_a_stand_in_and_says_so(kind: str, tmp_path: Path) -> None:
    identify = {"type": "identify", "userId": "u-1", "messageId": "m-1", "traits": {"plan": "pro"}}
    given = f"{json.dumps(MESSAGE)}\n{json.dumps(identify)}\n"
    # The classic destination refuses older messages without an API secret.
    done = segtap("translate", "--destination", kind, "--now", "2026-11-24T22:00:00Z", given=given)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["rejected"] for line in lines] == [None, None]
    assert "YOUR-PROJECT-TOKEN" in json.dumps(lines)
    assert done.stderr.count("No project token is set") == 1


def test_the_version_names_the_code_of_segments_that_conformance_compares_with() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from segtap.tui.cli import main; main(['--version'])"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[1] == f"as Segment's {segment_code()}"
    package = Path(__file__).parents[1] / "conformance" / "package.json"
    pinned = json.loads(package.read_text(encoding="utf-8"))
    versions = pinned["dependencies"] | pinned["packed"]
    assert {name: versions[name] for name in SEGMENT_CODE} == SEGMENT_CODE


@pytest.mark.parametrize(
    "command", [("tail",), ("replay", "--filter"), ("deliveries", "list", "--filter"), ("expect",)]
)
def test_marks_live_on_a_screen(command: tuple[str, ...]) -> None:
    done = segtap(*command, "is:marked type:track")
    assert done.returncode == 2
    assert "Marks live on a screen: is:marked finds messages in its filter alone." in done.stderr
