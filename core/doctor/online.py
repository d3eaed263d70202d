"""Questions that only Mixpanel answers; asked when the user says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import msgspec

from ..answers import ACCEPT_PLAIN, Body, read_body
from ..forward.credentials import ServiceAccount, service_account_of
from ..masks import masks_of, secrets_in
from ..settings import API_HOSTS, APP_HOSTS, DestinationSettings, Secret
from ..text import clean, shorten
from .diagnosis import Diagnosis, Standing

LOOKUP_TABLES = "/lookup-tables"
"""A documented question that a service account may ask, and that changes nothing."""
PATH = "/api/app/validate-project-credentials/"
"""Where Segment's destination checks its settings: not documented by Mixpanel, and on the US host for all."""
TIMEOUT = 15.0
ANSWER_CAP = 64 * 1024
"""Bytes read of the answer: it is a sentence."""
CLOCK_OFF = 60
"""Seconds that this machine's clock may differ."""


def with_own_secrets(judged: DestinationSettings, own: DestinationSettings) -> DestinationSettings:
    """Return the settings of an engine with the secrets that this shell has for the same project.

    An engine gives out no secret. The API secret here is taken if the project token is the same, a service
    account if it has the same name; Mixpanel is not asked about others.
    """
    account = own.service_account
    user = account.reveal().partition(":")[0]
    known = judged.service_account.reveal().partition(":")[0]
    return msgspec.structs.replace(
        judged,
        api_secret=own.api_secret if judged.api_secret and judged.token == own.token else Secret(),
        service_account=account if account and user == known else Secret(),
    )


async def ask_mixpanel(destination: DestinationSettings, *, base_url: str = "") -> list[Diagnosis]:
    """Return whether Mixpanel knows the token and the service account, and whether this machine's clock is
    right.

    `base_url` stands in for Mixpanel's host. What hinders a question is part of the answer.
    """
    found = await _ask_about_token(destination, base_url) if destination.token else []
    if (account := service_account_of(destination)) is not None:
        found += await _ask_about_account(account, destination, base_url)
    return found


async def _ask_about_token(destination: DestinationSettings, base_url: str) -> list[Diagnosis]:
    import httpx

    body = {"project_token": destination.token}
    if destination.api_secret:
        body["api_secret"] = destination.api_secret.reveal()
    url = (base_url or APP_HOSTS["us"]).rstrip("/") + PATH
    try:
        async with (
            asyncio.timeout(2 * TIMEOUT),
            httpx.AsyncClient(timeout=TIMEOUT, headers=ACCEPT_PLAIN) as client,
            client.stream("POST", url, json=body) as answer,
        ):
            now = time.time()
            said = await read_body(answer, ANSWER_CAP)
    except (httpx.HTTPError, TimeoutError) as error:
        words = f"Mixpanel could not be asked: {clean(str(error)) or type(error).__name__}"
        fix = "try again; a proxy or firewall may be in the way"
        return [_verdict("token-online", "Project token, by Mixpanel", "unknown", words, fix)]
    date = answer.headers.get("date", "")
    return [*_token(answer.status_code, said, destination), *clock_verdicts(date, now)]


async def _ask_about_account(
    account: ServiceAccount, destination: DestinationSettings, base_url: str
) -> list[Diagnosis]:
    import httpx

    check, title = "service-account-online", "Service account, by Mixpanel"
    url = (base_url or API_HOSTS[destination.region]).rstrip("/") + LOOKUP_TABLES
    try:
        async with (
            asyncio.timeout(2 * TIMEOUT),
            httpx.AsyncClient(timeout=TIMEOUT, headers=ACCEPT_PLAIN) as client,
            client.stream(
                "GET",
                url,
                params={"project_id": account.project_id},
                auth=(account.user, account.secret.reveal()),
            ) as answer,
        ):
            said = await read_body(answer, ANSWER_CAP)
    except (httpx.HTTPError, TimeoutError) as error:
        words = f"Mixpanel could not be asked: {clean(str(error)) or type(error).__name__}"
        return [_verdict(check, title, "unknown", words, "try again; a proxy or firewall may be in the way")]
    who = f"{account.user} and project_id {account.project_id}"
    if answer.is_success:
        return [_verdict(check, title, "good", f"Mixpanel accepts {who}")]
    if answer.status_code in (401, 403):
        words = f"Mixpanel answers {answer.status_code} to {who}: {_words(said, destination)}"
        fix = "check user:secret, the project's number, and that the account is owner or admin there"
        return [_verdict(check, title, "error", words, fix)]
    words = f"Mixpanel answers {answer.status_code}: neither yes nor no"
    return [_verdict(check, title, "unknown", words, "try again later")]


def _words(said: Body, destination: DestinationSettings) -> str:
    """Return what an answer says, fit to be shown."""
    text = said.unreadable or said.data.decode("utf-8", "replace")
    masks = masks_of((*secrets_in(destination), *filter(None, [destination.token])))
    return shorten(clean(masks.text(text)), 160)


def _verdict(check: str, title: str, standing: Standing, words: str, fix: str = "") -> Diagnosis:
    return Diagnosis(check=check, title=title, standing=standing, words=words, fix=fix)


def _token(status: int, said: Body, destination: DestinationSettings) -> Iterator[Diagnosis]:
    what = "token and API secret" if destination.api_secret else "token"
    title = "Project token, by Mixpanel"
    if 200 <= status < 300:
        yield _verdict("token-online", title, "good", f"Mixpanel knows the project: {what} are valid")
    elif status in (400, 401, 403, 404):
        words = _words(said, destination)
        yield _verdict(
            "token-online",
            title,
            "error",
            f"Mixpanel answers {status} to {what}: {words}. What is sent with them is lost, though"
            " /track answers 1",
            "copy them again from Mixpanel's Project Settings",
        )
    else:
        words = f"Mixpanel answers {status}: neither yes nor no"
        yield _verdict("token-online", title, "unknown", words, "try again later")


def clock_verdicts(date: str, now: float) -> Iterator[Diagnosis]:
    """Yield this machine's clock (seconds since the epoch) against an answer's `Date`; nothing
    without one.
    """
    title = "This machine's clock"
    try:
        off = now - parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return
    if abs(off) <= CLOCK_OFF:
        yield _verdict("clock-online", title, "good", "agrees with Mixpanel's servers")
        return
    way = "ahead of" if off > 0 else "behind"
    yield _verdict(
        "clock-online",
        title,
        "warning",
        f"is {abs(off):,.0f} s {way} Mixpanel's servers: corrected timestamps are off by as much",
        "set it by NTP",
    )
