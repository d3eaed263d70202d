"""How fast the presets translate, beside the standard library's JSON reading and writing the same."""

from __future__ import annotations

import json

import pytest
from measured import fastest
from vectors import vectors

from segtap.core.destinations.kinds import translator
from segtap.core.messages import JsonObject
from segtap.core.pipeline import compiled
from segtap.core.pipeline.stages import walk
from segtap.core.settings import Destination

ROUNDS = 10
AIM = 0.55
"""At least this share of the baseline's rate. Measured 0.99 on one machine, and on another, where the
baseline does 107,000/s, 0.62 to 0.82 from process to process."""

STAGES_AIM = 0.85


def test_presets_keep_up_with_reading_and_writing_json(capsys: pytest.CaptureFixture[str]) -> None:
    rows = vectors("actions")
    messages: list[JsonObject] = [row["message"] for row in rows] * 5
    texts = [json.dumps(message) for message in messages]
    translate = translator(Destination(settings=rows[0]["settings"])).translate

    def baseline() -> None:
        for text in texts:
            json.dumps(json.loads(text))

    def translation() -> None:
        for message in messages:
            translate(message, now=0)

    plain, ours = (len(messages) / least for least in fastest(baseline, translation, rounds=ROUNDS))
    with capsys.disabled():
        print(f"\ntranslate: {ours:,.0f} messages/s, {ours / plain:.2f} of json's {plain:,.0f}/s")
    assert ours > AIM * plain


def test_stages_that_are_not_configured_cost_next_to_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the translation alone; the integrations object and consent are always looked at."""
    rows = vectors("actions")
    messages: list[JsonObject] = [row["message"] for row in rows] * 5
    settings = compiled(Destination(settings=rows[0]["settings"]))

    def alone() -> None:
        for message in messages:
            settings.translator.translate(message, now=0)

    def walked() -> None:
        for message in messages:
            walk(message, (), settings, 0)

    plain, ours = fastest(alone, walked, rounds=ROUNDS)
    share = plain / ours
    with capsys.disabled():
        print(f"\nstages: {share:.2f} of the translation's rate alone")
    assert share > STAGES_AIM
