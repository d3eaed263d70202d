"""Options that several commands share, and how they become settings.

It is over 350 lines because it is a list of options, each a few lines, and what reads them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from .completing import complete_engine, complete_file, complete_saved
from .output import hide_secrets_of, say

if TYPE_CHECKING:
    from ...core.messages import Json, JsonObject
    from ...core.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

FLAGS: dict[str, tuple[str, str]] = {
    "host": ("ingest", "host"),
    "port": ("ingest", "port"),
    "tls_cert": ("ingest", "tls_cert"),
    "tls_key": ("ingest", "tls_key"),
    "metrics_token_env": ("ingest", "metrics_token_env"),
    "test_token_env": ("ingest", "test_token_env"),
    "journal": ("journal", "path"),
    "ephemeral": ("journal", "ephemeral"),
    "max_age": ("journal", "max_age"),
    "destination": ("destination", "kind"),
    "token_env": ("destination", "token_env"),
    "api_secret_env": ("destination", "api_secret_env"),
    "service_account_env": ("destination", "service_account_env"),
    "project_id": ("destination", "project_id"),
    "region": ("destination", "region"),
    "project_region": ("destination", "project_region"),
    "mixpanel_url": ("destination", "mixpanel_url"),
    "workspace_region": ("segment", "workspace_region"),
    "segment_api_url": ("proxy", "segment_api_url"),
    "segment_cdn_url": ("proxy", "segment_cdn_url"),
    "mixpanel_api_url": ("proxy", "mixpanel_api_url"),
    "compat": ("ingest", "compat"),
    "answer": ("ingest", "answers"),
    "theme": ("screen", "theme"),
    "plan": ("", "plan"),
}
"""Option → its section ("": none) and key in segtap.toml."""


class FiniteRange(click.FloatRange):
    """A range of numbers without `nan` and `inf`: click lets the first pass any limits."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number. Fails for one outside the range, and for what is none."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a number that can be used here.", param, ctx)
        return number


DESTINATIONS = click.Choice(["actions", "classic-cloud"])
SIMULATED = "classic-device"
"""The destination that the page itself runs: it can be simulated, and nothing is forwarded to it."""
REGIONS = click.Choice(["us", "eu", "in"], case_sensitive=False)
config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings file. [./segtap.toml]",
)
"""The settings file to read."""
route_option = click.option(
    "--route", default="", metavar="NAME", help="Judge as that one of several routes to Mixpanel does."
)
"""The route to Mixpanel whose settings are used, see `along`."""
format_option = click.option(
    "--format", "shape", type=click.Choice(["table", "json"]), default="table", show_default=True
)
"""For people or for programs."""

saved_option = click.option(
    "--saved",
    default="",
    metavar="NAME",
    shell_complete=complete_saved,
    help="A filter that was saved on the screen; messages match it, too.",
)
"""A filter by its name, see `with_saved`."""

_LISTENING = (
    click.option(
        "--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one. [8765]"
    ),
    click.option(
        "--host", multiple=True, metavar="ADDR", help="Address to listen on (repeatable); a phone needs one."
    ),
    click.option(
        "--tls-cert", shell_complete=complete_file, metavar="FILE", help="Certificate to speak https with."
    ),
    click.option("--tls-key", shell_complete=complete_file, metavar="FILE", help="Its key."),
    click.option(
        "--metrics-token-env",
        metavar="NAME",
        help="Variable with the token by which other machines read /_segtap/metrics.",
    ),
    click.option(
        "--test-token-env",
        metavar="NAME",
        help="Variable with the token of tests, which may read and reset; also from other machines.",
    ),
)
_JOURNAL = (
    click.option(
        "--journal", shell_complete=complete_file, metavar="PATH", help="The journal to keep messages in."
    ),
    click.option("--ephemeral", is_flag=True, default=None, help="Keep nothing after the end."),
    click.option("--max-age", metavar="TIME", help="Delete messages after so long, except unsent ones: 30d."),
)
_READING = (
    click.option(
        "--journal",
        shell_complete=complete_file,
        metavar="PATH",
        default="",
        help="The journal to read. [the usual one]",
    ),
    click.option(
        "--url", shell_complete=complete_engine, default="", help="Read from the engine that listens there."
    ),
)
_OPTIONS = (
    *_LISTENING,
    *_JOURNAL,
    click.option(
        "--destination",
        type=DESTINATIONS,
        help="Which destination of Segment's.",
    ),
    click.option(
        "--token-env", metavar="NAME", help="Variable with the Mixpanel project token. [MIXPANEL_TOKEN]"
    ),
    click.option("--api-secret-env", metavar="NAME", help="Variable with the API secret. [MIXPANEL_SECRET]"),
    click.option(
        "--service-account-env",
        metavar="NAME",
        help="Variable with a service account, user:secret. [MIXPANEL_SERVICE_ACCOUNT]",
    ),
    click.option(
        "--project-id", type=click.IntRange(1), help="The project's number, which a service account needs."
    ),
    click.option(
        "--region",
        type=REGIONS,
        help="Mixpanel's endpoint. [us]",
    ),
    click.option(
        "--project-region",
        type=REGIONS,
        help="Where the project stores its data, as its settings in Mixpanel say.",
    ),
    click.option(
        "--mixpanel-url", metavar="URL", help="Send to this base URL instead: a proxy, a test server."
    ),
    click.option(
        "--compat",
        type=click.Choice(["mock"]),
        help="Answer GET /health and /messages as segmentio/mock did.",
    ),
    click.option(
        "--answer",
        multiple=True,
        metavar="TEXT",
        help='What SDKs get in place of the usual answer (repeatable): "429 retry-after=2 x5".',
    ),
    config_option,
    click.option(
        "--plan", shell_complete=complete_file, metavar="FILE", help="Tracking plan to check messages by."
    ),
    click.option("--theme", metavar="NAME", help="Colours of the screen."),
)


