"""Whether the servers of `[[routes]]` answer; asked when the user says so. No message is sent."""

from __future__ import annotations

import asyncio
import re

from ..proxy.words import without_answer
from ..relay.itself import upstream_of
from ..relay.objects import BUCKET, Bucket, place_fault
from ..settings import RouteSettings, Settings
from ..text import clean, shorten
from .diagnosis import Diagnosis, Standing

TIMEOUT = 15.0
_WORDS = 200
_ANSWERED = re.compile(r"<Code>(?P<code>\w+)</Code>\s*(?:<Message>(?P<words>[^<]*)</Message>)?")
"""What a server like S3 says of a request that it refuses."""


async def ask_routes(settings: Settings) -> list[Diagnosis]:
    """Return whether each mirror's server answers, and each archive's bucket; all are asked at once.

    What hinders a question is part of the answer.
    """
    asked = [_ask_mirror(route) for route in settings.routes if route.kind == "segment"]
    asked += [_ask_bucket(route) for route in settings.routes if _has_bucket(route)]
    return list(await asyncio.gather(*asked))


def _has_bucket(route: RouteSettings) -> bool:
    return route.kind == "archive" and route.url.startswith(BUCKET) and not place_fault(route)


async def _ask_mirror(route: RouteSettings) -> Diagnosis:
    """Ask the server for its first page: any answer says that requests reach it."""
    import httpx

    upstream = upstream_of(route)
    try:
        async with (
            asyncio.timeout(2 * TIMEOUT),
            httpx.AsyncClient(timeout=TIMEOUT) as client,
            client.stream("GET", upstream.url) as answer,
        ):
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        words = without_answer(upstream, str(error) or type(error).__name__)
        fix = "check url and region of the route; a proxy or firewall may be in the way"
        return _verdict(route, upstream.origin, "error", words, fix)
    words = f"{upstream.host} answers ({status} to a request without a message)"
    return _verdict(route, upstream.origin, "good", words)


async def _ask_bucket(route: RouteSettings) -> Diagnosis:
    """Ask for the names in the bucket: who may not list them may still write."""
    where = clean(route.url)
    try:
        async with asyncio.timeout(2 * TIMEOUT):
            await Bucket(route).look()
    except Exception as error:
        # The client has no base of its own for all that it raises, and says what was answered in its text.
        found = _ANSWERED.search(text := str(error))
        if found is not None and found["code"] == "AccessDenied":
            words = "the bucket answers, but these credentials may not list it: whether they may write shows"
            return _verdict(route, where, "unknown", f"{words} with the first object")
        said = (
            f"{found['code']}: {found['words'] or ''}" if found is not None else text or type(error).__name__
        )
        words = f"the bucket could not be asked: {shorten(' '.join(clean(said).split()), _WORDS)}"
        fix = "check url, endpoint and bucket_region of the route, and the credentials (AWS_…)"
        return _verdict(route, where, "error", words, fix)
    return _verdict(route, where, "good", "the bucket answers, and accepts the credentials")


def _verdict(route: RouteSettings, where: str, standing: Standing, words: str, fix: str = "") -> Diagnosis:
    title = f"Route {route.name}: {where}, asked"
    return Diagnosis(check="route-online", title=title, standing=standing, words=words, fix=fix)
