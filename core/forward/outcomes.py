"""What an answer of Mixpanel's means: from status and body to an outcome for each record. Pure.

| answer | meaning |
|---|---|
| /import 200 with all records counted; `1`, `{"status":1}` | taken |
| /import 200 that counts fewer | halved, to learn which (they carry an insert id) |
| 400 with `failed_records` | those refused, by `index`; the others taken |
| an answer with `failed_records` that was not read to its end | halved; one alone is refused |
| 400 in Mixpanel's words without `failed_records` | halved down to the one; one alone is refused |
| `0`, `{"status":0,"error":…}` | one alone is refused; of several, sent one by one |
| 413, 414, 431 | halved; one alone is refused |
| 429, 425, not sent at all | tried again |
| 5xx, 408, sent but no answer, 200 in someone else's words | tried again if repeatable, else uncertain |
| 401, 403 | forwarding halts: the credentials |
| 3xx, other 4xx, 400 in someone else's words | forwarding halts: that is not Mixpanel |

A body is read whatever its bytes: what is not UTF-8 or not JSON is text, and what cannot be unpacked is
empty. The status then decides. A RETRY is `suspect` when one of the records may be its cause.

Sources: Mixpanel's ingestion API reference (strict import, 429 and 502/503 are retried, 400 never); its
`1` on the form endpoints says that at least one record is valid, and no more. A proxy's 503 ("upstream
connect error or disconnect") may come after Mixpanel took the records: what adds is not sent again after it.
"""

from __future__ import annotations

import enum
import re
from http import HTTPStatus

import msgspec

from ..delivery import Outcome
from ..json_text import to_json
from ..masks import NO_MASKS, Masks
from ..messages import Json, JsonObject
from ..sources.decode import NotJson, read_json
from .batch import Batch

WORDS_LIMIT = 300
SERVICE_ACCOUNT = " Check project_id, and that the service account is owner or admin of that project."
WAITS = " What waits is kept."
"""The end of the words with which forwarding halts on refused credentials."""
_LISTS_RECORDS = b'"failed_records"'
_BEGINNING = 4096


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one request. `status` 0: no answer; then `sent` tells whether Mixpanel may have it.

    `retry_after` is seconds, from the header of that name. `words` say why there is no answer, or no body
    that can be read. `cut`: the body goes on behind `body`, but is longer than segtap reads. `broken`: the
    connection ended, or time was up, before the body did.
    """

    status: int = 0
    body: bytes = b""
    retry_after: float | None = None
    location: str = ""
    sent: bool = True
    words: str = ""
    cut: bool = False
    broken: bool = False


class Action(enum.Enum):
    """What to do with a batch after an answer."""

    SETTLE = "settle"
    RETRY = "retry"
    HALVE = "halve"
    SINGLY = "singly"
    HALT = "halt"


class Judgement(msgspec.Struct, frozen=True):
    """One record's outcome: taken, refused or uncertain, in Mixpanel's words."""

    outcome: Outcome
    words: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer means for a batch. `records` has one judgement a record when it settles, else none.

    `suspect`: sent again for ever it may fail for ever, because of one of its records.
    """

    action: Action
    words: str
    records: tuple[Judgement, ...] = ()
    after: float | None = None
    suspect: bool = False


class Kind(enum.Enum):
    """What a status says before the body is read."""

    GOOD = enum.auto()
    INVALID = enum.auto()
    CREDENTIALS = enum.auto()
    TOO_LARGE = enum.auto()
    NOT_NOW = enum.auto()
    UNSURE = enum.auto()
    ELSEWHERE = enum.auto()
    STRANGE = enum.auto()


STATUSES: dict[int, Kind] = {
    400: Kind.INVALID,
    401: Kind.CREDENTIALS,
    403: Kind.CREDENTIALS,
    408: Kind.UNSURE,
    413: Kind.TOO_LARGE,
    414: Kind.TOO_LARGE,
    425: Kind.NOT_NOW,
    429: Kind.NOT_NOW,
    431: Kind.TOO_LARGE,
}
CLASSES: dict[int, Kind] = {2: Kind.GOOD, 3: Kind.ELSEWHERE, 4: Kind.STRANGE, 5: Kind.UNSURE}


