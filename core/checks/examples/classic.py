"""An example of each rule on what the classic destination does and does not do."""

from __future__ import annotations

from ...settings import ClassicSettings
from .example import Example, call, track

CLASSIC_EXAMPLES: dict[str, Example] = {
    "classic-feature-lost": Example(
        before=(track("Logged In"),),
        after=(track("Logged In"),),
        said='[classic] with people = true and event_increments = ["Logged In"], then without the event',
        classic=ClassicSettings(people=True, event_increments=("Logged In",)),
        classic_after=ClassicSettings(people=True),
    ),
    "increment-ignored": Example(
        before=(track("Logged In"),),
        after=(track("Logged In"),),
        said='the classic destination, event_increments = ["Logged In"]: people = false, then true',
        kind="classic-cloud",
        settings_before={"eventIncrements": ["Logged In"]},
        settings_after={"eventIncrements": ["Logged In"], "people": True},
    ),
    "documentation-differs": Example(
        before=(call("identify", traits={"topics": ["moss", "fern"]}),),
        after=(call("identify", traits={"newest_topic": "fern"}),),
        said="the classic destination, people = true",
        kind="classic-cloud",
        settings_before={"people": True},
    ),
}
