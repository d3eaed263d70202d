"""A stand-in for Mixpanel's ingestion API, for tests and for trying things by hand.

In a test::

    async with MixpanelServer() as mixpanel:
        mixpanel.script(TOO_MANY, path="/import")     # the next /import is answered 429
        ...                                           # send to mixpanel.url
        assert mixpanel.events[0]["event"] == "Signed Up"

By hand: `python tests/mixpanel_server.py --port 9000` writes `{"url": …}` on stdout and serves until it is
interrupted. `GET /_records` shows what it holds, `POST /_reset` forgets all. `POST /_faults` queues answers:
a list of objects with the fields of `Fault`, `path`, and `holding`: with it, the fault is the answer to every
request that holds this text, for ever (a poisoned record). `always`: to every request.

/import validates as strict import does (`mixpanel_rules`). The form endpoints answer `1` when at
least one record is valid, as documented; `one_means="all"` takes the other reading of the documentation.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import gzip
import json
import socket
import ssl
import struct
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

from mixpanel_rules import Unreadable, decode_form, decode_import, form_fault, import_faults, update_profile

WIRE_LIMIT = 2_097_152
RAW_LIMIT = 10 * 1024 * 1024
RECORD_LIMIT = 2000
REASONS = {
    200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    413: "Request Entity Too Large", 429: "Too Many Requests", 500: "Internal Server Error",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip

Drop = Literal["", "before", "after"]
Break = Literal["", "half", "reset", "drip", "drip body", "flood"]


# --- answers ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """An answer in place of the real one.

    `body` is sent as JSON unless it is text or bytes. `ingest` takes the records in all the same. `drop`
    closes the connection without an answer, "before" or "after" the records were taken in. `hang` never
    answers (until the client goes, or `release()`). `raw` is sent in place of an HTTP answer. `breaks`: half
    of the body comes; the connection is reset; all or the body drips, a byte each 50 ms; 1xx without end.
    """

    status: int = 503
    body: Any = ""
    headers: tuple[tuple[str, str], ...] = ()
    ingest: bool = False
    drop: Drop = ""
    hang: bool = False
    raw: bytes = b""
    breaks: Break = ""


def import_error(status: int, error: str, **more: object) -> Fault:
    """A fault with a body as /import words it."""
    return Fault(status, {"code": status, "error": error, **more, "status": REASONS[status]})


TOO_MANY = import_error(
    429, "Project exceeded rate limits. Please retry the request with exponential backoff."
)
TOO_LARGE = import_error(413, f"request exceeds max limit of {WIRE_LIMIT} bytes")
UNAUTHORIZED = import_error(401, "Invalid credentials")
WRONG_PROJECT = import_error(403, "The service account has no access to this project")
FORBIDDEN = Fault(403, {"error": "Forbidden", "status": "error"})
UNAVAILABLE = Fault(503, "upstream connect error or disconnect/reset before headers")
BAD_GATEWAY = Fault(502, "<html><head><title>502 Bad Gateway</title></head></html>")
PORTAL = Fault(200, "<html><title>Welcome to Free Wi-Fi</title></html>")
REDIRECT = Fault(302, "", (("location", "http://login.example.net/"),))
ZERO = Fault(200, "0")
DROP_BEFORE = Fault(drop="before")
DROP_AFTER = Fault(drop="after")
HANG = Fault(hang=True)
HALF = Fault(200, {"code": 200, "num_records_imported": 1, "status": "OK"}, breaks="half")
RESET = Fault(breaks="reset")
DRIP = Fault(200, {"code": 200, "num_records_imported": 1, "status": "OK"}, breaks="drip")
FLOOD = Fault(breaks="flood")
GARBAGE = Fault(raw=bytes(range(256)) * 8)


# --- the server -------------------------------------------------------------------------------------


@dataclass
class Received:
    """One request, decoded: `shape` is json, form or base64, `records` what was in it, `answer` the body."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    size: int
    shape: str = ""
    gzipped: bool = False
    records: list[Any] = field(default_factory=list)
    status: int = 0
    answer: Any = None
    text: bytes = b""

    def holds(self, part: str) -> bool:
        """Whether the request's data, unpacked, holds this text; also when it was not taken in."""
        return part.encode() in self.text


