"""Rules on what authenticates requests: the API secret that Mixpanel retires, and one that is empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from ..catalogue import data as rule
from ..catalogue.classic import DOCUMENTATION_DIFFERS
from ..destinations.actions.credentials import VERSION, unusable
from ..places import Place
from ..settings import DestinationKind
from ..verdict import Finding
from .subject import Subject

SECRETS = ("apiSecret", "apiKey")
"""The settings of the destinations that hold the secret."""
SECRET_ENDS = datetime(2027, 3, 3, tzinfo=UTC)
"""When Mixpanel retires the API secret (Project Secret)."""
_ENDS = SECRET_ENDS.timestamp() * 1000
IN_SEGMENT: dict[DestinationKind, str] = {
    "actions": "In Segment, do not empty the secret: what an empty one does depends on the destination's"
    f" version, and {VERSION} then sends nothing usable. Ask Segment which version sends"
    " the token in its place",
    "classic-cloud": "In Segment and here the key stays: without it, events older than five days are refused."
    " Ask Segment what it sends after that date",
}
"""What to do about the secret of the destination in Segment, which segtap's own credentials do not change."""


def api_secret_deprecated(subject: Subject) -> Sequence[Finding]:
    """Find the first request that is sent with the API secret."""
    settings = subject.destination.settings
    if not settings.get("apiSecret") and not settings.get("apiKey"):
        return ()
    if subject.settings.service_account:
        return ()  # segtap sends without the secret; doctor says what that means in Segment
    for index, operation in enumerate(subject.translation.operations):
        request = operation.request
        if "/import" in request.url and (request.authorization or (request.query or {}).get("api_key")):
            over = subject.now is not None and subject.now >= _ENDS
            return (_deprecated(index, subject.destination.kind, over),)
    return ()


@lru_cache(maxsize=64)
def _deprecated(request: int, kind: DestinationKind, over: bool) -> Finding:
    """Return the finding on a request that is sent with the secret; `over`: after Mixpanel retired it."""
    return rule.API_SECRET_DEPRECATED.finding(
        Place("request", request, ("url",)).text,
        f"sent with the API secret, which Mixpanel {'retired' if over else 'retires'} on 2027-03-03",
        severity="error" if over else None,
        fix=f"{rule.SERVICE_ACCOUNT}. {IN_SEGMENT[kind]}",
    )


def empty_secret(subject: Subject) -> Iterator[Finding]:
    """Yield a note where the destination's secret is an empty text, which is not the same as absent."""
    settings = subject.destination.settings
    if "apiSecret" not in settings or settings["apiSecret"] or subject.destination.kind != "actions":
        return
    if subject.settings.service_account:
        return
    for index, operation in enumerate(subject.translation.operations):
        if "/import" in operation.request.url:
            yield DOCUMENTATION_DIFFERS.finding(
                Place("request", index, ("authorization",)).text,
                "the API secret is empty: newer source sends the project token then, and so does segtap, but"
                f' Segment\'s {VERSION} would send no usable credential here ("{unusable(settings)}")',
                fix="set the secret in Segment again, until Segment says that your version sends the token in"
                " its place",
            )
            return