def settings_options(command: Command) -> Command:
    """Add the options that become settings; the command gets them as keyword arguments."""
    return _with(_OPTIONS, command)


def listening_options(command: Command) -> Command:
    """Add the options of where to listen; `read_settings` reads them."""
    return _with(_LISTENING, command)


def journal_options(command: Command) -> Command:
    """Add the options of which journal to use; `read_settings` reads them."""
    return _with(_JOURNAL, command)


def reading_options(command: Command) -> Command:
    """Add the options of where to read messages: a journal's file, or a running engine."""
    return _with(_READING, command)


def _with(options: Sequence[Callable[[Command], Command]], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def load(
    flags: Mapping[str, JsonObject] | None = None,
    *,
    file: Path | None = None,
    demo: bool = False,
    dry_run: bool = False,
    proxying: bool = False,
    show_secrets: bool = False,
) -> Settings:
    """Read the settings, and mask their secrets in all that the command writes from now on.

    With `show_secrets` they are not masked. Raises SettingsError.
    """
    from ...core.config import load as read

    settings = read(flags, file=file, demo=demo, dry_run=dry_run, proxying=proxying)
    if not show_secrets:
        hide_secrets_of(settings)
    return settings


def read_settings(
    *, demo: bool = False, dry_run: bool = False, proxying: bool = False, **options: Any
) -> Settings:
    """Return the settings in force with a command's options. Raises SettingsError."""
    flags: dict[str, JsonObject] = {}
    for name, (section, key) in FLAGS.items():
        given: Any = options.get(name)
        value: Json = list(cast("tuple[str, ...]", given)) if isinstance(given, tuple) else given
        if value is not None and value != []:
            flags.setdefault(section, {})[key] = value
    file: Path | None = options.get("config_file")
    settings = load(flags, file=file, demo=demo, dry_run=dry_run, proxying=proxying)
    _refuse_half_of_tls(settings)
    _refuse_unset_secrets(options, settings)
    tell_faults(settings)
    tell_uncovered(settings)
    if settings.plan:
        from ...core.plan import load_plan

        # Read here as well as in the engine: a plan that cannot be used is said before anything opens.
        tell_plan_faults(load_plan(settings.plan).faults)
    return settings


def tell_faults(settings: Settings) -> None:
    """Say which transformations and filters stop every message, which subscriptions never send, and why."""
    faults: list[str] = []
    if settings.transformations:
        from ...core import transformation_faults

        faults += transformation_faults(settings.transformations, settings.destination.kind)
    if settings.filters:
        from ...core import filter_faults

        faults += filter_faults(settings.filters)
    for place, own in _with_subscriptions(settings):
        from ...core import subscription_faults
        from ...core.segment_names import destination_of

        faults += [f"{place}{fault}" for fault in subscription_faults(destination_of(own))]
    faults += settings.source_faults
    for fault in dict.fromkeys(faults):
        say(f"{settings.origin}: {fault}")


def tell_uncovered(settings: Settings) -> None:
    """Say which calls no subscription takes, where the settings have subscriptions of their own."""
    for place, own in _with_subscriptions(settings):
        from ...core import uncovered_words
        from ...core.segment_names import destination_of

        if words := uncovered_words(destination_of(own)):
            say(f"{settings.origin}: {place}{words}")


def _with_subscriptions(settings: Settings) -> Iterator[tuple[str, Settings]]:
    """Yield these settings and those of each source, if they have subscriptions of their own.

    Each comes with the beginning of what is said of it.
    """
    if settings.subscriptions is not None:
        yield "", settings
    for source in settings.sources:
        if source.subscriptions is not None:
            yield f"the source {source.name}: ", source.over(settings)


def tell_stand_in(settings: Settings) -> None:
    """Say that no project token is set, and what stands for it."""
    if not settings.destination.token:
        from ...core.segment_names import STAND_IN_TOKEN

        say(f"No project token is set: {STAND_IN_TOKEN} stands for it.")


def tell_unusable(functions: Iterable[str]) -> None:
    """Say which insert functions could not be run, and why."""
    for one in functions:
        say(f"Not imitated: {one}.")


def tell_plan_faults(faults: Iterable[str], source: str = "") -> None:
    """Say what of a tracking plan cannot be used; `source` is the one of `[[sources]]` whose plan it is."""
    for fault in faults:
        say(f"tracking plan{f' of {source}' if source else ''}: {fault}")


def _refuse_half_of_tls(settings: Settings) -> None:
    from ...core.errors import SettingsError

    if bool(settings.ingest.tls_cert) != bool(settings.ingest.tls_key):
        raise SettingsError("TLS needs both: give --tls-cert and --tls-key.")


def _refuse_unset_secrets(options: Mapping[str, Any], settings: Settings) -> None:
    """Raise SettingsError for a variable that the command line names and that is not set.

    It was named on purpose: without it another credential would be used unasked.
    """
    from ...core.errors import SettingsError

    secrets = {
        "api_secret_env": settings.destination.api_secret,
        "service_account_env": settings.destination.service_account,
        "metrics_token_env": settings.ingest.metrics_token,
        "test_token_env": settings.ingest.test_token,
    }
    for option, secret in secrets.items():
        if (name := options.get(option)) and not secret:
            flag = "--" + option.replace("_", "-")
            raise SettingsError(f"{flag} names {name}, which is not set. Set it, or leave the option out.")


def with_saved(filter_text: str, name: str) -> str:
    """Return a filter for messages that match this one and the saved one. Raises click.BadParameter."""
    if not name:
        return filter_text
    from .. import filter_memory
    from ..model.narrowing import both

    saved = filter_memory.read(filter_memory.place()).saved
    if name not in saved:
        known = (
            f"; there are {', '.join(sorted(saved))}" if saved else ", nor any other (F2 in the filter's box)"
        )
        raise click.BadParameter(f"no filter is saved as {name!r}{known}", param_hint="--saved")
    return both(saved[name], filter_text)


def check_filter(text: str) -> None:
    """Raise FilterFault for a filter that cannot be read, or that asks for marks, which live on a screen."""
    from ...core import parse_filter
    from ...core.query.sets import Sets

    Sets().of(parse_filter(text))


def clock_of(now: str | None) -> int:
    """Return the time of `--now` in milliseconds, else the current time. Raises click.BadParameter."""
    if now is None:
        return time.time_ns() // 1_000_000
    from ...core import read_time

    moment = read_time(now)
    if moment is None:
        raise click.BadParameter(
            f"{now!r} is not a time; write it as 2026-11-24T22:00:00Z", param_hint="--now"
        )
    return moment


def along(settings: Settings, route: str) -> Settings:
    """Return the settings of one of several routes to Mixpanel, or these if none is named.

    These are those of the first route, which is said where there are others. Raises UsageError for a route
    that is not there.
    """
    names = [one.name for one in settings.mixpanel_routes]
    if not route:
        if len(names) > 1:
            others = ", ".join(names[1:])
            say(f"Judged along the route {names[0]}. With --route NAME along another one: {others}.")
        return settings
    if route not in names:
        raise click.UsageError(
            f"There is no route to Mixpanel that is named {route!r}."
            f" [[routes]] has {', '.join(names) or 'none'}."
        )
    return settings.for_route(route)
