"""What the doctor says of `[[sources]]`."""

from __future__ import annotations

import msgspec
import pytest
from check_helpers import NOW
from doctoring import read
from streams import call

from segtap.core.doctor import Diagnosis, Facts, diagnose
from segtap.core.segment_names import destination_of
from segtap.core.settings import IngestSettings, SegmentSettings, Settings, SourceSettings, Subscription
from segtap.core.transformations import Transformation

LOGIN = call("identify", userId="u-1", traits={"plan": "pro"})
WEB = SourceSettings(name="web", write_keys=("wk_web", "wk_staging"), color="cyan")
PHONE = SourceSettings(name="phone", write_keys=("wk_ios",), color="pink")
BOTH = Settings(sources=(WEB, PHONE))


def of_sources(settings: Settings, *write_keys: str) -> list[tuple[str, str]]:
    """What is said; a message was received with each of these write keys."""
    details = [
        msgspec.structs.replace(detail, write_key=key)
        for detail, key in zip(read([LOGIN] * len(write_keys), settings), write_keys, strict=True)
    ]
    found: list[Diagnosis] = diagnose(Facts(settings, destination_of(settings), details, now=NOW))
    return [(one.standing, one.words) for one in found if one.check == "sources"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((), []),
        (("wk_web", "wk_ios", "wk_staging"), [("good", "of 3 messages: web 2, phone 1")]),
        (("wk_ios", ""), [("good", "of 2 messages: phone 1"), ("note", "web sent none of these 2 messages")]),
        (
            ("wk_web", "wk_ios", "0123456789ab"),
            [
                ("good", "of 3 messages: web 1, phone 1"),
                ("note", "no source has the write key 0123…ab (1): the general settings judge its messages"),
            ],
        ),
        (
            ("other",),
            [
                ("note", "none of 1 message has a write key of [[sources]]"),
                ("note", "no source has the write key other (1): the general settings judge its messages"),
            ],
        ),
    ],
)
def test_what_sent_and_what_did_not(keys: tuple[str, ...], said: list[tuple[str, str]]) -> None:
    assert of_sources(BOTH, *keys) == said


def test_without_sources_nothing_is_said() -> None:
    assert of_sources(Settings(), "wk_web") == []


def test_a_source_that_is_not_accepted_is_an_error() -> None:
    settings = msgspec.structs.replace(BOTH, ingest=IngestSettings(write_keys=("wk_web", "wk_staging")))
    ((standing, words), _) = of_sources(settings, "wk_web", "wk_ios")
    assert standing == "error"
    assert words.startswith("the source phone has a write key that write_keys of [ingest] does not list")


def test_faults_of_a_sources_own_settings_name_it() -> None:
    never = Subscription(
        subscribe='type = "page" and type = "track"', partner_action="trackEvent", mapping={}
    )
    web = msgspec.structs.replace(WEB, subscriptions=(never,), subscriptions_file="/home/me/web.toml")
    settings = msgspec.structs.replace(BOTH, sources=(web, PHONE))
    found = diagnose(Facts(settings, destination_of(settings), [], now=NOW))
    (fault,) = (one for one in found if one.check == "subscriptions" and one.standing == "error")
    assert fault.words.startswith("the source web: subscription 1")
    assert fault.fix == "mend it in /home/me/web.toml"
    assert "own settings for web" in next(one.words for one in found if one.check == "settings")


def test_a_transformation_of_an_event_that_one_source_lets_through_is_not_idle() -> None:
    one = Transformation(condition="event = 'A'", new_event_name="B")
    segment = SegmentSettings(blocked_events=("A",))

    def idle(*blocked: str) -> bool:
        web = msgspec.structs.replace(WEB, blocked_events=blocked)
        settings = Settings(sources=(web, PHONE), segment=segment, transformations=(one,))
        found = diagnose(Facts(settings, destination_of(settings), [], now=NOW))
        return any(one.check == "transformations" for one in found)

    assert idle("A")
    assert not idle()
