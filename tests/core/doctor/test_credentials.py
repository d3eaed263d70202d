"""The API secret: what is said of it at the request, in check and in the doctor, is one thing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from doctoring import read, settings_of, verdict_of
from streams import call, iso

from segtap.core.destinations.explain import explain
from segtap.core.doctor.credential_checks import IN_SEGMENT
from segtap.core.segment_names import destination_of
from segtap.core.settings import Settings

NOW = 1_795_557_601_000
ENDS = 1_804_032_000_000
CLASSIC = '[destination]\nkind = "classic-cloud"\n[classic]\npeople = true\n'
KINDS = pytest.mark.parametrize("text", ["", CLASSIC], ids=["actions", "classic"])
TRACK = call("track", userId="u-1")
OLD = call("track", userId="u-1", timestamp=iso(NOW - 20 * 86_400_000))
SECRET = {"MIXPANEL_SECRET": "5e1f0c9ab27d4433b6a1c0ffee123457"}
ACCOUNT = {"MIXPANEL_SERVICE_ACCOUNT": "segtap.1:s3cr3t-one", "SEGTAP_PROJECT_ID": "7"}
EMPTYING = re.compile(r"(?<!not )\bempty (the|your|this|its) (api )?secret|unset MIXPANEL_SECRET", re.I)


def found(settings: Settings, message: dict[str, Any], rule: str, now: int = NOW) -> list[str]:
    (detail,) = read([message], settings, now=now)
    return [one.severity for one in detail.verdict.findings if one.rule == rule]


@KINDS
def test_a_secret_is_as_grave_in_check_as_in_the_doctor(tmp_path: Path, text: str) -> None:
    settings = settings_of(tmp_path, text, **SECRET)
    said = verdict_of("api-secret", settings, OLD)
    assert said is not None
    assert (said.standing, found(settings, OLD, "api-secret-deprecated")) == ("note", ["info"])
    assert found(settings, OLD, "api-secret-deprecated", now=ENDS + 1) == ["error"]
    assert not EMPTYING.search(said.words + said.fix)
    assert "service account" in said.fix
    kind = settings.destination.kind
    assert IN_SEGMENT[kind] in said.fix
    assert "none is" not in said.words


@KINDS
def test_a_service_account_ends_it_and_no_old_event_is_refused(tmp_path: Path, text: str) -> None:
    settings = settings_of(tmp_path, text, **SECRET, **ACCOUNT)
    for message in (TRACK, OLD):
        assert found(settings, message, "api-secret-deprecated") == []
        assert found(settings, message, "track-too-old") == []


def test_on_classic_the_key_stays_for_old_events(tmp_path: Path) -> None:
    with_key = settings_of(tmp_path, CLASSIC, **SECRET)
    said = verdict_of("api-secret", with_key, TRACK)
    assert said is not None
    assert "only events older than five days go to /import, and need it" in said.words
    assert "the key stays" in said.fix
    assert found(with_key, TRACK, "api-secret-deprecated") == []
    assert found(settings_of(tmp_path, CLASSIC), OLD, "track-too-old") == ["error"]


@pytest.mark.parametrize(
    ("environ", "given", "would"),
    [
        ({}, "no API secret is given", '"undefined:"'),
        ({"MIXPANEL_SECRET": ""}, "the API secret is empty", '":"'),
    ],
    ids=["absent", "empty"],
)
def test_the_token_in_its_place_is_said_at_the_request(
    tmp_path: Path, environ: dict[str, str], given: str, would: str
) -> None:
    settings = settings_of(tmp_path, **environ)
    (detail,) = read([TRACK], settings)
    explanation = explain(TRACK, destination_of(settings), detail.verdict.translation, now=NOW)
    source = explanation.source_at("requests[0].authorization")
    assert source is not None
    assert source.source.startswith(f"setting: project token, for {given}.")
    assert f"3.497.0 would send no usable credential here ({would})" in source.source
    said = verdict_of("api-secret", settings, TRACK)
    assert said is not None
    assert said.standing == "note"
    assert f"no usable credential then ({would})" in said.words
    # An emptied secret was given, an absent one was not: only of the first segtap knows what Segment has.
    assert found(settings, TRACK, "documentation-differs") == (["info"] if environ else [])


def test_a_secret_or_a_service_account_is_nothing_to_say_at_the_request(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, **SECRET)
    (detail,) = read([TRACK], settings)
    source = explain(TRACK, destination_of(settings), detail.verdict.translation, now=NOW).source_at(
        "requests[0].authorization"
    )
    assert source is not None
    assert source.source == "setting: API secret"
    account = settings_of(tmp_path, MIXPANEL_SECRET="", **ACCOUNT)
    assert found(account, TRACK, "documentation-differs") == []
    identify = call("identify", userId="u-1")
    assert found(settings_of(tmp_path, MIXPANEL_SECRET=""), identify, "documentation-differs") == []
