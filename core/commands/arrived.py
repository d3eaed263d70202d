"""`segtap arrived`: asks Mixpanel's raw export whether the events of a journal are there.

One request for all of them: the raw export answers 60 an hour. Events are known by their `$insert_id`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from ..answers import ACCEPT_PLAIN, codings_of, read_body
from ..errors import InputError, SettingsError
from ..forward.credentials import ServiceAccount, service_account_fault, service_account_of
from ..json_text import json_bytes
from ..masks import masks_of, secrets_in
from ..messages import Json, JsonObject
from ..settings import DestinationSettings, Region, Settings
from ..sources.mixpanel.exported import exported_record
from ..text import clean, shorten
from .export import export_lines

State = Literal["there", "twice", "not there", "not there yet", "never sent"]
EXPORT_HOSTS: dict[Region, str] = {
    "us": "https://data.mixpanel.com",
    "eu": "https://data-eu.mixpanel.com",
    "in": "https://data-in.mixpanel.com",
}
EXPORT = "/api/2.0/export"
NAMES = 50
"""Names of events by which the answer is narrowed; with more all events of the days are read."""
MOST = 100_000
"""Events that are asked for at once."""
_TIMEOUT = 300.0
_LONG_LINE = 4 * 1024 * 1024
_SECONDS = 10_000_000_000
"""Mixpanel's times below this are in seconds."""
_TRIED = "delivery:sent,uncertain"
_SOON = "since:15m"
"""What was received since then may still be on its way into the export."""


class Event(msgspec.Struct):
    """An event and what the export has of it. `time` is in milliseconds."""

    insert_id: str
    name: str
    time: int
    state: State = "never sent"
    copies: int = 0
    counted: int = 0
    """How often Mixpanel counts it: copies with the same user and time are one."""


async def arrived(settings: Settings, filter: str = "", *, url: str = "") -> list[Event]:
    """Return the events that messages matching a filter become, and whether Mixpanel has them.

    The messages are those of an engine or of the journal. Raises InputError, SettingsError or FilterFault.
    """
    account = _account(settings)
    events = await _events(settings, filter, url)
    if not events:
        return []
    both = f"({filter}) {_TRIED}" if filter else _TRIED
    tried = await _events(settings, both, url)
    lately = await _events(settings, f"{both} {_SOON}", url)
    found: dict[str, set[tuple[str, str, Json]]] = {}
    copies: dict[str, int] = {}
    async for record in _exported(settings.destination, account, events):
        properties = record.get("properties")
        id = properties.get("$insert_id") if isinstance(properties, dict) else None
        if isinstance(properties, dict) and isinstance(id, str) and id in events:
            copies[id] = copies.get(id, 0) + 1
            user = str(properties.get("distinct_id"))
            found.setdefault(id, set()).add((str(record.get("event")), user, properties.get("time")))
    for id, event in events.items():
        event.copies, event.counted = copies.get(id, 0), len(found.get(id, ()))
        event.state = _state(event, sent=id in tried, lately=id in lately)
    return list(events.values())


async def without_events(settings: Settings, filters: Iterable[str], *, url: str = "") -> list[str]:
    """Return those of the filters that no message matches which becomes an event with an `$insert_id`."""
    return [one for one in filters if not await _events(settings, one, url)]


def _state(event: Event, *, sent: bool, lately: bool) -> State:
    if event.copies:
        return "twice" if event.copies > 1 else "there"
    if not sent:
        return "never sent"
    return "not there yet" if lately else "not there"


def _account(settings: Settings) -> ServiceAccount:
    destination = settings.destination
    if why := service_account_fault(destination, settings.places.get("destination.service_account")):
        raise SettingsError(why)
    account = service_account_of(destination)
    if account is None:
        raise SettingsError(
            "Mixpanel's raw export needs a service account: set MIXPANEL_SERVICE_ACCOUNT to user:secret, and"
            " --project-id to the project's number."
        )
    return account


