"""One frozen `Settings` for the whole program; `core.config` makes it from flags, environment and files.

The module is over 350 lines, so that everything that can be set stands on one page.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Literal, get_args

import msgspec

from .expected import MappingTest
from .messages import Json, JsonObject
from .not_imitated import NotImitated
from .text import shown
from .transformations import Transformation

Region = Literal["us", "eu", "in"]
DestinationKind = Literal["actions", "classic-cloud"]
IdentityMode = Literal["original", "simplified"]
NotifyKind = Literal["off", "bell", "desktop"]
RepairName = Literal["insert-id", "device-prefix", "skip-empty-identify", "country-code", "no-client-ip"]
REPAIR_NAMES: tuple[RepairName, ...] = get_args(RepairName)

SEGMENT_REGIONS: dict[Region, str] = {"us": "US 🇺🇸", "eu": "EU 🇪🇺", "in": "IN 🇮🇳"}
"""Segment's own spelling of the regions: it compares flag and all."""

API_HOSTS: dict[Region, str] = {
    "us": "https://api.mixpanel.com",
    "eu": "https://api-eu.mixpanel.com",
    "in": "https://api-in.mixpanel.com",
}
APP_HOSTS: dict[Region, str] = {
    "us": "https://mixpanel.com",
    "eu": "https://eu.mixpanel.com",
    "in": "https://in.mixpanel.com",
}


class Secret(msgspec.Struct, frozen=True):
    """A secret that never prints itself: `str()`, `repr()` and format give dots."""

    value: str = ""

    def __str__(self) -> str:
        return "••••" if self.value else ""

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __bool__(self) -> bool:
        return bool(self.value)

    def reveal(self) -> str:
        """Return the secret itself: only for the request that needs it."""
        return self.value


IN_KEYRING = "keyring:"
"""The beginning of a name that stands for an entry of the keyring, and not for a variable."""


def secret_place(name: str) -> str:
    """Return where a secret is, in words, by the name that the settings give it."""
    if name.startswith(IN_KEYRING):
        return f"the keyring's entry {name.removeprefix(IN_KEYRING)}"
    return f"the variable {name}"


class SettingPlace(msgspec.Struct, frozen=True):
    """The place where a setting was given.

    `name` is the option, the file, the source of `[[sources]]`, what `secret_place` names, or in words the
    mounted file that holds a secret.
    """

    place: Literal["flag", "environment", "file", "source", "mounted"]
    name: str

    def __str__(self) -> str:
        if self.place == "source":
            return f"[[sources]] {shown(self.name)}"
        return secret_place(self.name) if self.place == "environment" else self.name


class DestinationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[destination]` of segtap.toml."""

    kind: DestinationKind = "actions"
    token: str = ""
    """The project token, itself or from `token_env`. Not a secret, but the screen shortens it."""
    token_env: str = "MIXPANEL_TOKEN"
    api_secret: Secret = Secret()
    api_secret_env: str = "MIXPANEL_SECRET"
    service_account: Secret = Secret()
    """A service account of Mixpanel's as `user:secret`, out of `service_account_env`; it goes before the API
    secret."""
    service_account_env: str = "MIXPANEL_SERVICE_ACCOUNT"
    project_id: Annotated[int, msgspec.Meta(ge=0)] = 0
    """The project's number, which a service account needs with it; 0: not given."""
    region: Region = "us"
    """The endpoint: which of Mixpanel's hosts requests go to."""
    project_region: Literal["", "us", "eu", "in"] = ""
    """Where the project stores its data (Mixpanel: Project Settings, Data Residency). "" means unknown;
    requests and answers do not contain it."""
    source_name: str = ""
    strict: bool = True
    mixpanel_url: str = ""
    """Another base URL to send to (a proxy, a test server) instead of the region's host."""


class ClassicSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[classic]` of segtap.toml: what only the classic destination knows, as Segment's settings page has it.

    People is off and consolidated page calls are on, as Segment's guide says; Segment's catalogue makes new
    destinations the other way round. The settings from `set_all_traits_by_default` on are read in device mode
    only, where the page itself sends to Mixpanel.
    """

    people: bool = False
    """Use Mixpanel People: without it no profile is written, but for revenue."""
    consolidated_page_calls: bool = True
    """Every page is `Loaded a Page`, every screen `Loaded a Screen`; in cloud mode beside the next three."""
    track_all_pages: bool = False
    track_categorized_pages: bool = False
    track_named_pages: bool = False
    event_increments: tuple[str, ...] = ()
    """Events that are counted in the profile of a known user."""
    prop_increments: tuple[str, ...] = ()
    """Properties whose numbers are added up in the profile of a known user."""
    group_identifier_traits: tuple[str, ...] = ()
    """Traits that name a group; their names are Mixpanel's group keys."""
    group_traits_to_set_once: tuple[str, ...] = ()
    legacy_super_properties: bool = False
    """`$` before every trait on events."""
    set_all_traits_by_default: bool = True
    """Automatically set all Traits as Super Properties and People Properties; off: only the listed ones."""
    super_properties: tuple[str, ...] = ()
    """Properties to send as Super Properties: of track and page calls, and traits if not all are set."""
    people_properties: tuple[str, ...] = ()
    """Traits to set as People Properties, if not all are set; `email`, `name` and their like always are."""
    persistence: Literal["cookie", "localStorage"] = "cookie"
    """Where Mixpanel's SDK keeps ids and super properties."""
    cookie_name: str = ""
    """"" means `mp_<token>_mixpanel`."""
    cross_subdomain_cookie: bool = False
    """One cookie for all subdomains of a site; off: one for each host."""
    secure_cookie: bool = False


class SegmentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[segment]` of segtap.toml: what the workspace keeps from the destination before any subscription."""

    blocked_events: tuple[str, ...] = ()
    """Track events that the source's schema blocks."""
    blocked_properties: tuple[str, ...] | dict[str, tuple[str, ...]] = ()
    """Properties that the source's schema takes out of track calls: of every event, or by event's name."""
    blocked_traits: tuple[str, ...] = ()
    """Traits that the source's schema takes out of identify calls."""
    blocked_group_traits: tuple[str, ...] = ()
    """Traits that the source's schema takes out of group calls."""
    consent_categories: tuple[str, ...] = ()
    """Consent categories that the destination is in; a message's consent object must allow each."""
    workspace_region: Literal["", "us", "eu"] = ""
    """Where the workspace stores its data; "" means unknown. It says nothing of the Mixpanel project's."""


FilterAction = Literal["drop", "sample", "drop_properties", "allow_properties"]


class DestinationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """One of `[[filters]]`: what happens to messages that the condition takes, before the destination.

    `fields` are names by path (`{"context.traits": ("email",)}`), for the actions on properties; `percent`,
    from 0 to 1, is the part that a sample lets through, by the value at `path` or "" at random.
    """

    condition: str
    action: FilterAction = "drop"
    name: str = ""
    enabled: bool = True
    fields: dict[str, tuple[str, ...]] = {}
    percent: float = 1.0
    path: str = ""


FunctionScope = Literal["source", "destination"]


class InsertFunction(msgspec.Struct, frozen=True, kw_only=True):
    """One of `[[insert_functions]]`: JavaScript that changes or drops messages, in a file.

    `settings` are what its handlers get as second argument; their values are secrets.
    """

    file: str
    scope: FunctionScope = "destination"
    name: str = ""
    enabled: bool = True
    network: bool = False
    """Let the code use fetch."""
    settings: JsonObject = msgspec.field(default_factory=dict[str, Json])

    @property
    def title(self) -> str:
        """Its name, else that of its file."""
        return self.name or PurePath(self.file).name

    @property
    def words(self) -> str:
        """Name it in a sentence: `the insert function 'Mask emails'`."""
        return f"the insert function {self.title!r}"


class RuleSetting(msgspec.Struct, frozen=True, kw_only=True):
    """One of `[[rules]]`: the severity of a rule, or of every one (`*`), where event and path agree.

    `event` is the event's name, or the name of a page or screen, `path` the finding's; both may hold `*`, and
    "" stands for all.
    """

    id: str
    severity: Literal["off", "info", "warning", "error"]
    event: str = ""
    path: str = ""


class Redaction(msgspec.Struct, frozen=True, kw_only=True):
    """One of `[[redact]]`: what of a request is not stored, by its path, by a pattern, or by both."""

    path: str = ""
    """The member to take, such as `traits.email`; `*` is any name, `**` any number of names."""
    pattern: str = ""
    """A regular expression: what it finds in texts is taken, with a path only in what that takes."""
    action: Literal["drop", "hash"] = "drop"
    """Leave the word `redacted`, or a hash by which equal values stay equal."""
    name: str = ""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """One of `[[hold]]`: messages that wait for you before they are forwarded."""

    filter: str
    """Which messages, in the filter language: `event:"Order Refunded"`."""
    name: str = ""


RouteKind = Literal["mixpanel", "segment", "archive"]
ROUTE_KINDS: tuple[RouteKind, ...] = get_args(RouteKind)
DEFAULT_ROUTE = "default"
"""The name of the one route that there is without `[[routes]]`."""


class RouteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One of `[[routes]]`: where messages of some sources, or of all, are sent while forwarding is on.

    What the first route of kind `mixpanel` says stands in `Settings.destination` and
    `Settings.subscriptions`, what a further one says in `to`, `subscriptions` and `places` here.
    """

    name: str
    kind: RouteKind = "mixpanel"
    write_keys: tuple[str, ...] = ()
    """The sources whose requests it takes; empty: all."""
    url: str = ""
    """Where a mirror sends in place of Segment's own server; the folder or bucket of an archive."""
    region: Region = "us"
    """The region of the Segment workspace that a mirror sends to."""
    endpoint: str = ""
    """The server of an archive's bucket where that is not Amazon's."""
    bucket_region: str = ""
    """The region of an archive's bucket."""
    max_requests: int = 10
    """Requests of a mirror that are under way at once, at most."""
    every: float = 300.0
    """Seconds after which an archive writes what has come, at the latest."""
    filter: str = ""
    """Which messages of its sources a route to Mixpanel takes, in the filter language; empty: all."""
    to: DestinationSettings | None = None
    """The project of a further route to Mixpanel; None: the one in `Settings.destination`."""
    subscriptions: tuple[Subscription, ...] | None = None
    """The subscriptions of a further route to Mixpanel; None stands for Segment's presets."""
    places: dict[str, SettingPlace] = msgspec.field(default_factory=dict[str, SettingPlace])
    """Where the settings of a further route were given, by their names under `[destination]`."""

    def takes(self, write_key: str) -> bool:
        """Return whether the requests of a source go along this route."""
        return not self.write_keys or write_key in self.write_keys


SourceColor = Literal["cyan", "orange", "green", "purple", "pink", "yellow", "blue", "red"]
SOURCE_COLORS: tuple[SourceColor, ...] = get_args(SourceColor)


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One of `[[sources]]`: a source of the Segment workspace, and what differs for its messages.

    None means: as the settings of all sources say.
    """

    name: str
    write_keys: tuple[str, ...]
    """The write keys that it sends with, and the project tokens of Mixpanel's own SDKs."""
    color: SourceColor
    plan: str | None = None
    """The file of its tracking plan; "": it has none."""
    source_name: str | None = None
    subscriptions: tuple[Subscription, ...] | None = None
    """The subscriptions of the destination that the source is connected to."""
    subscriptions_file: str = ""
    """The file that they are in."""
    blocked_events: tuple[str, ...] | None = None
    blocked_properties: tuple[str, ...] | dict[str, tuple[str, ...]] | None = None
    blocked_traits: tuple[str, ...] | None = None
    blocked_group_traits: tuple[str, ...] | None = None
    consent_categories: tuple[str, ...] | None = None

    def over(self, settings: Settings) -> Settings:
        """Return these settings with what the source says in their place, and with that in their `places`."""
        segment = {key: value for key in OF_SCHEMA if (value := getattr(self, key)) is not None}
        changed: dict[str, object] = {"sources": ()}
        if segment:
            changed["segment"] = msgspec.structs.replace(settings.segment, **segment)
        if self.source_name is not None:
            changed["destination"] = msgspec.structs.replace(
                settings.destination, source_name=self.source_name
            )
        if self.plan is not None:
            changed["plan"] = self.plan
        if self.subscriptions is not None:
            changed["subscriptions"] = self.subscriptions
        names = [SECTION_OF.get(key, "") + key for key in OF_SOURCE if getattr(self, key) is not None]
        changed["places"] = settings.places | dict.fromkeys(names, SettingPlace("source", self.name))
        return msgspec.structs.replace(settings, **changed)

    @property
    def differs(self) -> bool:
        """True if it says more than its name, its keys and its color."""
        return any(getattr(self, key) is not None for key in OF_SOURCE)


OF_SCHEMA = (
    *("blocked_events", "blocked_properties", "blocked_traits", "blocked_group_traits"),
    "consent_categories",
)
"""Keys of `[segment]` that each of `[[sources]]` may have."""
OF_SOURCE = ("plan", "source_name", "subscriptions", *OF_SCHEMA)
"""What each of `[[sources]]` may say in place of the settings of all."""
SECTION_OF = {"source_name": "destination."} | dict.fromkeys(OF_SCHEMA, "segment.")
"""The beginnings of their names in `Settings.places`."""


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[ingest]` of segtap.toml. Sizes are bytes, times seconds."""

    host: tuple[str, ...] = ("127.0.0.1", "::1")
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8765
    tls_cert: str = ""
    tls_key: str = ""
    max_wire: Annotated[int, msgspec.Meta(ge=1)] = 8 * 1024 * 1024
    max_decoded: Annotated[int, msgspec.Meta(ge=1)] = 32 * 1024 * 1024
    max_depth: Annotated[int, msgspec.Meta(ge=1)] = 512
    max_message: Annotated[int, msgspec.Meta(ge=1)] = 1024 * 1024
    """Bytes of one message's JSON; what is larger is kept and listed, but neither read nor translated."""
    max_nodes: Annotated[int, msgspec.Meta(ge=1)] = 50_000
    """JSON values in one message, likewise."""
    body_timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    max_head: Annotated[int, msgspec.Meta(ge=1024)] = 512 * 1024
    """Bytes of a request's line and headers; beyond them it is answered with 431."""
    head_timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """Seconds that the headers may take; after them the request is answered with 408."""
    max_connections: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Connections at once; the next one is answered with 503 and closed. 0: no limit."""
    peer_rate: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Requests a second from one address; further ones are answered with 429. 0: no limit."""
    write_keys: tuple[str, ...] = ()
    """The write keys whose messages are accepted, and the project tokens of Mixpanel's own SDKs; others are
    answered with 401. The token under [destination] is accepted, too. Empty: all are accepted."""
    answers: tuple[str, ...] = ()
    """Answers on demand, in place of the usual ones: `429 retry-after=2 x5`. See core/ingest."""
    compat: Literal["", "mock"] = ""
    """`mock` answers GET /health and GET /messages as segmentio/mock did."""
    metrics_token: Secret = Secret()
    metrics_token_env: str = ""
    """The variable with the token that programs on other machines need for /_segtap/metrics; "" keeps it to
    this machine."""
    test_token: Secret = Secret()
    test_token_env: str = ""
    """The variable with the token of test suites: it reads messages and resets what tests see, nothing else,
    and works from other machines too. "": they have none."""
    redact_key: Secret = Secret()
    redact_key_env: str = ""
    """The variable with a secret for the hashes of `[[redact]]`; "" makes plain SHA-256 of them."""


