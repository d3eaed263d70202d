"""Questions about what authenticates requests: the project token, the API secret, a service account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from ..checks.credentials import IN_SEGMENT, SECRET_ENDS
from ..destinations.actions.credentials import VERSION, unusable
from ..forward.credentials import service_account_fault, service_account_of
from ..masks import mask_token
from ..text import counted
from .diagnosis import Diagnosis, Standing
from .facts import Facts
from .routes_check import leads_to_mixpanel

SERVICE_ACCOUNT_ADVICE = (
    "let segtap send with a service account: make one in Mixpanel (Organization Settings, Service Accounts;"
    " owner or admin of the project), put user:secret into the environment as {variable}, and write"
    " project_id under [destination]"
)
_TOKEN = re.compile(r"[0-9a-f]{32}")


def token(facts: Facts) -> Iterator[Diagnosis]:
    """Yield the project token: whether there is one, and what cannot be known of it."""
    destination = facts.settings.destination
    title = "Project token"
    if not destination.token and not leads_to_mixpanel(facts.settings):
        return
    if not destination.token:
        yield Diagnosis(
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
        yield Diagnosis(
            check="token",
            rule="token-unverified",
            title=title,
            standing="warning",
            words=f"{short} does not look like one: Mixpanel's have 32 characters of 0-9 and a-f",
            fix="copy the project token from Mixpanel's Project Settings (not the API secret)",
        )
        return
    yield Diagnosis(
        check="token",
        rule="token-unverified",
        title=title,
        standing="unknown",
        words=f"{short} is well-formed. Mixpanel's /track, /engage and /groups answer 1 to any token, so that"
        " only asking tells whether the project exists",
        fix="segtap doctor --online asks Mixpanel whether it knows the token",
    )


def service_account(facts: Facts) -> Iterator[Diagnosis]:
    """Yield the service account that segtap sends /import with, where one is set."""
    destination = facts.settings.destination
    if not destination.service_account:
        return
    title = "Service account"
    account = service_account_of(destination)
    if account is None:
        yield Diagnosis(
            check="service-account",
            title=title,
            standing="error",
            words=service_account_fault(
                destination, facts.settings.places.get("destination.service_account")
            ),
            fix=f"until then nothing is forwarded; or unset {destination.service_account_env}",
        )
        return
    yield Diagnosis(
        check="service-account",
        title=title,
        standing="good",
        words=f"segtap sends /import with {account.user} and project_id {account.project_id}. Profiles and"
        " groups go to the project of the token: only Mixpanel knows whether both are one project, so compare"
        " them in its Project Settings",
    )


def secret(facts: Facts) -> Iterator[Diagnosis]:
    """Yield the API secret, which Mixpanel retires; or what is sent where there is none."""
    destination = facts.settings.destination
    if not destination.api_secret:
        yield _no_secret(facts)
        return
    kind = facts.destination.kind
    days = (SECRET_ENDS - datetime.fromtimestamp(facts.now / 1000, UTC)).days
    left = f"in {counted(days, 'day')}" if days > 0 else "that is over"
    when = f"Mixpanel retires it on 2027-03-03 ({left})"
    if destination.service_account:
        yield _secret(
            "note",
            f"set, but segtap sends the service account in its place. Segment itself uses it: {when}",
            IN_SEGMENT[kind],
        )
        return
    words = f"set: events go to /import with it. {when}"
    if kind == "classic-cloud":
        words = f"set: only events older than five days go to /import, and need it. {when}"
    advice = SERVICE_ACCOUNT_ADVICE.format(variable=destination.service_account_env)
    yield _secret("note" if days > 0 else "error", words, f"{advice}. {IN_SEGMENT[kind]}")


def _no_secret(facts: Facts) -> Diagnosis:
    if facts.destination.kind == "classic-cloud":
        words = "none is given: events older than five days, which go to /import, are refused"
        return _secret("good", words, rule="")
    if facts.settings.destination.service_account:
        words = "none is given: segtap sends /import with the service account"
        return _secret("good", words, rule="")
    settings = facts.destination.settings
    given = "it is empty" if "apiSecret" in settings else "none is given"
    return _secret(
        "note",
        f"{given}: segtap sends the project token in its place, on purpose. Segment's {VERSION} would send no"
        f' usable credential then ("{unusable(settings)}"), newer source the token',
        "if Segment's destination has no secret either, ask Segment which version it runs; until then set one"
        " there",
        rule="documentation-differs",
    )


def _secret(
    standing: Standing, words: str, fix: str = "", *, rule: str = "api-secret-deprecated"
) -> Diagnosis:
    title = "API secret"
    return Diagnosis(check="api-secret", rule=rule, title=title, standing=standing, words=words, fix=fix)
