"""`[[routes]]` of segtap.toml: where messages are sent while forwarding is on, each way with its own sources.

What the first route to Mixpanel says takes the place of the same keys under `[destination]`. Each further one
has settings of its own, for which `[destination]` has the defaults, but for token and credentials.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, cast
from urllib.parse import urlsplit

import msgspec

from ..errors import SettingsError
from ..messages import Json, JsonObject
from ..settings import ROUTE_KINDS, DestinationKind, RouteKind, RouteSettings
from .hold import deciding, refuse_unknown
from .nearest import nearest_key
from .tables import tables_of


class RouteTable(msgspec.Struct, kw_only=True):
    """One of `[[routes]]`: where the messages of some sources, or of all, go while forwarding is on."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")]
    """Names the route everywhere: small letters, digits, - and _."""
    kind: RouteKind
    """`mixpanel` sends records to a project, `segment` whole requests to Segment, `archive` writes what was
    received to files or a bucket."""
    write_keys: tuple[str, ...] = ()
    """The write keys of the sources that it is for; none: all."""
    filter: str = ""
    """Mixpanel: which of their messages it is for, in the filter language; none: all."""
    url: str = ""
    """Mirror: a server in place of Segment's. Archive: a folder, or s3://bucket/prefix. Mixpanel: a server in
    place of Mixpanel's."""
    region: Literal["us", "eu", "in", "US", "EU", "IN"] = "us"
    """The region of the Segment workspace (us, eu), or Mixpanel's endpoint."""
    max_requests: Annotated[int, msgspec.Meta(ge=1, le=64)] = 10
    """Mirror: requests that are under way at once, at most."""
    endpoint: str = ""
    """Archive: the server of a bucket that is not Amazon's, such as https://minio.example.com."""
    bucket_region: str = ""
    """Archive: the region of the bucket; "": as the environment says."""
    every: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 300.0
    """Archive: seconds after which what has come is written, at the latest."""
    destination: DestinationKind = "actions"
    """Mixpanel: the kind of Segment's destination, as `kind` under [destination]. What [classic] says is for
    every route of kind classic-cloud."""
    subscriptions: str = ""
    """Mixpanel: a file with the [[subscriptions]] of this route."""
    token: str = ""
    token_env: str = ""
    api_secret_env: str = ""
    service_account_env: str = ""
    project_id: Annotated[int, msgspec.Meta(ge=0)] = 0
    project_region: Literal["", "us", "eu", "in", "US", "EU", "IN"] = ""
    source_name: str = ""
    strict: bool = True


COMMON = ("name", "kind", "write_keys", "url")
"""The keys that every route may have."""
OWN: dict[RouteKind, tuple[str, ...]] = {
    "mixpanel": (
        *("region", "destination", "subscriptions", "token", "token_env", "api_secret_env"),
        *("service_account_env", "project_id", "project_region", "source_name", "strict", "filter"),
    ),
    "segment": ("region", "max_requests"),
    "archive": ("endpoint", "bucket_region", "every"),
}
"""Each kind of route, and the keys that not every kind has."""
OF_DESTINATION = {"destination": "kind", "url": "mixpanel_url"}
"""Keys of a route to Mixpanel that have another name under `[destination]`."""
BUCKET = "s3://"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")


class Project(msgspec.Struct, frozen=True):
    """What a route to Mixpanel says: `destination` are keys of `[destination]`, and `subscriptions` is the
    file with its subscriptions, "" for none. `place` names the route in faults.
    """

    route: str
    place: str
    destination: JsonObject
    subscriptions: str = ""


class Routes(msgspec.Struct, frozen=True):
    """What `[[routes]]` says: the routes, and beside them the projects that routes lead to."""

    routes: tuple[RouteSettings, ...]
    projects: tuple[Project, ...] = ()

    @property
    def first(self) -> JsonObject:
        """The keys of `[destination]` that the first route to Mixpanel has."""
        return self.projects[0].destination if self.projects else {}


def read_routes(tables: Json, place: str, folder: Path) -> Routes:
    """Read a file's `[[routes]]`; `place` names the file, `folder` is where it lies. Raises SettingsError."""
    checked = tables_of(tables, f"{place}: routes are tables. Write each below a line [[routes]].")
    routes: list[RouteSettings] = []
    projects: list[Project] = []
    for number, table in enumerate(checked, start=1):
        one = _Table(table, f"{place}: route {number}", folder)
        route = one.route()
        if any(route.name == other.name for other in routes):
            raise SettingsError(f"{place}: two routes are named {route.name}. Give each a name of its own.")
        if route.kind == "mixpanel":
            projects.append(one.project(route.name))
        routes.append(route)
    for project in projects[1:]:
        if not project.destination.keys() & {"token", "token_env"}:
            raise SettingsError(
                f"{project.place} ({project.route}) names no project: each route to Mixpanel after the first"
                " needs token or token_env."
            )
    return Routes(tuple(routes), tuple(projects))


