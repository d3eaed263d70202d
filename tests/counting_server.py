"""A stand-in for Mixpanel that accepts and counts everything, as fast as it can; it prints its port.

For benchmarks: `segtap.core.stand_in` checks each record, and would be what is measured.
"""

from __future__ import annotations

import asyncio
import gzip


class Counting(asyncio.Protocol):
    """One connection: every request is answered with how many records it holds."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._data[:end]).decode().lower().split("\r\n")
            headers = dict(line.split(": ", 1) for line in head[1:])
            start = end + 4
            stop = start + int(headers.get("content-length", "0"))
            if len(self._data) < stop:
                return
            body = bytes(self._data[start:stop])
            del self._data[:stop]
            self._answer(head[0], gzip.decompress(body) if "content-encoding" in headers else body)

    def _answer(self, line: str, body: bytes) -> None:
        assert self._transport is not None
        said = b'{"status":1,"error":null}'
        if " /import" in line:
            said = b'{"code":200,"num_records_imported":%d,"status":"OK"}' % body.count(b'"$insert_id"')
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(said)
        self._transport.write(head + said)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Counting, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
