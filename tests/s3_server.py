"""A small stand-in for S3: keeps what is put, and refuses what is not signed with the key that it knows."""

from __future__ import annotations

from urllib.parse import unquote

from answering_server import AnsweringServer, Got, Said

ACCESS_KEY = "AKIASTANDIN"
SECRET_KEY = "stand-in-secret"
_HEADERS = ('etag: "1"',)
_BODIES = {
    ("GET", 200): b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
    ("GET", 403): b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
    ("GET", 404): b"<Error><Code>NoSuchBucket</Code><Message>The bucket does not exist</Message></Error>",
}
"""What is answered to a question for the names in a bucket; the stand-in shows none."""


class S3Server(AnsweringServer):
    """`objects` are those that were put, by bucket and key; `failing` is how many puts get a 503 first."""

    def __init__(self) -> None:
        super().__init__(
            lambda got: Said(status := self._status(got), _BODIES.get((got.method, status), b""), _HEADERS)
        )
        self.objects: dict[str, bytes] = {}
        self.puts = 0
        self.failing = 0

    def _status(self, got: Got) -> int:
        if f"Credential={ACCESS_KEY}/" not in (got.header("authorization") or ""):
            return 403
        if got.method == "GET" and "list-type=2" in got.target:
            return 404 if got.target.startswith("/missing") else 200
        if got.method != "PUT":
            return 405
        self.puts += 1
        if self.failing:
            self.failing -= 1
            return 503
        self.objects[unquote(got.target.partition("?")[0])] = got.body
        return 200
