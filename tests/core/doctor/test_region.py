"""Regions: the endpoint is compared with where the project stores its data, and never with the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from check_helpers import NOW, verdict_on
from streams import call

from segtap.core import config
from segtap.core.checks.settings import check_settings
from segtap.core.doctor import Diagnosis, Facts, diagnose
from segtap.core.masks import project_in_words
from segtap.core.segment_names import destination_of
from segtap.core.settings import Settings
from segtap.core.verdict import Finding

KINDS = pytest.mark.parametrize("kind", ["actions", "classic-cloud"])


def settings(folder: Path, kind: str, **destination: str) -> Settings:
    given = {"kind": kind, "token": "0" * 32, **destination}
    workspace = given.pop("workspace", "")
    file = folder / "segtap.toml"
    lines = [f'{key} = "{value}"' for key, value in given.items()]
    file.write_text("\n".join(["[destination]", *lines, "[segment]", f'workspace_region = "{workspace}"']))
    return config.load(environ={}, file=file)


def diagnosis(judged: Settings) -> Diagnosis:
    found = diagnose(Facts(judged, destination_of(judged), [], now=NOW))
    return next(one for one in found if one.check == "region")


def findings(judged: Settings, message: dict[str, Any]) -> list[Finding]:
    destination = destination_of(judged)
    verdict = verdict_on(message, destination, NOW, size=500, settings=check_settings(judged))
    return [one for one in verdict.findings if one.rule == "region-mismatch"]


@KINDS
@pytest.mark.parametrize("workspace", ["", "us", "eu"])
@pytest.mark.parametrize("region", ["us", "eu"])
@pytest.mark.parametrize("project", ["", "us", "eu", "in"])
def test_only_the_project_decides(
    tmp_path: Path, kind: str, workspace: str, region: str, project: str
) -> None:
    judged = settings(tmp_path, kind, workspace=workspace, region=region, project_region=project)
    wanted = "unknown" if not project else "good" if project == region else "error"
    said = diagnosis(judged)
    assert said.standing == wanted
    assert ("says nothing of the project" in said.words) == bool(workspace)
    assert "Mixpanel US" not in said.words
    assert "Mixpanel EU" not in said.words
    for message in (call("track", userId="u-1"), call("page", userId="u-1")):
        found = findings(judged, message)
        assert [one.severity for one in found] == (["error"] if wanted == "error" else [])


@KINDS
def test_the_fix_names_the_setting_of_segment_and_ends_the_finding(tmp_path: Path, kind: str) -> None:
    apart = settings(tmp_path, kind, region="us", project_region="eu")
    fix = diagnosis(apart).fix
    in_segment = {
        "actions": "set Data Residency EU 🇪🇺 in Segment",
        "classic-cloud": "set Enable European Union Endpoint on in Segment",
    }
    assert fix.startswith(in_segment[kind])
    assert 'region = "eu" under [destination]' in fix
    assert "migrated: https://docs.mixpanel.com/docs/privacy/eu-residency" in fix
    (found,) = findings(apart, call("track", userId="u-1"))
    assert found.fix == fix
    mended = settings(tmp_path, kind, region="eu", project_region="eu")
    assert diagnosis(mended).standing == "good"
    assert findings(mended, call("track", userId="u-1")) == []


def test_the_classic_destination_cannot_reach_a_project_in_india(tmp_path: Path) -> None:
    said = diagnosis(settings(tmp_path, "classic-cloud", region="eu", project_region="in"))
    assert (said.standing, "Mixpanel (Actions)" in said.fix) == ("error", True)


def test_an_endpoint_that_nobody_gave_is_said_to_be_assumed(tmp_path: Path) -> None:
    assumed = settings(tmp_path, "actions", project_region="us")
    assert "(assumed: destination.region is not given)" in diagnosis(assumed).words
    assert "assumed" not in diagnosis(settings(tmp_path, "actions", region="us", project_region="us")).words


def test_a_host_that_does_not_exist_is_named(tmp_path: Path) -> None:
    judged = settings(tmp_path, "actions", region="eu", mixpanel_url="https://api.eu.mixpanel.com/")
    said = diagnosis(judged)
    assert (said.standing, said.fix) == ("error", 'mixpanel_url = "https://api-eu.mixpanel.com"')
    elsewhere = settings(tmp_path, "actions", project_region="us", mixpanel_url="http://127.0.0.1:9")
    assert "whose region it does not know" in diagnosis(elsewhere).words


def test_the_region_of_the_project_is_read_in_any_case_from_file_and_environment(tmp_path: Path) -> None:
    assert settings(tmp_path, "actions", project_region="EU").destination.project_region == "eu"
    empty = tmp_path / "empty.toml"
    empty.touch()
    given = config.load(environ={"SEGTAP_PROJECT_REGION": "In"}, file=empty)
    assert given.destination.project_region == "in"
    assert str(given.places["destination.project_region"]) == "the variable SEGTAP_PROJECT_REGION"


def test_no_translation_is_no_mismatch(tmp_path: Path) -> None:
    judged = settings(tmp_path, "classic-cloud", region="us", project_region="eu")
    off = msgspec.structs.replace(judged, classic=msgspec.structs.replace(judged.classic, people=False))
    assert findings(off, call("identify", userId="u-1")) == []


@pytest.mark.parametrize(
    ("stored", "url", "words"),
    [
        ("", "", "project a1b2…f9 at the endpoint in the US"),
        ("us", "", "project a1b2…f9 at the endpoint in the US"),
        (
            "eu",
            "",
            "project a1b2…f9 at the endpoint in the US"
            " (it stores its data in the EU: nothing is ingested there)",
        ),
        ("eu", "http://127.0.0.1:9", "project a1b2…f9 at http://127.0.0.1:9"),
    ],
)
def test_who_turns_forwarding_on_is_told_where_it_goes(stored: str, url: str, words: str) -> None:
    assert project_in_words("a1b2…f9", "us", url, stored) == words
