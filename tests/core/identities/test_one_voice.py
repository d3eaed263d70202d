"""What `users`, `check`, `doctor --user` and the screen say of one story agrees."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from details import detail
from vectors import vectors

from segtap.core.checks import CheckSettings
from segtap.core.commands.check import check_lines
from segtap.core.commands.users import UsersOf
from segtap.core.destinations.kinds import translator
from segtap.core.doctor import Facts
from segtap.core.identities.model import DEVICE, Users
from segtap.core.identities.users import cluster_of, newest
from segtap.core.mapping.dates import read_time
from segtap.core.pipeline import compiled
from segtap.core.segment_names import destination_of
from segtap.core.settings import ClassicSettings, DestinationSettings, Settings
from segtap.tui.cli.doctor import cluster_lines as told_by_doctor
from segtap.tui.render.glyphs import UNICODE
from segtap.tui.render.user import cluster_lines as told_by_screen

STORIES = vectors("identity")
QUOTED = re.compile(r'"([^"]+)"')
APART = {"history-not-joined", "identify-ignored", "anonymous-id-not-uuid4", "identity-cluster-limit"}
"""Rules that say of two ids that they are not joined."""
LATER = {"identify-ignored", "history-not-joined"}
"""Rules that speak of what was so far: an alias may still join the ids."""


class Told:
    """What each of the four says of a story."""

    def __init__(self, story: dict[str, Any]) -> None:
        settings = Settings(
            identity=story["merge"],
            destination=DestinationSettings(kind=story["destination"], token="0123456789abcdef" * 2),
            classic=ClassicSettings(people=True),
        )
        now = read_time(story["now"])
        assert now is not None
        destination = destination_of(settings)
        lines = [json.dumps(message) for message in story["messages"]]
        self.users = UsersOf(settings, lambda: now)
        self.users.take(lines)
        self.rows = list(self.users.rows())
        checked = check_lines(
            lines,
            compiled(destination, CheckSettings(identity=settings.identity, classic=settings.classic)),
            clock=lambda: now,
        )
        self.findings = [finding for one in checked for finding in one.findings]
        translate = translator(destination).translate
        self.facts = Facts(
            settings,
            destination,
            [
                detail(message, translation=translate(message, now=now), id=number << 20)
                for number, message in enumerate(story["messages"], start=1)
            ],
            now=now,
        )
        clusters, total = newest(self.users.identities)
        self.screen = Users(mode=settings.identity, clusters=tuple(clusters), total=total)

    def joined(self, one: str, other: str) -> bool:
        """True if a user has both ids; a device's may lack `$device:`."""
        return any(
            {one, DEVICE + one} & set(row.ids) and {other, DEVICE + other} & set(row.ids) for row in self.rows
        )


@pytest.mark.parametrize(
    "story", STORIES, ids=lambda row: f"{row['name']}-{row['destination']}-{row['merge']}"
)
def test_nobody_contradicts_another(story: dict[str, Any]) -> None:
    told = Told(story)
    joined_late = {finding.rule for finding in told.findings} & {"alias-order"}
    for finding in told.findings:
        ids = QUOTED.findall(finding.message)
        if finding.rule == "anonymous-to-known":
            assert told.joined(*ids), finding
        elif finding.rule in APART - (LATER if joined_late else set()):
            assert len(ids) < 2 or not told.joined(*ids[:2]), finding
    assert len(told.screen.clusters) == told.screen.total == len(told.rows)
    for row, cluster in zip(
        told.rows, sorted(told.screen.clusters, key=lambda one: min(m.id for m in one.members)), strict=True
    ):
        by_doctor = told.facts.user(row.ids[0])
        assert by_doctor is not None
        assert sorted(member.id for member in cluster.members) == row.ids
        assert (cluster.events, bool(cluster.profiles)) == (row.events, row.profile)
        assert (by_doctor.members, by_doctor.notes) == (cluster.members, cluster.notes)
        printed = "\n".join(told_by_doctor(by_doctor, told.facts))
        lines = told_by_screen(cluster, 400, UNICODE, {}, 0)
        shown = "\n".join("".join(text for text, _ in line.spans) for line in lines)
        for id in row.ids:
            assert id in printed
            assert id in shown
        for note in cluster.notes:
            assert note in printed
            assert note in shown
            if " not join" in note or " stays apart " in note:
                one, other = QUOTED.findall(note)[:2]
                assert not told.joined(one.removeprefix(DEVICE), other.removeprefix(DEVICE)), note


def test_a_finding_and_a_note_say_the_same_sentence() -> None:
    """Why two ids are not joined, and what Mixpanel's pages leave open."""
    said: set[str] = set()
    for story in STORIES:
        told = Told(story)
        notes = {note.replace(DEVICE, "") for one in told.screen.clusters for note in one.notes}
        for finding in told.findings:
            if finding.rule in ("shared-device", "identity-cluster-limit", "alias-order"):
                assert finding.message in notes, finding
                said.add(finding.rule)
    assert said


@pytest.mark.parametrize("id", ["6ba7b810-9dad-11d1-80b4-00c04fd430c8"])
def test_who_is_unknown_is_unknown_to_all(id: str) -> None:
    told = Told(STORIES[0])
    assert told.facts.user(id) is None
    assert cluster_of(told.users.identities, id) is None
