"""A verdict's revision: other settings, another one; secrets are not in it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from segtap.core.index.revision import revision_of
from segtap.core.settings import (
    ClassicSettings,
    DestinationFilter,
    DestinationSettings,
    IngestSettings,
    JournalSettings,
    RuleSetting,
    ScreenSettings,
    Secret,
    SegmentSettings,
    Settings,
    SourceSettings,
)

BASE = Settings(destination=DestinationSettings(token="t", api_secret=Secret("one")))


@pytest.mark.parametrize(
    "changes",
    [
        {"identity": "simplified"},
        {"repair": ("insert-id",)},
        {"mixpanel_group_keys": ("company",)},
        {"destination": DestinationSettings(token="u", api_secret=Secret("one"))},
        {"destination": DestinationSettings(token="t")},
        {"classic": ClassicSettings(people=True)},
        {"segment": SegmentSettings(blocked_events=("A",))},
        {"filters": (DestinationFilter(condition='event = "A"'),)},
        {"rules": (RuleSetting(id="*", severity="off"),)},
        {"ingest": IngestSettings(max_nodes=7)},
        {"subscriptions": ()},
        {"sources": (SourceSettings(name="web", write_keys=("k",), color="red", source_name="Web"),)},
    ],
)
def test_what_a_verdict_depends_on_makes_another_revision(changes: dict[str, object]) -> None:
    assert revision_of(msgspec.structs.replace(BASE, **changes)) != revision_of(BASE)


@pytest.mark.parametrize(
    "changes",
    [
        {"destination": DestinationSettings(token="t", api_secret=Secret("two"))},
        {"journal": JournalSettings(path="elsewhere.db")},
        {"screen": ScreenSettings(theme="other")},
        {"ingest": IngestSettings(port=9000)},
        {"origin": "segtap.toml"},
    ],
)
def test_secrets_and_other_settings_do_not(changes: dict[str, object]) -> None:
    assert revision_of(msgspec.structs.replace(BASE, **changes)) == revision_of(BASE)


def test_the_plans_content_counts_and_not_its_name_alone(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text("{}")
    settings = msgspec.structs.replace(BASE, plan=str(plan))
    before = revision_of(settings)
    assert revision_of(settings) == before
    plan.write_text('{"rules": []}')
    assert revision_of(settings) != before


def test_what_a_source_says_counts_and_not_its_color(tmp_path: Path) -> None:
    plan = tmp_path / "web.json"
    plan.write_text("{}")
    web = SourceSettings(name="web", write_keys=("k",), color="red", source_name="Web", plan=str(plan))

    def revision(**changes: object) -> str:
        return revision_of(msgspec.structs.replace(BASE, sources=(msgspec.structs.replace(web, **changes),)))

    before = revision()
    assert revision(color="pink") == revision(name="site") == before
    blocked = {"blocked_events": ("A",)}  # the reason has the name
    assert revision(**blocked, name="site") != revision(**blocked)
    assert (
        len({before, revision(source_name="Site"), revision(write_keys=("k", "l")), revision(plan="")}) == 4
    )
    plan.write_text('{"rules": []}')
    assert revision() != before
