"""What the doctor judges, and where that came from: the first lines of its answer."""

from __future__ import annotations

from collections.abc import Iterator

from ..checks.not_imitated import in_settings
from ..masks import mask_token
from ..segment_code import segment_code
from ..settings import DestinationSettings, Settings
from ..text import clean, counted
from .diagnosis import Diagnosis
from .facts import Facts

KINDS = {"actions": "Mixpanel (Actions)", "classic-cloud": "Mixpanel (Legacy), cloud mode"}
"""The destinations by the names that Segment gives them."""

_ALWAYS = ("destination.kind", "destination.region", "identity")
_ASSUMED = {
    "actions": (*_ALWAYS, "destination.strict", "subscriptions"),
    "classic-cloud": (*_ALWAYS, "classic.people", "classic.consolidated_page_calls"),
}
"""Settings that decide what becomes of every message, and that segtap assumes when nobody gives them."""
PAGE_OPTIONS = ("consolidated_page_calls", "track_all_pages", "track_categorized_pages", "track_named_pages")


def judged(facts: Facts) -> Iterator[Diagnosis]:
    """Yield the settings that the verdicts rest on, whose they are, and which of them nobody gave."""
    settings = facts.settings
    assumed = [name for name in _ASSUMED[settings.destination.kind] if not facts.given(name)]
    words = f"{KINDS[settings.destination.kind]}: {'; '.join(_said(settings))}"
    if facts.judged_by:
        words = f"{facts.judged_by[0].upper()}{facts.judged_by[1:]}. {words}"
    if assumed:
        words += f". Assumed, for nobody gave them: {', '.join(assumed)}"
    yield Diagnosis(
        check="settings",
        title="Settings that are judged",
        standing="note" if assumed else "good",
        words=words,
        fix="give in segtap.toml what Segment and Mixpanel have: segtap init" if assumed else "",
    )
    if facts.fault:
        yield Diagnosis(
            check="engine",
            title="The segtap that received the messages",
            standing="warning",
            words=clean(facts.fault),
        )


def _said(settings: Settings) -> Iterator[str]:
    to = settings.destination
    yield f"endpoint {to.region.upper()}"
    if to.mixpanel_url:
        yield f"sent to {clean(to.mixpanel_url)} in its place"
    yield f"project in {to.project_region.upper()}" if to.project_region else "region of the project unknown"
    yield f"token {mask_token(to.token)}" if to.token else "no token"
    yield from _credentials(to)
    yield f"{settings.identity.capitalize()} ID Merge"
    keys = settings.mixpanel_group_keys
    yield "group keys unknown" if keys is None else f"group keys {', '.join(map(clean, keys)) or 'none'}"
    if to.kind == "classic-cloud":
        yield from _classic(settings)
    else:
        own = settings.subscriptions
        yield "Segment's presets" if own is None else counted(len(own), "subscription")
        yield f"translated as by Segment's code {segment_code()}"
        yield f"strict {_on(to.strict)}"
    if settings.transformations:
        yield counted(len(settings.transformations), "transformation")
    if settings.filters:
        yield counted(len(settings.filters), "destination filter")
    if settings.segment.blocked_events:
        yield counted(len(settings.segment.blocked_events), "blocked event")
    if settings.segment.blocked_properties:
        yield "blocked properties"
    if settings.segment.blocked_traits or settings.segment.blocked_group_traits:
        yield "blocked traits"
    if settings.segment.consent_categories:
        yield f"consent: {', '.join(map(clean, settings.segment.consent_categories))}"
    if parts := in_settings(settings):
        yield f"{len(parts):,} not imitated"
    if settings.tests:
        yield f"{counted(len(settings.tests), 'test')} of the mappings"
    if settings.plan:
        yield f"tracking plan {clean(settings.plan)}"
    if own := [one.name for one in settings.sources if one.differs]:
        yield f"own settings for {', '.join(map(clean, own))}"
    if settings.repair:
        yield f"repairs {', '.join(settings.repair)}"


def _credentials(to: DestinationSettings) -> Iterator[str]:
    yield "API secret set" if to.api_secret else "no API secret"
    if to.service_account:
        yield f"service account set, project_id {to.project_id or 'missing'}"


def _classic(settings: Settings) -> Iterator[str]:
    classic = settings.classic
    yield f"People {_on(classic.people)}"
    pages = [name for name in PAGE_OPTIONS if getattr(classic, name)]
    yield f"pages: {', '.join(pages) or 'none'}"
    for name in (
        "event_increments",
        "prop_increments",
        "group_identifier_traits",
        "group_traits_to_set_once",
    ):
        values: tuple[str, ...] = getattr(classic, name)
        if values:
            yield f"{name} {', '.join(map(clean, values))}"


def _on(setting: bool) -> str:
    return "on" if setting else "off"