class MixpanelServer:
    """Serves on loopback while it is entered. `secrets` are the Basic user names it knows; empty: any.
    `accounts` are the service accounts it knows (`user:secret`), each with the project that it may send to;
    where there are some, /import accepts nothing else but `secrets`.
    `refused_ids` are users whose profile updates it refuses.

    `requests` holds every request, `events` every event taken in, twice when sent twice; `deduped()`
    is what Mixpanel shows of them. `profiles` and `groups` are by distinct_id and by (key, id).
    """

    def __init__(
        self,
        *,
        port: int = 0,
        secrets: frozenset[str] = frozenset(),
        accounts: Mapping[str, int] | None = None,
        one_means: Literal["any", "all"] = "any",
        enforce_length: bool = False,
        refused_ids: frozenset[str] = frozenset(),
        now_ms: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.port = port
        self.secrets = secrets
        self.accounts = dict(accounts or {})
        self.one_means = one_means
        self.enforce_length = enforce_length
        self.refused_ids = refused_ids
        self.now_ms = now_ms
        self.tls = tls
        self.faults: deque[tuple[str, Fault]] = deque()
        self.standing: list[tuple[str, str, Fault]] = []
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._handlers: set[asyncio.Task[None]] = set()
        self._released = asyncio.Event()
        self.reset()

    def reset(self) -> None:
        """Forget everything received."""
        self.requests: list[Received] = []
        self.events: list[dict[str, Any]] = []
        self.profiles: dict[Any, dict[str, Any]] = {}
        self.groups: dict[Any, dict[str, Any]] = {}
        self.profile_log: list[dict[str, Any]] = []
        self.faults.clear()
        self.standing.clear()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def script(self, *faults: Fault, path: str = "") -> None:
        """Queue answers for the next requests, to `path` only when one is given."""
        self.faults.extend((path, fault) for fault in faults)

    def poison(self, holding: str, fault: Fault, path: str = "") -> None:
        """Answer with the fault whenever a request (to `path`) holds this text; with "" to every request."""
        self.standing.append((path, holding, fault))

    def heal(self) -> None:
        """Answer as Mixpanel does from now on."""
        self.standing.clear()
        self.faults.clear()

    def release(self) -> None:
        """Let go of every request that hangs: its connection closes."""
        self._released.set()

    def deduped(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The events as Mixpanel's reports see them: the latest by (event, distinct_id, time, $insert_id)."""
        shown: dict[tuple[Any, ...], dict[str, Any]] = {}
        for event in self.events:
            properties = event["properties"]
            key = (event["event"], *(properties.get(k) for k in ("distinct_id", "time", "$insert_id")))
            shown[key] = event
        return shown

    def snapshot(self) -> dict[str, Any]:
        """Everything it holds, as JSON would have it."""
        return {
            "requests": [asdict(request) | {"text": ""} for request in self.requests],
            "events": self.events,
            "deduped": list(self.deduped().values()),
            "profiles": self.profiles,
            "groups": {f"{key}/{id}": profile for (key, id), profile in self.groups.items()},
        }

    async def __aenter__(self) -> MixpanelServer:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, limit=2**18, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.release()
        for task in list(self._handlers):
            task.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        self.connections += 1
        try:
            while (request := await read_request(reader)) is not None:
                if not await self._serve(*request, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._handlers.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(
        self, method: str, target: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; False when the connection is to be closed."""
        path = urlsplit(target).path
        if path.startswith("/_"):
            await write_answer(writer, *self._control(path, body))
            return True
        reply = self.handle(method, target, headers, body)
        if reply.hang:
            await self._released.wait()
        if reply.hang or reply.drop:
            return False
        if reply.raw or reply.breaks:
            await write_broken(writer, reply)
            return False
        await write_answer(writer, reply.status, reply.body, reply.headers)
        return True

    def handle(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Fault:
        """Take one request in and say what is answered: the scripted fault, or what Mixpanel would."""
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        received = Received(method, parts.path.rstrip("/"), query, headers, len(body))
        received.text = plain_text(target, headers, body)
        self.requests.append(received)
        fault = self._next_fault(received.path) or self._standing(received)
        if fault is None or fault.ingest or fault.drop == "after" or fault.hang:
            received.status, received.answer = self._ingest(received, body)
        if fault is None:
            return Fault(received.status, received.answer)
        received.status, received.answer = fault.status, fault.body
        if isinstance(fault.body, bytes):
            received.answer = fault.body.decode("latin-1")
        if fault.hang or fault.drop or fault.raw or fault.breaks:
            received.status, received.answer = 0, None
        return fault

    def _next_fault(self, path: str) -> Fault | None:
        for position, (wanted, fault) in enumerate(self.faults):
            if wanted in ("", path):
                del self.faults[position]
                return fault
        return None

    def _standing(self, received: Received) -> Fault | None:
        for path, part, fault in self.standing:
            if path in ("", received.path) and received.holds(part):
                return fault
        return None

    def _control(self, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/_records":
            return 200, self.snapshot()
        if path == "/_reset":
            self.reset()
            return 200, {"status": "OK"}
        if path == "/_faults":
            for item in json.loads(body):
                where, holding = item.pop("path", ""), item.pop("holding", "")
                always = item.pop("always", False)
                item["headers"] = tuple(map(tuple, item.get("headers", ())))
                if holding or always:
                    self.poison(holding, Fault(**item), where)
                else:
                    self.script(Fault(**item), path=where)
            return 200, {"queued": len(self.faults)}
        return 404, {"error": f"no such page: {path}"}

    # -- the endpoints

    def _ingest(self, received: Received, body: bytes) -> tuple[int, Any]:
        path = received.path
        try:
            if path == "/import" and received.method == "POST" and "data" not in received.query:
                return self._import(received, body)
            if path == "/import" and self.accounts and (refusal := self._refusal(received)) is not None:
                return refusal.status, refusal.body
            if path == "/lookup-tables" and received.method == "GET":
                refusal = self._refusal(received)
                return (200, []) if refusal is None else (refusal.status, refusal.body)
            if path in ("/track", "/engage", "/groups", "/import"):
                return self._form(received, body)
        except Unreadable as error:
            if path == "/import":
                return 400, {"code": 400, "error": str(error), "status": "Bad Request"}
            return 200, self._form_answer(received, str(error))
        return 404, {"error": "Not Found", "status": "error"}

    def _import(self, received: Received, body: bytes) -> tuple[int, Any]:
        if (refusal := self._refusal(received)) is not None:
            return refusal.status, refusal.body
        if len(body) > WIRE_LIMIT:
            return TOO_LARGE.status, TOO_LARGE.body
        received.gzipped = received.headers.get("content-encoding") == "gzip"
        received.shape = "json"
        received.records, raw = decode_import(body, received.headers)
        if len(raw) > RAW_LIMIT:
            return TOO_LARGE.status, TOO_LARGE.body
        if len(received.records) > RECORD_LIMIT:
            error = f"request exceeds max limit of {RECORD_LIMIT} records"  # MODELLED
            return 400, {"code": 400, "error": error, "status": "Bad Request"}
        now = self.now_ms if self.now_ms is not None else int(time.time() * 1000)
        failed: list[dict[str, Any]] = []
        for index, record in enumerate(received.records):
            fault = import_faults(record, now, enforce_length=self.enforce_length)
            if fault is None:
                self.events.append(record)
                continue
            properties = record.get("properties") if isinstance(record, dict) else None
            insert_id = properties.get("$insert_id", "") if isinstance(properties, dict) else ""
            failed.append({"index": index, "insert_id": insert_id, "field": fault[0], "message": fault[1]})
        imported = len(received.records) - len(failed)
        if failed and received.query.get("strict") == "1":
            return 400, {
                "code": 400,
                "error": "some data points in the request failed validation",
                "failed_records": failed,
                "num_records_imported": imported,
                "status": "Bad Request",
            }
        return 200, {"code": 200, "num_records_imported": imported, "status": "OK"}

    def _form(self, received: Received, body: bytes) -> tuple[int, Any]:
        if "json" not in received.headers.get("content-type", ""):
            # verbose and the like may stand beside data in the form, as Mixpanel's own clients send them.
            fields = parse_qs(body.decode("latin-1"), keep_blank_values=True)
            received.query |= {key: values[0] for key, values in fields.items() if key != "data"}
        if "content-encoding" in received.headers:
            raise Unreadable("data, gzip is not supported")
        received.records, received.shape = decode_form(body, received.query, received.headers)
        if received.shape == "form" and "json" in received.headers.get("content-type", ""):
            received.shape = "json"
        faults = [self._form_fault(received.path, record) for record in received.records]
        for record, fault in zip(received.records, faults, strict=True):
            if fault is None:
                self._take(received.path, record)
        bad = [fault for fault in faults if fault is not None]
        refused = len(bad) == len(faults) if self.one_means == "any" else bool(bad)
        return 200, self._form_answer(received, bad[0] if refused and bad else None)

    def _form_fault(self, path: str, record: Any) -> str | None:
        fault = form_fault(path, record)
        if fault is None and path == "/engage" and record["$distinct_id"] in self.refused_ids:
            return "$distinct_id, refused"
        return fault

    def _take(self, path: str, record: dict[str, Any]) -> None:
        if path in ("/track", "/import"):
            self.events.append(record)
            return
        self.profile_log.append(record)
        if path == "/engage":
            update_profile(self.profiles, record["$distinct_id"], record)
        else:
            update_profile(self.groups, (record["$group_key"], record["$group_id"]), record)

    def _form_answer(self, received: Received, error: str | None) -> Any:
        if received.query.get("verbose") == "1":
            return {"error": error, "status": 0 if error else 1}
        return "0" if error else "1"

    def _refusal(self, received: Received) -> Fault | None:
        """Why the credentials of a request are not accepted, None when they are."""
        scheme, _, encoded = received.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            api_key = received.query.get("api_key", "")
            return None if api_key and api_key in self.secrets else UNAUTHORIZED
        try:
            given = base64.b64decode(encoded).decode()
        except ValueError:
            return UNAUTHORIZED
        user, _, secret = given.partition(":")
        if given in self.accounts:
            # MODELLED: what Mixpanel answers to an account of another project is not documented.
            project = received.query.get("project_id", "")
            return None if project == str(self.accounts[given]) else WRONG_PROJECT
        if secret or not user:
            return UNAUTHORIZED
        known = user in self.secrets or not (self.secrets or self.accounts)
        return None if known else UNAUTHORIZED


# --- HTTP ------------------------------------------------------------------------------------------


async def read_request(
    reader: asyncio.StreamReader,
) -> tuple[str, str, dict[str, str], bytes] | None:
    """(method, target, headers in lower case, body), or None at the end of the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
        }
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int((await reader.readline()).split(b";")[0], 16):
                body += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        else:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
    except asyncio.IncompleteReadError:
        return None
    return method, target, headers, body


def plain_text(target: str, headers: dict[str, str], body: bytes) -> bytes:
    """The data of a request as text: unpacked, percent-decoded, with the query, Base64 undone."""
    text = unquote_to_bytes(target) + b"\n"
    text += gzip.decompress(body) if headers.get("content-encoding") == "gzip" else unquote_to_bytes(body)
    _, _, data = text.partition(b"data=")
    with contextlib.suppress(ValueError):
        text += b"\n" + base64.b64decode(data.partition(b"&")[0].strip(), validate=True)
    return text


async def write_answer(
    writer: asyncio.StreamWriter, status: int, answer: Any, more: tuple[tuple[str, str], ...] = ()
) -> None:
    """One HTTP response: text and bytes as they are, anything else as JSON."""
    writer.write(answer_bytes(status, answer, more))
    await writer.drain()


async def write_broken(writer: asyncio.StreamWriter, fault: Fault) -> None:
    """The answer that a fault with `raw` or `breaks` describes; the connection is of no use after it."""
    if fault.breaks == "reset":
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return
    while fault.breaks == "flood":
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)
        await writer.drain()
    data = fault.raw or answer_bytes(fault.status, fault.body, fault.headers)
    head, end, body = data.partition(b"\r\n\r\n")
    if fault.breaks == "half":
        data = head + end + body[: len(body) // 2]
    at_once = 0 if fault.breaks == "drip" else len(head + end) if fault.breaks == "drip body" else len(data)
    writer.write(data[:at_once])
    await writer.drain()
    for byte in data[at_once:]:
        await asyncio.sleep(0.05)
        writer.write(bytes([byte]))
        await writer.drain()


def answer_bytes(status: int, answer: Any, more: tuple[tuple[str, str], ...] = ()) -> bytes:
    """The bytes of one HTTP response."""
    is_text = isinstance(answer, str | bytes)
    body = answer.encode() if isinstance(answer, str) else answer if is_text else json.dumps(answer).encode()
    headers = [
        ("content-type", "text/plain" if is_text else "application/json"),
        ("content-length", str(len(body))),
        *more,
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}\r\n{head}\r\n".encode() + body


async def serve(port: int) -> None:
    """Serve until cancelled; the URL goes to stdout."""
    async with MixpanelServer(port=port) as server:
        print(json.dumps({"url": server.url}), flush=True)
        await asyncio.Event().wait()


def main() -> int:
    """Run by hand."""
    parser = argparse.ArgumentParser(description="A stand-in for Mixpanel's ingestion API.")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
