"""A finding is as grave in the doctor as in check, and none of either is left out of the other."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from check_helpers import verdict_on
from details import detail

from segtap.core.api.models import MessageDetail
from segtap.core.checks.examples import EXAMPLES
from segtap.core.checks.examples.example import NOW, Example
from segtap.core.checks.stream import Loose, StreamChecker, digest
from segtap.core.doctor import Facts, diagnose
from segtap.core.settings import DestinationSettings, Settings
from segtap.core.verdict import SEVERITY_WEIGHT

MOST = 100
"""Messages of an example: longer ones show limits of many users, and take long."""
_STANDINGS = {"error": "error", "warning": "warning"}


def judged(example: Example, *, after: bool) -> Facts:
    """An example's messages as an engine reads them, with the findings of the rules on the stream."""
    destination, rules = example.destination(after=after), example.checks(after=after)
    stream = StreamChecker(rules, destination)
    details: list[MessageDetail] = []
    for number, given in enumerate(example.after if after else example.before, start=1):
        message: dict[str, Any] = dict(given)
        now = int(message.pop("now", NOW))
        size = len(msgspec.json.encode(message))
        verdict = verdict_on(message, destination, now, size=size, settings=rules)
        id = str(message.get("messageId", ""))
        seen = Loose(document=message, type=str(message.get("type", "")), message_id=id)
        found = stream.observe(digest(seen, verdict.translation, now))
        translation, findings = verdict.translation, (*verdict.findings, *found)
        details.append(detail(message, translation=translation, findings=findings, id=number << 20))
    region = "eu" if destination.settings.get("enableEuropeanUnionEndpoint") else "us"
    sending = DestinationSettings(
        kind=destination.kind, token="0" * 32, region=region, project_region=rules.project_region
    )
    settings = Settings(
        destination=sending,
        identity=rules.identity,
        classic=rules.classic,
        mixpanel_group_keys=rules.group_keys,
    )
    return Facts(settings, destination, details, now=NOW)


@pytest.mark.parametrize("after", [False, True], ids=["mistake", "mended"])
def test_check_and_doctor_are_of_one_mind(after: bool) -> None:
    apart: list[str] = []
    for rule, example in EXAMPLES.items():
        if len(example.before) > MOST:
            continue
        facts = judged(example, after=after)
        found = {one.severity for case in facts.cases for one in case.detail.verdict.findings}
        told = {
            one.standing
            for one in diagnose(facts)
            # Their parts are judged as a whole, and not message by message.
            if one.check != "identity" and not one.check.startswith("groups.")
        }
        wrong = found & _STANDINGS.keys()
        worst = min(wrong, key=SEVERITY_WEIGHT.__getitem__, default="")
        if worst != next((standing for standing in ("error", "warning") if standing in told), ""):
            apart.append(f"{rule}: check {sorted(found)}, doctor {sorted(told)}")
    assert apart == []