_AGES = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
"""The units of `max_age` in milliseconds."""


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[journal]` of segtap.toml: `path` "" is the state folder's journal.db; `max_bytes` starts rotation."""

    path: str = ""
    ephemeral: bool = False
    max_bytes: Annotated[int, msgspec.Meta(ge=1)] = 1024**3
    max_age: Annotated[str, msgspec.Meta(pattern=r"^([1-9]\d{0,4}[mhdw])?$")] = ""
    """Requests older than this are deleted, except unsent ones: "30d", "12h", "8w". "": none for its age."""

    @property
    def max_age_ms(self) -> int:
        """Return `max_age` in milliseconds, 0 if there is none."""
        return int(self.max_age[:-1]) * _AGES[self.max_age[-1]] if self.max_age else 0


class MetricsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[metrics]` of segtap.toml: who gets the metrics beside those who ask for /_segtap/metrics."""

    otlp: bool = False
    """Send them to an OpenTelemetry Collector, over HTTP. The standard variables alone (`OTEL_…`) never turn
    that on."""
    otlp_url: str = ""
    """The Collector's URL, in place of OTEL_EXPORTER_OTLP_ENDPOINT; without either it is
    http://localhost:4318."""


UncertainPolicy = Literal["keep", "resend", "drop"]


class ForwardSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[forward]` of segtap.toml: how requests are sent to Mixpanel."""

    uncertain: UncertainPolicy = "keep"
    """What becomes of an update that would count twice ($add, $append) when its answer never came: keep it
    until you decide, send it again, or drop it."""
    max_requests: Annotated[int, msgspec.Meta(ge=1, le=64)] = 10
    """Requests at once to each endpoint, at most: after a 429 there are fewer for a while."""
    max_records_per_second: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Records a second to all endpoints together, at most; 0: no limit."""
    receive_only: bool = False
    """Send nothing from this engine: others that share its journal send what it receives."""


class DeviceModeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[device_mode]` of segtap.toml: whether analytics.js is to run Mixpanel in the page, too."""

    enabled: bool = False
    """List Mixpanel in the settings that analytics.js gets from segtap: the page then sends to segtap as in
    device mode."""
    integration_cdn_url: str = ""
    """Where the page loads Segment's integration from; "" is https://cdn.segment.com."""


class ProxySettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[proxy]` of segtap.toml: where `segtap proxy` passes requests on to; "" is the region's server."""

    segment_api_url: str = ""
    """In place of api.segment.io: your own domain for Segment's Tracking API, or a test server."""
    segment_cdn_url: str = ""
    """In place of cdn.segment.com."""
    mixpanel_api_url: str = ""
    """In place of api-js.mixpanel.com: your own tracking domain, or a test server."""
    answer_timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """Seconds that a server may take for an answer."""


class ScreenSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[screen]` of segtap.toml."""

    theme: str = "segtap-dark"
    notify: NotifyKind = "off"
    """What calls you on the first error since you last looked: the terminal's bell, or a notification of the
    desktop."""
    mouse: bool = True
    """Whether segtap uses the mouse; otherwise it is the terminal's, whose selection works without Shift."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set. `origin` names where it came from, for the screen.

    `subscriptions` are those of `[[subscriptions]]`, None stands for Segment's presets; `transformations`,
    `filters`, `rules`, `not_imitated` and `tests` are those of the tables of that name.
    """

    identity: IdentityMode = "original"
    mixpanel_group_keys: tuple[str, ...] | None = None
    """Group keys of the Mixpanel project, which cannot be seen from outside; None: unknown."""
    plan: str = ""
    """The file of the tracking plan that messages are held against; "": none."""
    repair: tuple[RepairName, ...] = ()
    """What is mended in requests before they are sent, though Segment would not: see `core.repair`."""
    destination: DestinationSettings = DestinationSettings()
    classic: ClassicSettings = ClassicSettings()
    segment: SegmentSettings = SegmentSettings()
    ingest: IngestSettings = IngestSettings()
    journal: JournalSettings = JournalSettings()
    metrics: MetricsSettings = MetricsSettings()
    forward: ForwardSettings = ForwardSettings()
    device_mode: DeviceModeSettings = DeviceModeSettings()
    proxy: ProxySettings = ProxySettings()
    screen: ScreenSettings = ScreenSettings()
    subscriptions: tuple[Subscription, ...] | None = None
    transformations: tuple[Transformation, ...] = ()
    filters: tuple[DestinationFilter, ...] = ()
    rules: tuple[RuleSetting, ...] = ()
    insert_functions: tuple[InsertFunction, ...] = ()
    redact: tuple[Redaction, ...] = ()
    hold: tuple[Hold, ...] = ()
    routes: tuple[RouteSettings, ...] = ()
    """Where messages go while forwarding is on; empty: to the project under `[destination]`, by the route
    `default`."""
    sources: tuple[SourceSettings, ...] = ()
    """The sources by their write keys; messages with another key are judged by the settings of all."""
    not_imitated: tuple[NotImitated, ...] = ()
    tests: tuple[MappingTest, ...] = ()
    keys: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Keys of the screen's commands, by their ids, which are not the screen's own."""
    demo: bool = False
    dry_run: bool = False
    proxying: bool = False
    """Pass requests on to Segment and Mixpanel as `[proxy]` says: `segtap proxy`."""
    origin: str = "defaults"
    file: str = ""
    """The file that is read again when it changes: the one in force, or where one would be. "": none."""
    flags: dict[str, JsonObject] = msgspec.field(default_factory=dict[str, JsonObject])
    """What the command line said, by section: it wins over the file when that is read again."""
    places: dict[str, SettingPlace] = msgspec.field(default_factory=dict[str, SettingPlace])
    """Where each setting was given, by name (`destination.region`, `identity`). One that is missing here was
    not given: its value is assumed."""

    @property
    def mixpanel_routes(self) -> tuple[RouteSettings, ...]:
        """The routes to Mixpanel; none if `[[routes]]` has routes, and none to Mixpanel."""
        if not self.routes:
            return (RouteSettings(name=DEFAULT_ROUTE),)
        return tuple(one for one in self.routes if one.kind == "mixpanel")

    @property
    def by_route(self) -> bool:
        """True if messages have a verdict and deliveries for each route: there are several, or one has a
        filter."""
        routes = self.mixpanel_routes
        return len(routes) > 1 or any(route.filter for route in routes)

    @property
    def mixpanel_route(self) -> RouteSettings | None:
        """The first of the routes to Mixpanel; None if there is none."""
        return next(iter(self.mixpanel_routes), None)

    def for_route(self, name: str) -> Settings:
        """Return the settings by which messages are translated and sent along one route to Mixpanel."""
        route = next((one for one in self.routes if one.name == name), None)
        if route is None or route.to is None:
            return self
        others = {name: at for name, at in self.places.items() if not name.startswith("destination.")}
        return msgspec.structs.replace(
            self, destination=route.to, subscriptions=route.subscriptions, places={**others, **route.places}
        )

    @property
    def whole_routes(self) -> tuple[RouteSettings, ...]:
        """The routes that whole requests go along, as they were received: mirrors and archives."""
        return tuple(one for one in self.routes if one.kind != "mixpanel")

    def source_of(self, write_key: str) -> SourceSettings | None:
        """Return the source that sends with this write key; None if it is not one of `[[sources]]`."""
        return next((one for one in self.sources if write_key in one.write_keys), None)

    def source_saying(self, name: str) -> str:
        """Return which source gave the setting, by its name in `places`, once `over` has put it there; else
        "".
        """
        at = self.places.get(name)
        return at.name if at is not None and at.place == "source" else ""

    def for_source(self, write_key: str) -> Settings:
        """Return the settings for messages with this write key: what its source says, else these.

        Code that judges many messages asks `CompiledSettings.for_source`, which is made once.
        """
        source = self.source_of(write_key)
        return self if source is None else source.over(self)

    @property
    def source_faults(self) -> tuple[str, ...]:
        """Which of `[[sources]]` send with a write key that `[ingest]` does not accept, in words."""
        accepted = {*self.ingest.write_keys, self.destination.token}
        if not self.ingest.write_keys:
            return ()
        refused = [one.name for one in self.sources if not accepted.issuperset(one.write_keys)]
        return tuple(
            f"the source {name} has a write key that write_keys of [ingest] does not list: its requests are"
            " answered with 401"
            for name in refused
        )

    @property
    def kind_given(self) -> bool:
        """True if the settings say which destination Segment has: by its kind, or by subscriptions."""
        return "destination.kind" in self.places or self.subscriptions is not None


class Subscription(msgspec.Struct, frozen=True, rename="camel"):
    """One row of a workspace: a trigger in Segment's query language and a mapping of directives."""

    subscribe: str
    partner_action: str
    mapping: JsonObject
    name: str = ""
    enabled: bool = True


def with_one_plan(settings: Settings, plan: str) -> Settings:
    """Return the settings with this tracking plan for all sources."""
    sources = tuple(msgspec.structs.replace(one, plan=None) for one in settings.sources)
    return msgspec.structs.replace(settings, plan=plan, sources=sources)


class Destination(msgspec.Struct, frozen=True):
    """A destination to translate for. `settings` under Segment's names; `subscriptions` None: the presets."""

    kind: DestinationKind = "actions"
    settings: JsonObject = msgspec.field(default_factory=dict[str, Json])
    subscriptions: tuple[Subscription, ...] | None = None
