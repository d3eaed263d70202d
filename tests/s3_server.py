"""A small stand-in for S3: keeps what is put, and refuses what is not signed with the key that it knows."""

from __future__ import annotations

from urllib.parse import unquote

from answering_server import AnsweringServer, Got, Said

ACCESS_KEY = "AKIASTANDIN"
SECRET_KEY = "stand-in-secret"


class S3Server(AnsweringServer):
    """`objects` are those that were put, by bucket and key; `failing` is how many puts get a 503 first."""

    def __init__(self) -> None:
        super().__init__(lambda got: Said(self._status(got), b"", ('etag: "1"',)))
        self.objects: dict[str, bytes] = {}
        self.puts = 0
        self.failing = 0

    def _status(self, got: Got) -> int:
        if f"Credential={ACCESS_KEY}/" not in (got.header("authorization") or ""):
            return 403
        if got.method != "PUT":
            return 405
        self.puts += 1
        if self.failing:
            self.failing -= 1
            return 503
        self.objects[unquote(got.target.partition("?")[0])] = got.body
        return 200
