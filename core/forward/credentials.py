"""Which credentials go out with requests to Mixpanel, and where each was given. Pure.

Segment's destination authenticates /import with the API secret, else with the project token. Where a service
account is set, segtap sends that in their place: the records stay Segment's. /track, /engage and /groups know
no credentials but the project token in each record.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from urllib.parse import urlsplit

import msgspec

from ..api.models import SentWith
from ..masks import MASK, mask_token
from ..settings import DestinationSettings, Secret, SettingPlace, Settings, secret_place
from ..verdict import SECRET_FIELDS, OutgoingRequest, Translation
from .wire import with_query

IMPORT = "/import"
"""The only endpoint that accepts a service account (Mixpanel's ingestion API, `security` of each path)."""


class ServiceAccount(msgspec.Struct, frozen=True):
    """A service account of Mixpanel's, and the number of the project that it sends to."""

    user: str
    secret: Secret
    project_id: int

    def on(self, request: OutgoingRequest) -> OutgoingRequest:
        """Return the request with these credentials, where its endpoint accepts them."""
        plain = f"{self.user}:{self.secret.reveal()}".encode("utf-8", "replace")
        return _with_credentials(request, f"Basic {b64encode(plain).decode()}", self.project_id)

    def on_all(self, translation: Translation) -> Translation:
        """Return the translation with these credentials on each request that accepts them."""
        operations = tuple(
            msgspec.structs.replace(one, request=self.on(one.request)) for one in translation.operations
        )
        return msgspec.structs.replace(translation, operations=operations)


def service_account_of(destination: DestinationSettings) -> ServiceAccount | None:
    """Return the service account of the settings; None where there is none, or it cannot be used."""
    if not destination.service_account or service_account_fault(destination):
        return None
    user, _, secret = destination.service_account.reveal().partition(":")
    return ServiceAccount(user, Secret(secret), destination.project_id)


def service_account_fault(destination: DestinationSettings, given: SettingPlace | None = None) -> str:
    """Return why the service account cannot be used, and what to do; "" when it can, or there is none.

    `given` is the place that gave it.
    """
    if not destination.service_account:
        return ""
    place = secret_place(destination.service_account_env) if given is None else str(given)
    place = place[0].upper() + place[1:]
    user, colon, secret = destination.service_account.reveal().partition(":")
    if not (user and colon and secret):
        lacks = "has no colon" if not colon else "has nothing before the colon" if not user else "ends at it"
        return (
            f"{place} must hold a service account as user:secret, with a colon between them; what"
            f" it holds {lacks}. Set it as Mixpanel showed it, and start segtap again."
        )
    if not destination.project_id:
        return (
            f"{place} holds a service account, and Mixpanel wants the number of the project with"
            " it: project_id = 123 under [destination], or --project-id 123. It is the Project ID of"
            " Mixpanel's Project Settings."
        )
    return ""


def sent_with(destination: DestinationSettings) -> SentWith | None:
    """Return the service account for viewers, without its secret."""
    account = service_account_of(destination)
    if account is None:
        return None
    segment = "the API secret" if destination.api_secret else "the project token"
    return SentWith(account.user, account.project_id, destination.service_account_env, segment)


def shown_with(request: OutgoingRequest, account: SentWith | None) -> OutgoingRequest:
    """Return a masked request as it is sent: with the service account, its secret as dots."""
    if account is None:
        return request
    return _with_credentials(request, f"Basic {account.user}:{MASK}", account.project_id)


def accepts_service_account(request: OutgoingRequest) -> bool:
    """Return True for a request that a service account can authenticate."""
    return urlsplit(request.url).path.endswith(IMPORT)


def _with_credentials(request: OutgoingRequest, authorization: str, project_id: int) -> OutgoingRequest:
    if not accepts_service_account(request):
        return request
    query = request.query
    if request.data is None:
        url = with_query(request.url, {"project_id": project_id})
    else:
        # The classic destination: its fields travel beside the data, and one of them is the API secret.
        url = request.url
        kept = {name: value for name, value in (query or {}).items() if name not in SECRET_FIELDS}
        query = {**kept, "project_id": project_id}
    return msgspec.structs.replace(request, url=url, authorization=authorization, query=query)


def aim_of(settings: Settings) -> str:
    """Return a digest of what decides where messages go and with which credentials; it reveals none of
    them.
    """
    to = settings.destination
    secrets = (to.token, to.api_secret.reveal(), to.service_account.reveal())
    parts = (to.kind, secrets, to.project_id, to.region, to.mixpanel_url, settings.dry_run, settings.routes)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def credentials_in_words(settings: Settings) -> tuple[str, ...]:
    """Return what authenticates requests, and where it was given, one line each; no secret is in it."""
    routes = settings.mixpanel_routes
    if len(routes) < 2:
        return _credentials_along(settings)
    return tuple(
        f"{route.name}: {line}"
        for route in routes
        for line in _credentials_along(settings.for_route(route.name))
    )


def _credentials_along(settings: Settings) -> tuple[str, ...]:
    to, places = settings.destination, settings.places
    token = f"the project token {mask_token(to.token)}" if to.token else "no project token"
    lines = [token + _given(places.get("destination.token"))]
    if account := service_account_of(to):
        lines.append(
            f"on /import the service account {account.user}"
            f"{_given(places.get('destination.service_account'))}, with project_id {account.project_id}"
            f"{_given(places.get('destination.project_id'))}"
        )
    elif to.api_secret:
        lines.append("on /import the API secret" + _given(places.get("destination.api_secret")))
    return tuple(lines)


def _given(source: SettingPlace | None) -> str:
    """Return where it was given, as the end of a phrase."""
    if source is None:
        return ""
    if source.place == "environment":
        return f", from {source} (read once, when segtap started)"
    return f", from {source}"
