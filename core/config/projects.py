"""The projects that further routes to Mixpanel lead to: their settings, with secrets from the environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ..errors import SettingsError
from ..messages import JsonObject
from ..settings import (
    API_HOSTS,
    DestinationSettings,
    RouteSettings,
    Secret,
    SettingPlace,
    Settings,
    Subscription,
)
from .reading import read_file
from .routes import Project
from .secrets import find_secret, given_secret

OWN = ("token", "token_env", "api_secret_env", "service_account_env", "project_id", "project_region")
"""Keys that a further route does not have from [destination]: they belong to the project of the first."""
_NO_VARIABLES: JsonObject = {"token_env": "", "api_secret_env": "", "service_account_env": ""}


def with_projects(
    settings: Settings,
    routes: Sequence[RouteSettings],
    projects: Sequence[Project],
    common: JsonObject,
    environ: Mapping[str, str],
    *,
    elsewhere: str = "",
    file: str = "",
) -> Settings:
    """Return the settings with the routes, and with the project of each that leads to Mixpanel.

    The first one's is in the settings already. `common` are the keys of [destination], which others have
    unless they say otherwise. `elsewhere` is an address in place of every project's, given on the command
    line or in the environment. `file` names the settings file. Raises SettingsError.
    """
    by_name = {
        one.route: _project(one, common, environ, elsewhere=elsewhere, file=file) for one in projects[1:]
    }
    made = tuple(by_name[route.name](route) if route.name in by_name else route for route in routes)
    settings = msgspec.structs.replace(settings, routes=made)
    if projects and projects[0].subscriptions:
        subscriptions = _subscriptions(projects[0].subscriptions)
        settings = msgspec.structs.replace(settings, subscriptions=subscriptions)
    _refuse_the_same(settings)
    return settings


class _Found(msgspec.Struct, frozen=True):
    """The settings of one further route, to be put into it."""

    to: DestinationSettings
    subscriptions: tuple[Subscription, ...] | None
    places: dict[str, SettingPlace]

    def __call__(self, route: RouteSettings) -> RouteSettings:
        return msgspec.structs.replace(
            route, to=self.to, subscriptions=self.subscriptions, places=self.places
        )


def _project(
    project: Project, common: JsonObject, environ: Mapping[str, str], *, elsewhere: str, file: str
) -> _Found:
    given = {key: value for key, value in common.items() if key not in OWN}
    values: JsonObject = {**_NO_VARIABLES, **given, **project.destination}
    if elsewhere:
        values["mixpanel_url"] = elsewhere
    for key in ("region", "project_region"):
        if isinstance(value := values.get(key), str):
            values[key] = value.lower()
    try:
        to = msgspec.convert(values, DestinationSettings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{project.place} ({project.route}): {error}") from None
    places = {f"destination.{key}": SettingPlace("file", file) for key in (*given, *project.destination)}
    token = to.token
    if not token:
        token, place = find_secret(to.token_env, environ)
        if token:
            places["destination.token"] = place
    secrets: dict[str, Secret] = {}
    for name, variable in (("api_secret", to.api_secret_env), ("service_account", to.service_account_env)):
        secrets[name], place = given_secret(name, variable, environ)
        if place is not None:
            places[f"destination.{name}"] = place
    if to.kind == "classic-cloud" and to.region == "in":
        raise SettingsError(
            f"{project.place} ({project.route}): Segment's classic destination sends to Mixpanel's US and EU"
            " only. Set region to us or eu, or destination to actions."
        )
    subscriptions = _subscriptions(project.subscriptions) if project.subscriptions else None
    return _Found(msgspec.structs.replace(to, token=token, **secrets), subscriptions, places)


def _subscriptions(path: str) -> tuple[Subscription, ...]:
    """Return the subscriptions in the file that a route names."""
    from .subscriptions import read_subscriptions

    named = read_file(Path(path))
    if "subscriptions" not in named.tables:
        raise SettingsError(f"{named.path}, which a route names, has no [[subscriptions]].")
    try:
        return read_subscriptions(named.tables["subscriptions"], str(named.path))
    except SettingsError as error:
        raise named.fault_of_table("subscriptions", error) from None


def _refuse_the_same(settings: Settings) -> None:
    """Raise SettingsError if two routes lead to one project, which would count everything twice."""
    known: dict[tuple[str, str], str] = {}
    for route in settings.mixpanel_routes:
        to = settings.for_route(route.name).destination
        place = to.mixpanel_url or API_HOSTS[to.region]
        other = known.setdefault((to.token, place), route.name)
        if to.token and other != route.name:
            raise SettingsError(
                f"The routes {other} and {route.name} lead to one project, which would count every message"
                " that both take twice. Give each its own token, or make one route of them."
            )
