"""Streams of NATS on servers with TLS and credentials: what is right works, and what is wrong is said."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nkeys
import pytest
from journal_values import a_receipt
from nats_security import Authority, Identity, Operator
from nats_servers import Server, new_stream, one_server

from segtap.core import stores
from segtap.core.errors import JournalError
from segtap.core.stores import START
from segtap.core.stores.nats import credentials as credentials_module
from segtap.core.stores.nats.connection import Connection

pytestmark = [
    pytest.mark.kill,
    pytest.mark.skipif(sys.platform == "win32", reason="nats-server of Debian"),
]
PASSWORD = "a-pass'word/with: signs"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("CREDS", "NKEY", "USER", "PASSWORD", "TOKEN", "CA", "CERT", "KEY"):
        monkeypatch.delenv(f"NATS_{name}", raising=False)


@contextlib.contextmanager
def server_with(folder: Path, config: str) -> Iterator[Server]:
    file = folder / "nats.conf"
    file.write_text(config)
    with one_server(folder / "server", "-c", str(file)) as server:
        yield server


def tls(cert: Path, key: Path, more: str = "") -> str:
    return f'tls {{ cert_file: "{cert}", key_file: "{key}" {more} }}\n'


async def works(url: str) -> None:
    """Write to the streams, and read it."""
    kept = await stores.open(url)
    try:
        await kept.receipts.append(a_receipt("r-1"))
        assert [one.uid for one in await kept.receipts.read(START, 10)] == ["r-1"]
    finally:
        await kept.close()


async def refusal(url: str) -> str:
    with pytest.raises(JournalError) as refused:
        async with asyncio.timeout(15):
            await stores.open(url)
    return str(refused.value)


def url_of(server: Server, host: str = "127.0.0.1") -> str:
    return f"nats://{host}:{server.port}/{new_stream()}"


async def test_user_and_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = f'authorization {{ user: segtap, password: "{PASSWORD}" }}'
    with server_with(tmp_path, users) as server:
        assert "refuses a connection without credentials" in await refusal(url_of(server))
        monkeypatch.setenv("NATS_USER", "segtap")
        monkeypatch.setenv("NATS_PASSWORD", "wrong-one")
        words = await refusal(url_of(server))
        assert "refuses these credentials" in words
        assert "wrong-one" not in words
        monkeypatch.setenv("NATS_PASSWORD", PASSWORD)
        await works(url_of(server))


async def test_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with server_with(tmp_path, 'authorization { token: "a-token-of-nats" }') as server:
        monkeypatch.setenv("NATS_TOKEN", "another-token")
        words = await refusal(url_of(server))
        assert "refuses these credentials" in words
        assert "another-token" not in words
        monkeypatch.setenv("NATS_TOKEN", "a-token-of-nats")
        await works(url_of(server))


async def test_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user, other = Identity(nkeys.PREFIX_BYTE_USER), Identity(nkeys.PREFIX_BYTE_USER)
    seed = tmp_path / "user.nk"
    with server_with(tmp_path, f"authorization {{ users: [ {{ nkey: {user.public} }} ] }}") as server:
        monkeypatch.setenv("NATS_NKEY", str(seed))
        assert f"NATS_NKEY names {seed}, which cannot be read" in await refusal(url_of(server))
        seed.write_text("SUnonsense")
        words = await refusal(url_of(server))
        assert f"NATS_NKEY names {seed}, in which there is no seed of a user's key" in words
        assert "SUnonsense" not in words
        seed.write_bytes(other.seed)
        words = await refusal(url_of(server))
        assert "refuses these credentials" in words
        assert other.seed.decode() not in words
        seed.write_bytes(user.seed + b"\n")
        await works(url_of(server))


async def test_a_file_of_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = Operator()
    file = tmp_path / "user.creds"
    with server_with(tmp_path, operator.config) as server:
        monkeypatch.setenv("NATS_CREDS", str(file))
        assert f"NATS_CREDS names {file}, which cannot be read" in await refusal(url_of(server))
        for text in (
            "",
            "-----BEGIN NATS USER JWT-----\n",
            "nonsense",
            "-----BEGIN USER NKEY SEED-----\nSU\n",
        ):
            file.write_text(text)
            assert f"NATS_CREDS names {file}, which holds no JWT and seed" in await refusal(url_of(server))
        Operator().creds(file)
        assert "refuses these credentials" in await refusal(url_of(server))
        operator.creds(file)
        await works(url_of(server))


async def test_without_the_package_for_keys_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = credentials_module.find_spec
    monkeypatch.setattr(credentials_module, "find_spec", lambda name: None if name == "nkeys" else real(name))
    Operator().creds(tmp_path / "user.creds")
    monkeypatch.setenv("NATS_CREDS", str(tmp_path / "user.creds"))
    assert "pip install 'segtap[nats]'" in await refusal("nats://127.0.0.1:9/events")


async def test_tls_with_an_authority_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    with server_with(tmp_path, tls(*authority.issue("server", "localhost", "127.0.0.1"))) as server:
        words = await refusal(url_of(server))
        assert "its certificate is not from an authority that this machine trusts" in words
        assert "NATS_CA names the file" in words
        monkeypatch.setenv("NATS_CA", str(other.ca))
        assert "is not from the authority of NATS_CA" in await refusal(url_of(server))
        monkeypatch.setenv("NATS_CA", str(tmp_path / "missing.pem"))
        missing = f"NATS_CA names {tmp_path / 'missing.pem'}, which cannot be read"
        assert missing in await refusal(url_of(server))
        monkeypatch.setenv("NATS_CA", str(authority.ca))
        await works(url_of(server))
        await works(url_of(server, "localhost"))


async def test_a_certificate_for_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("NATS_CA", str(authority.ca))
    with server_with(tmp_path, tls(*authority.issue("server", "nats.example.com"))) as server:
        words = await refusal(url_of(server))
    assert "its certificate is for another name" in words
    assert "Name the server in the URL as its certificate does" in words


async def test_a_certificate_that_has_expired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("NATS_CA", str(authority.ca))
    old = authority.issue("server", "127.0.0.1", lasts=-dt.timedelta(hours=1))
    with server_with(tmp_path, tls(*old)) as server:
        words = await refusal(url_of(server))
    assert "its certificate has expired, or this machine's clock is wrong" in words


async def test_a_server_that_verifies_its_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    files = authority.issue("server", "127.0.0.1")
    monkeypatch.setenv("NATS_CA", str(authority.ca))
    with server_with(tmp_path, tls(*files, f', ca_file: "{authority.ca}", verify: true')) as server:
        words = await refusal(url_of(server))
        assert "wants a certificate of its clients" in words
        assert "NATS_CERT and NATS_KEY name" in words
        cert, key = other.issue("stranger")
        monkeypatch.setenv("NATS_CERT", str(cert))
        monkeypatch.setenv("NATS_KEY", str(key))
        assert "does not accept the certificate of NATS_CERT" in await refusal(url_of(server))
        cert, key = authority.issue("segtap")
        monkeypatch.setenv("NATS_CERT", str(cert))
        assert "NATS_CERT and NATS_KEY" in await refusal(url_of(server))  # not the key of this certificate
        monkeypatch.setenv("NATS_KEY", str(key))
        await works(url_of(server))


async def test_a_server_that_verifies_may_close_before_its_reason_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("NATS_CA", str(authority.ca))
    files = authority.issue("server", "127.0.0.1")
    options = Connection._options

    def cut_off(self: Connection) -> dict[str, Any]:
        found = options(self)
        failed = found["error_cb"]

        async def cut(error: Exception) -> None:
            await failed(BrokenPipeError(32, "Broken pipe") if isinstance(error, ssl.SSLError) else error)

        return found | {"error_cb": cut}

    monkeypatch.setattr(Connection, "_options", cut_off)
    with server_with(tmp_path, tls(*files, f', ca_file: "{authority.ca}", verify: true')) as server:
        assert "wants a certificate of its clients" in await refusal(url_of(server))


async def test_who_asks_for_tls_sends_no_password_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got = b""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        writer.write(
            b'INFO {"server_id":"x","version":"2.9.10","max_payload":1048576,"auth_required":true}\r\n'
        )
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1024):
                got += data
        writer.close()

    monkeypatch.setenv("NATS_CA", str(Authority(tmp_path).ca))
    monkeypatch.setenv("NATS_USER", "segtap")
    monkeypatch.setenv("NATS_PASSWORD", PASSWORD)
    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        words = await refusal(f"nats://127.0.0.1:{port}/events")
    assert "offers no TLS, which NATS_CA asks for" in words
    assert got == b""


async def test_a_user_who_has_expired_is_back_with_a_new_jwt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = Operator()
    file = operator.creds(tmp_path / "user.creds", lasts=2)
    monkeypatch.setenv("NATS_CREDS", str(file))
    with server_with(tmp_path, operator.config) as server:
        kept: Any = await stores.open(url_of(server))
        try:
            await kept.receipts.append(a_receipt("before"))
            async with asyncio.timeout(15):
                while kept._connection.connected:  # noqa: ASYNC110 – of the server
                    await asyncio.sleep(0.05)
            await kept.receipts.append(a_receipt("meanwhile"))
            operator.creds(file)
            async with asyncio.timeout(30):
                while len(await kept.receipts.read(START, 10)) < 2:  # noqa: ASYNC110 – of the server
                    await asyncio.sleep(0.1)
        finally:
            await kept.close()


async def test_a_password_that_has_changed_is_said_where_it_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NATS_USER", "segtap")
    monkeypatch.setenv("NATS_PASSWORD", PASSWORD)
    users = f'authorization {{ user: segtap, password: "{PASSWORD}" }}'
    with server_with(tmp_path, users) as server:
        kept = await stores.open(url_of(server))
        said: list[str] = []
        told = asyncio.Event()

        def report(text: str) -> None:
            said.append(text)
            if "refuses these credentials" in text:
                told.set()

        try:
            kept.receipts.watch(report)
            server.kill()
            (tmp_path / "nats.conf").write_text(users.replace(PASSWORD, "another"))
            server.start()
            async with asyncio.timeout(20):
                await told.wait()
        finally:
            await kept.close()
    assert "NATS is away: it refuses these credentials. 0 requests are on this machine's disk" in said[-1]
    assert PASSWORD not in "".join(said)


async def test_no_secret_is_in_the_log_or_the_list_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("NATS_CA", str(authority.ca))
    monkeypatch.setenv("NATS_USER", "segtap")
    monkeypatch.setenv("NATS_PASSWORD", PASSWORD)
    monkeypatch.setenv("MIXPANEL_TOKEN", "0" * 32)
    users = f'authorization {{ user: segtap, password: "{PASSWORD}" }}\n'
    with server_with(tmp_path, users + tls(*authority.issue("server", "127.0.0.1"))) as server:
        command = [sys.executable, "-m", "segtap.tui", "forward", "--dry-run", "--port", "0"]
        process = await asyncio.create_subprocess_exec(
            *command, "--journal", url_of(server), stdout=PIPE, stderr=PIPE, cwd=tmp_path
        )
        try:
            assert process.stderr is not None
            seen = await process.stderr.readline()  # it listens
            seen += Path(f"/proc/{process.pid}/cmdline").read_bytes()
            # The server goes and comes back with another password.
            server.kill()
            (tmp_path / "nats.conf").write_text(users.replace(PASSWORD, "another") + "\n")
            server.start()
            await asyncio.sleep(2)  # until it has tried to connect again
            process.terminate()
            seen += b"".join(await process.communicate())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0
    assert PASSWORD.encode() not in seen
