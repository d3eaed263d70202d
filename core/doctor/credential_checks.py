"""Questions about what authenticates requests: the project token, the API secret, a service account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from ..forward.credentials import service_account_fault, service_account_of
from ..masks import mask_token
from ..text import counted
from .facts import Facts
from .verdict import Verdict

SECRET_ENDS = datetime(2027, 3, 3, tzinfo=UTC)
"""When Mixpanel retires the API secret (Project Secret)."""
SERVICE_ACCOUNT_ADVICE = (
    "let segtap send with a service account: make one in Mixpanel (Organization Settings, Service Accounts;"
    " owner or admin of the project), put user:secret into the environment as {variable}, and write"
    " project_id under [destination]"
)
IN_SEGMENT = {
    "actions": ". In Segment, do not empty the secret: what an empty one does depends on the destination's"
    " version, and 3.497.0 then sends nothing usable. Ask Segment which version sends the token in its place",
    "classic-cloud": ". In Segment the key stays: without it, events older than five days are refused. Ask"
    " Segment what it sends after that date",
}
_TOKEN = re.compile(r"[0-9a-f]{32}")


def token(facts: Facts) -> Iterator[Verdict]:
    """The project token: whether there is one, and what cannot be known of it."""
    destination = facts.settings.destination
    title = "Project token"
    if not destination.token:
        yield Verdict(
            check="token",
            rule="token-unverified",
            title=title,
            standing="error",
            words="there is none: nothing can be forwarded",
            fix=f"put it into the environment as {destination.token_env}, or into segtap.toml",
        )
        return
    short = mask_token(destination.token)
    if not _TOKEN.fullmatch(destination.token):
        yield Verdict(
            check="token",
            rule="token-unverified",
            title=title,
            standing="warning",
            words=f"{short} does not look like one: Mixpanel's have 32 characters of 0-9 and a-f",
            fix="copy the project token from Mixpanel's Project Settings (not the API secret)",
        )
        return
    yield Verdict(
        check="token",
        rule="token-unverified",
        title=title,
        standing="unknown",
        words=f"{short} is well-formed. Mixpanel's /track, /engage and /groups answer 1 to any token, so that"
        " only asking tells whether the project exists",
        fix="segtap doctor --online asks Mixpanel whether it knows the token",
    )


def service_account(facts: Facts) -> Iterator[Verdict]:
    """The service account that segtap sends /import with, where one is set."""
    destination = facts.settings.destination
    if not destination.service_account:
        return
    title = "Service account"
    account = service_account_of(destination)
    if account is None:
        yield Verdict(
            check="service-account",
            title=title,
            standing="error",
            words=service_account_fault(destination),
            fix=f"until then nothing is forwarded; or unset {destination.service_account_env}",
        )
        return
    yield Verdict(
        check="service-account",
        title=title,
        standing="good",
        words=f"segtap sends /import with {account.user} and project_id {account.project_id}. Profiles and"
        " groups go to the project of the token: only Mixpanel knows whether both are one project, so compare"
        " them in its Project Settings",
    )


def secret(facts: Facts) -> Iterator[Verdict]:
    """The API secret, which Mixpanel retires."""
    title, destination = "API secret", facts.settings.destination
    kind = facts.destination.kind
    if not destination.api_secret:
        words = "none is set: events go to /import with the project token"
        if destination.service_account:
            words = "none is set"
        if kind == "classic-cloud":
            words = "none is set: events older than five days, which go to /import, are refused"
        yield Verdict(check="api-secret", title=title, standing="good", words=words)
        return
    days = (SECRET_ENDS - datetime.fromtimestamp(facts.now / 1000, UTC)).days
    left = f"in {counted(days, 'day')}" if days > 0 else "that is over"
    when = f"Mixpanel retires it on 2027-03-03 ({left})"
    if destination.service_account:
        yield Verdict(
            check="api-secret",
            rule="api-secret-deprecated",
            title=title,
            standing="note",
            words=f"set, but segtap sends the service account in its place. Segment itself uses it: {when}",
            fix=IN_SEGMENT[kind].removeprefix(". "),
        )
        return
    advice = SERVICE_ACCOUNT_ADVICE.format(variable=destination.service_account_env)
    yield Verdict(
        check="api-secret",
        rule="api-secret-deprecated",
        title=title,
        standing="warning" if days > 0 else "error",
        words=f"events go to /import with the API secret. {when}",
        fix=advice + IN_SEGMENT[kind],
    )