def kind_of(answer: Answer) -> Kind:
    """Return the row of the table that an answer's status belongs to."""
    if answer.status == 0:
        return Kind.UNSURE if answer.sent else Kind.NOT_NOW
    return STATUSES.get(answer.status) or CLASSES.get(answer.status // 100, Kind.STRANGE)


def judge(answer: Answer, batch: Batch, masks: Masks = NO_MASKS) -> Verdict:
    """Return what the answer means for the batch, in words without the secrets that `masks` knows."""
    answer = masks.value(answer)
    said = masks.value(_parsed(answer.body))  # within JSON a secret may be escaped in ways of its own
    words = words_of(answer, said)
    kind = kind_of(answer)
    if (answer.cut or answer.broken) and kind in (Kind.GOOD, Kind.INVALID) and not isinstance(said, dict):
        if _LISTS_RECORDS in answer.body[:_BEGINNING] and batch.repeatable:
            # It names each insert id, and those may be megabytes long: a smaller batch has a shorter answer.
            return _narrow(Action.HALVE, batch, words)
        if answer.broken or _LISTS_RECORDS in answer.body[:_BEGINNING]:
            return _unsure(answer, batch, words)
    match kind:
        case Kind.GOOD:
            return _good(answer, said, batch, words)
        case Kind.INVALID:
            return _invalid(answer, said, batch, words)
        case Kind.TOO_LARGE:
            return _narrow(Action.HALVE, batch, words)
        case Kind.NOT_NOW:
            return Verdict(action=Action.RETRY, words=words, after=answer.retry_after)
        case Kind.UNSURE:
            return _unsure(answer, batch, words)
        case Kind.CREDENTIALS:
            return _halt(
                f"Mixpanel refuses the credentials: {answer.status} {words}."
                f"{SERVICE_ACCOUNT if batch.with_service_account else ''}{WAITS}"
            )
        case Kind.ELSEWHERE:
            where = f" to {one_line(answer.location)}" if answer.location else ""
            return _halt(
                f"{answer.status} {words}{where}: Mixpanel never redirects. Check region and mixpanel_url."
            )
        case Kind.STRANGE:
            return _stranger(answer, words)


def _good(answer: Answer, said: Json, batch: Batch, words: str) -> Verdict:
    if isinstance(said, dict):
        if failed := _failed(said, batch):
            return _by_index(failed, batch, words)
        imported = said.get("num_records_imported")
        if isinstance(imported, int) and imported < len(batch):
            return _narrow(Action.HALVE, batch, f"{imported} of {len(batch)} imported ({words})")
        if isinstance(imported, int) or said.get("status") in (1, "OK") or said.get("code") == 200:
            return _all(Outcome.SENT, batch, _taken_words(said, batch))
        if said.get("status") in (0, "error"):
            return _narrow(Action.SINGLY, batch, words)
    elif said == 1 and said is not True:
        return _all(Outcome.SENT, batch, _taken_words({"status": 1}, batch))
    elif said == 0 and said is not False:
        return _narrow(Action.SINGLY, batch, words)
    return _unsure(
        answer,
        batch,
        f"without Mixpanel's words (a proxy or a network's login page?): {words}",
    )


def _taken_words(said: JsonObject, batch: Batch) -> str:
    imported = said.get("num_records_imported")
    if isinstance(imported, int):
        return f"{said.get('status', 'OK')}, {imported} of {len(batch)} imported"
    if len(batch) > 1 and batch.route.shape != "json":
        return f"status 1 for {len(batch)} records together (at least one is valid)"
    return f"status {said.get('status', 'OK')}"


def _invalid(answer: Answer, said: Json, batch: Batch, words: str) -> Verdict:
    if isinstance(said, dict):
        if failed := _failed(said, batch):
            return _by_index(failed, batch, words)
        if said.keys() & {"error", "code", "status"}:
            return _narrow(Action.HALVE if batch.route.shape == "json" else Action.SINGLY, batch, words)
    if said in (0, 1) and not isinstance(said, bool):
        return _narrow(Action.SINGLY, batch, words)
    return _stranger(answer, words)


def _failed(said: JsonObject, batch: Batch) -> dict[int, str]:
    """Return the words for each refused record by its index; empty unless all can be identified."""
    listed = said.get("failed_records")
    found: dict[int, str] = {}
    for entry in listed if isinstance(listed, list) else ():
        if not isinstance(entry, dict):
            return {}
        index = entry.get("index")
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(batch):
            # Both spellings are about: the reference's prose has "$insert_id", real answers "insert_id".
            insert_id = entry.get("insert_id") or entry.get("$insert_id")
            index = next(
                (
                    at
                    for at, record in enumerate(batch.records)
                    if insert_id and record.insert_id == insert_id
                ),
                None,
            )
            if index is None:
                return {}
        message, field = str(entry.get("message") or "refused"), str(entry.get("field") or "")
        words = one_line(message if not field or field in message else f"{message} ({field})")
        found[index] = f"{found[index]}; {words}" if index in found else words
    return found


def _by_index(failed: dict[int, str], batch: Batch, words: str) -> Verdict:
    taken = Judgement(Outcome.SENT, f"taken beside {len(failed)} refused of {len(batch)}")
    return Verdict(
        action=Action.SETTLE,
        words=words,
        records=tuple(
            Judgement(Outcome.REFUSED, failed[index]) if index in failed else taken
            for index in range(len(batch))
        ),
    )


def _narrow(action: Action, batch: Batch, words: str) -> Verdict:
    """Return how to find out which of several records it is; a record that is alone is refused."""
    if len(batch) > 1:
        return Verdict(action=action, words=words)
    return _all(Outcome.REFUSED, batch, words)


def _unsure(answer: Answer, batch: Batch, words: str) -> Verdict:
    if batch.repeatable:
        return Verdict(action=Action.RETRY, words=words, after=answer.retry_after, suspect=True)
    return _all(
        Outcome.UNCERTAIN,
        batch,
        f"{words}; not sent again, for it would count twice if Mixpanel has it",
    )


def _all(outcome: Outcome, batch: Batch, words: str) -> Verdict:
    return Verdict(action=Action.SETTLE, words=words, records=(Judgement(outcome, words),) * len(batch))


def _stranger(answer: Answer, words: str) -> Verdict:
    return _halt(f"{answer.status} {words}: that answer is not Mixpanel's. Check region and mixpanel_url.")


def _halt(words: str) -> Verdict:
    return Verdict(action=Action.HALT, words=words)


def _parsed(body: bytes) -> Json:
    """Return the body as JSON, read generously (a proxy's may be in Latin-1), or as text where it is not
    JSON.
    """
    try:
        return read_json(body)[0]
    except NotJson:
        return body.decode("utf-8", "replace")


def words_of(answer: Answer, said: Json) -> str:
    """Return Mixpanel's own words (or a proxy's, or what went wrong on the way), fit to be shown."""
    text: Json = said
    if answer.status == 0:
        text = answer.words
    elif isinstance(said, dict):
        text = next((said[key] for key in ("error", "message", "status") if said.get(key)), "")
    elif isinstance(said, int | float):
        text = "" if isinstance(said, bool) else f"body {said}"
    words = one_line(text if isinstance(text, str) else to_json(text))
    if answer.status and answer.words:
        return one_line(f"{words} ({answer.words})" if words else answer.words)
    return words or _reason(answer.status)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no words"


def one_line(text: str) -> str:
    """Return text fit to be shown: one line, no markup, no control characters, at most 300 characters."""
    plain = re.sub(r"<[^<>]{0,500}>", " ", text[: WORDS_LIMIT * 20])
    plain = "".join(letter if letter.isprintable() else " " for letter in plain)
    plain = " ".join(plain.split())
    return plain if len(plain) <= WORDS_LIMIT else plain[: WORDS_LIMIT - 1] + "…"
