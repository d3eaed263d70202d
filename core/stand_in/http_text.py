"""HTTP/1.1 of the stand-in Mixpanel: requests read, answers written, also broken ones."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import re
import socket
import struct
import zlib
from typing import Any
from urllib.parse import unquote_to_bytes

from .faults import REASONS, Fault

_TOKEN = re.compile(r'"\$?token"\s*:\s*"([^"]*)"')


async def read_request(
    reader: asyncio.StreamReader,
) -> tuple[str, str, dict[str, str], bytes] | None:
    """Return (method, target, headers in lower case, body), or None at the end of the connection."""
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
    """Return the data of a request as text: unpacked, percent-decoded, with the query, Base64 undone."""
    text = unquote_to_bytes(target) + b"\n"
    if headers.get("content-encoding") == "gzip":
        with contextlib.suppress(OSError, EOFError, zlib.error):
            text += gzip.decompress(body)
    else:
        text += unquote_to_bytes(body)
    _, _, data = text.partition(b"data=")
    with contextlib.suppress(ValueError):
        text += b"\n" + base64.b64decode(data.partition(b"&")[0].strip(), validate=True)
    return text


def token_of(target: str, headers: dict[str, str], body: bytes) -> str:
    """Return the project token of a request's first record, else the Basic user name."""
    text = plain_text(target, headers, body).decode("utf-8", "replace")
    if (found := _TOKEN.search(text)) is not None:
        return found[1]
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            return base64.b64decode(encoded).decode("utf-8", "replace").partition(":")[0]
    return ""


async def write_page(writer: asyncio.StreamWriter, text: str, more: tuple[tuple[str, str], ...] = ()) -> None:
    """Write a page of HTML."""
    body = text.encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in more)
    lines = (
        f"HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {len(body)}\r\n{head}"
    )
    writer.write(f"{lines}\r\n".encode() + body)
    await writer.drain()


async def write_answer(
    writer: asyncio.StreamWriter, status: int, answer: Any, more: tuple[tuple[str, str], ...] = ()
) -> None:
    """Write one HTTP response: text and bytes as they are, anything else as JSON."""
    writer.write(answer_bytes(status, answer, more))
    await writer.drain()


async def write_broken(writer: asyncio.StreamWriter, fault: Fault) -> None:
    """Write what a fault with `raw` or `breaks` describes; the connection cannot be used after it."""
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
    """Return the bytes of one HTTP response."""
    is_text = isinstance(answer, str | bytes)
    if isinstance(answer, bytes):
        body = answer
    else:
        body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
    headers = [
        ("content-type", "text/plain" if is_text else "application/json"),
        ("content-length", str(len(body))),
        *more,
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}\r\n{head}\r\n".encode() + body