async def _events(settings: Settings, filter: str, url: str) -> dict[str, Event]:
    """Return the events that matching messages become, by their insert ids. Raises InputError."""
    events: dict[str, Event] = {}
    lines = export_lines(journal=settings.journal, filter=filter, what="records", url=url, own=settings)
    async for line in lines:
        found = exported_record(line.strip())
        assert found is not None
        record: JsonObject = msgspec.json.decode(found.text)
        properties, name = record.get("properties"), record.get("event")
        if not isinstance(properties, dict) or not isinstance(name, str):
            continue
        id, at = properties.get("$insert_id"), properties.get("time")
        if isinstance(id, str) and id and isinstance(at, (int, float)) and not isinstance(at, bool):
            events[id] = Event(id, name, int(at if at >= _SECONDS else at * 1000))
        if len(events) > MOST:
            raise InputError(
                f"Over {MOST:,} events match. Narrow the filter, by since: and until: for example."
            )
    return events


async def _exported(
    destination: DestinationSettings, account: ServiceAccount, events: dict[str, Event]
) -> AsyncIterator[JsonObject]:
    """Yield what Mixpanel has of these events' names and days. Raises InputError."""
    import httpx

    host = destination.mixpanel_url or EXPORT_HOSTS[destination.project_region or destination.region]
    url = host.rstrip("/") + EXPORT
    try:
        async with (
            asyncio.timeout(_TIMEOUT),
            httpx.AsyncClient(timeout=_TIMEOUT, headers=ACCEPT_PLAIN, follow_redirects=False) as client,
            client.stream(
                "GET",
                url,
                params=_asked(account, events),
                auth=(account.user, account.secret.reveal()),
            ) as answer,
        ):
            if answer.status_code != 200 or codings_of(answer):
                said = await read_body(answer, 4096)
                words = said.unreadable or said.data.decode("utf-8", "replace")
                raise InputError(_refusal(answer.status_code, words, destination))
            rest = b""
            async for chunk in answer.aiter_raw():
                *lines, rest = (rest + chunk).split(b"\n")
                for record in _records(lines):
                    yield record
                if len(rest) > _LONG_LINE:
                    raise InputError("Mixpanel's export has a line of over 4 MB: not read any further.")
            for record in _records([rest]):
                yield record
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        words = clean(str(error)) or type(error).__name__
        raise InputError(f"Mixpanel's raw export cannot be asked: {words}.") from None


def _asked(account: ServiceAccount, events: dict[str, Event]) -> dict[str, str | int]:
    """Return the question: the days of the events, one more at each end for the project's time zone."""
    times = [event.time for event in events.values()]
    first, last = (datetime.fromtimestamp(at / 1000, UTC).date() for at in (min(times), max(times)))
    day = timedelta(days=1)
    asked: dict[str, str | int] = {
        "project_id": account.project_id,
        "from_date": (first - day).isoformat(),
        "to_date": min(last + day, datetime.now(UTC).date() + day).isoformat(),
    }
    names = sorted({event.name for event in events.values()})
    if len(names) <= NAMES:
        asked["event"] = json_bytes([*names]).decode()
    return asked


def _records(lines: list[bytes]) -> Iterator[JsonObject]:
    for line in lines:
        if not line.strip():
            continue
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InputError("Mixpanel's raw export answers with a line that is not JSON.") from None
        if isinstance(record, dict):
            yield record


def _refusal(status: int, said: str, destination: DestinationSettings) -> str:
    masks = masks_of(secrets_in(destination))
    words = shorten(clean(masks.text(said.strip().replace("\n", " "))), 160)
    match status:
        case 429:
            return (
                "Mixpanel's raw export answers 60 requests an hour, and that was one more. Try again later."
            )
        case 401 | 403:
            return (
                f"Mixpanel answers {status}: {words}. Check user:secret, the project's number, its region,"
                " and that the service account may read the project."
            )
        case _:
            return f"Mixpanel's raw export answers {status}: {words}."