class _Table:
    """One of the tables. Each method raises SettingsError naming the place and what is wrong."""

    def __init__(self, table: JsonObject, place: str, folder: Path) -> None:
        self._table = table
        self._place = place
        self._folder = folder

    def route(self) -> RouteSettings:
        """Return what the engine needs to know of the route."""
        table, kind = self._table, self._kind()
        name = table.get("name")
        if not isinstance(name, str) or not _NAME.match(name):
            what = "has no name" if name is None else f"cannot be named {name!r}"
            raise self._fault(f'{what}. Write small letters, digits, - and _: name = "{kind}"')
        known = (*COMMON, *OWN[kind])
        for key in table:
            self._known(key, kind, known)
        try:
            read = msgspec.convert(table, RouteTable)
        except msgspec.ValidationError as error:
            raise self._fault(f"({name}): {error}") from None
        if read.filter:
            place = f"{self._place} ({name}): filter"
            refuse_unknown(deciding(read.filter, place), place)
        region = read.region.lower()
        if kind == "segment" and region == "in":
            raise self._fault(f"({name}) cannot have the region in: Segment has us and eu")
        return RouteSettings(
            name=read.name,
            kind=kind,
            write_keys=read.write_keys,
            url=self._url(kind, read),
            region=cast(Literal["us", "eu", "in"], region),
            endpoint=read.endpoint,
            bucket_region=read.bucket_region,
            max_requests=read.max_requests,
            every=read.every,
            filter=read.filter,
        )

    def project(self, name: str) -> Project:
        """Return what a route to Mixpanel says of its project."""
        return Project(name, self._place, self.destination(), self.file("subscriptions"))

    def destination(self) -> JsonObject:
        """Return the keys of `[destination]` in a route to Mixpanel, under the names that they have there."""
        left_out = (*COMMON[:3], "subscriptions", "filter")
        return {
            OF_DESTINATION.get(key, key): value for key, value in self._table.items() if key not in left_out
        }

    def file(self, key: str) -> str:
        """Return the path of a file, found from the folder of the settings file; "" where none is named."""
        name = str(self._table.get(key, ""))
        return str((self._folder / Path(name).expanduser()).absolute()) if name else ""

    def _kind(self) -> RouteKind:
        kind = self._table.get("kind")
        if kind not in ROUTE_KINDS:
            what = "has no kind" if kind is None else f"has no kind {kind!r}"
            raise self._fault(f"{what}. Write one of {', '.join(ROUTE_KINDS)}")
        return kind

    def _known(self, key: str, kind: RouteKind, known: Sequence[str]) -> None:
        if key in known:
            return
        if key == "filter":
            what = "an archive is written from" if kind == "archive" else "a mirror passes on"
            raise self._fault(
                f"({self._table['name']}) cannot have a filter: {what} whole requests, before their messages"
                " are judged. Choose their sources with write_keys"
            )
        others = [one for one, keys in OWN.items() if key in keys]
        if others:
            raise self._fault(f"{key} is a key of routes of kind {' and '.join(others)}, not of {kind}")
        raise self._fault(f"has no key {key!r}. {nearest_key(key, known)}")

    def _url(self, kind: RouteKind, read: RouteTable) -> str:
        """Return the address of a route, that of an archive's folder as a whole path."""
        if kind == "archive":
            if not read.url:
                raise self._fault(f'({read.name}) needs url: a folder, or "s3://bucket/prefix"')
            if read.url.startswith(BUCKET):
                if not read.url.removeprefix(BUCKET).partition("/")[0]:
                    raise self._fault(f"({read.name}): {read.url} names no bucket. Write s3://bucket/prefix")
                if read.endpoint and not _is_server(read.endpoint):
                    raise self._fault(f"({read.name}): endpoint {read.endpoint} is not a URL of a server")
                return read.url
            if "://" in read.url:
                raise self._fault(
                    f"({read.name}) cannot write to {read.url}: url is a folder, or s3://bucket"
                )
            if read.endpoint or read.bucket_region:
                raise self._fault(
                    f"({read.name}) writes to a folder: endpoint and bucket_region are for s3://"
                )
            return self.file("url")
        if read.url and not _is_server(read.url):
            raise self._fault(
                f"({read.name}): {read.url} is not a URL that requests can be sent to: it must begin with"
                " https:// or http://, and have no query"
            )
        return read.url.rstrip("/")

    def _fault(self, words: str) -> SettingsError:
        return SettingsError(f"{self._place} {words.rstrip('.')}.")


def _is_server(url: str) -> bool:
    """Return whether a URL is one that requests can be sent to."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at only when it is asked for
    except ValueError:
        return False
    return bool(parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment))
