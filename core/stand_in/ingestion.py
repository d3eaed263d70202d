"""What the stand-in Mixpanel makes of a request: credentials, validation, the answer, what it keeps.

/import validates as strict import does (`rules`). The form endpoints answer `1` when at least one record is
valid, as documented; `one_means="all"` is the other reading of the documentation.
"""

from __future__ import annotations

import base64
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from ..masks import MASK, SECRET_FIELDS, mask_authorization
from ..text import counted
from . import raw_export
from .counted import Copy, copy_of
from .faults import TOO_LARGE, UNAUTHORIZED, WIRE_LIMIT, WRONG_PROJECT, Fault
from .http_text import plain_text
from .rules import (
    Unreadable,
    as_object,
    decode_form,
    decode_import,
    form_fault,
    import_faults,
    update_profile,
)

RAW_LIMIT = 10 * 1024 * 1024
RECORD_LIMIT = 2000


@dataclass
class Received:
    """A request, decoded: `shape` is json, form or base64, `records` what was in it, `answer` the body."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    size: int
    shape: str = ""
    gzipped: bool = False
    records: list[Any] = field(default_factory=list[Any])
    status: int = 0
    answer: Any = None
    text: bytes = b""
    at: int = 0
    """When it came (ms)."""

    def holds(self, part: str) -> bool:
        """Return True if the request's data, unpacked, holds this text; also if it was not accepted."""
        return part.encode() in self.text


def _shown(request: Received) -> dict[str, Any]:
    """Return a request for JSON, without its secrets."""
    headers = {
        name: mask_authorization(value) if name == "authorization" else value
        for name, value in request.headers.items()
    }
    query = {name: MASK if name in SECRET_FIELDS else value for name, value in request.query.items()}
    return asdict(request) | {"headers": headers, "query": query, "text": ""}


class Ingestion:
    """The state of a Mixpanel project, and what it answers.

    `secrets` are the Basic user names that it knows; empty: any. `accounts` are the service accounts
    (`user:secret`), each with the project that it may use; where there are some, /import accepts nothing
    else but `secrets`. Without either, every secret and every account is known. `refused_ids` are users whose
    profile updates it refuses, `zone` is the time zone of the raw export.

    `requests` holds every request, `events` every event taken in, twice when sent twice; `deduped()`
    is what Mixpanel shows of them. `profiles` and `groups` are by distinct_id and by (key, id).
    """

    def __init__(
        self,
        *,
        secrets: frozenset[str] = frozenset(),
        accounts: Mapping[str, int] | None = None,
        one_means: Literal["any", "all"] = "any",
        enforce_length: bool = False,
        refused_ids: frozenset[str] = frozenset(),
        now_ms: int | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        self.secrets = secrets
        self.accounts = dict(accounts or {})
        self.one_means = one_means
        self.enforce_length = enforce_length
        self.refused_ids = refused_ids
        self.now_ms = now_ms
        self.zone = zone
        self.faults: deque[tuple[str, Fault]] = deque()
        self.standing: list[tuple[str, str, Fault]] = []
        self.reset()

    def reset(self) -> None:
        """Forget everything received."""
        self.requests: list[Received] = []
        self.events: list[dict[str, Any]] = []
        self.copies: list[Copy] = []
        """What decides about each of the events."""
        self.profiles: dict[Any, dict[str, Any]] = {}
        self.groups: dict[Any, dict[str, Any]] = {}
        self.profile_log: list[dict[str, Any]] = []
        self.faults.clear()
        self.standing.clear()

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

    def deduped(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        """Return the events that reports show: the latest by (event, distinct_id, time, $insert_id)."""
        shown: dict[tuple[Any, ...], dict[str, Any]] = {}
        for event in self.events:
            properties = as_object(event.get("properties"))
            named = (event.get("event"), *(properties.get(k) for k in ("distinct_id", "time", "$insert_id")))
            key = tuple(json.dumps(one) if isinstance(one, list | dict) else one for one in named)
            shown[key] = event
        return shown

    def snapshot(self) -> dict[str, Any]:
        """Return everything that it holds, for JSON."""
        return {
            "requests": [_shown(request) for request in self.requests],
            "events": self.events,
            "deduped": list(self.deduped().values()),
            "profiles": self.profiles,
            "groups": {f"{key}/{id}": profile for (key, id), profile in self.groups.items()},
        }

    def handle(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        body: bytes,
        demanded: Fault | None = None,
    ) -> Fault:
        """Accept or refuse a request; returns the answer: a fault, given or scripted, or Mixpanel's."""
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        received = Received(method, parts.path.rstrip("/"), query, headers, len(body))
        received.text = plain_text(target, headers, body)
        self.requests.append(received)
        received.at = self._now()
        fault = demanded or self._next_fault(received.path) or self._standing(received)
        if fault is None or fault.ingest or fault.drop == "after" or fault.hang:
            received.status, received.answer = self._ingest(received, body)
        if fault is None:
            answered = Fault(received.status, received.answer)
            if isinstance(received.answer, bytes):
                received.answer = counted(len(received.answer.splitlines()), "event")
            return answered
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

    # -- the endpoints

    def _ingest(self, received: Received, body: bytes) -> tuple[int, Any]:
        path = received.path
        try:
            if path == "/import" and received.method == "POST" and "data" not in received.query:
                return self._import(received, body)
            if path == "/import" and self.accounts and (refusal := self._refusal(received)) is not None:
                return refusal.status, refusal.body
            if path == raw_export.PATH and received.method == "GET":
                return self._export(received)
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
        now = self._now()
        failed: list[dict[str, Any]] = []
        for index, record in enumerate(received.records):
            fault = import_faults(record, now, enforce_length=self.enforce_length)
            if fault is None:
                self._keep(record, now)
                continue
            insert_id = as_object(as_object(record).get("properties")).get("$insert_id", "")
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

    def _export(self, received: Received) -> tuple[int, Any]:
        if (refusal := self._refusal(received)) is not None:
            return refusal.status, refusal.body
        try:
            question = raw_export.read_question(received.query)
        except raw_export.WrongQuestion as error:
            return 400, {"request": received.path, "error": str(error)}  # MODELLED
        return 200, b"".join(raw_export.exported(self.events, self.copies, question, self.zone))

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
            self._keep(record, self._now())
            return
        self.profile_log.append(record)
        if path == "/engage":
            update_profile(self.profiles, record["$distinct_id"], record)
        else:
            update_profile(self.groups, (record["$group_key"], record["$group_id"]), record)

    def _keep(self, record: dict[str, Any], now: int) -> None:
        self.events.append(record)
        self.copies.append(copy_of(record, len(self.requests), now))

    def _now(self) -> int:
        return self.now_ms if self.now_ms is not None else int(time.time() * 1000)

    def _form_answer(self, received: Received, error: str | None) -> Any:
        if received.query.get("verbose") == "1":
            return {"error": error, "status": 0 if error else 1}
        return "0" if error else "1"

    def _refusal(self, received: Received) -> Fault | None:
        """Return why the credentials of a request are not accepted, None if they are."""
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
        if not (self.secrets or self.accounts):
            known = bool(user and (not secret or received.query.get("project_id")))
        else:
            known = user in self.secrets and not secret
        return None if known else UNAUTHORIZED
