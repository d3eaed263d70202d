import json

from check_helpers import DESTINATION, NOW, real_message, verdict_on

from segtap.core.checks import CheckSettings
from segtap.core.messages import JsonObject, Marks, Message, Receipt
from segtap.core.pipeline import compiled, run
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.settings import RuleSetting

SETTINGS = compiled(DESTINATION)


def received(document: JsonObject, **changes: object) -> Message:
    receipt = Receipt(
        uid="r1", received_at=NOW, method="POST", path="/v1/track", body=json.dumps(document).encode()
    )
    (message,) = parse_receipt(receipt)
    return Message(**{name: getattr(message, name) for name in message.__struct_fields__} | changes)


def test_a_message_is_translated_and_checked() -> None:
    document = real_message("python", "track", messageId="order_991")
    verdict = run(received(document), SETTINGS)
    assert [operation.action for operation in verdict.translation.operations] == ["trackPurchase"]
    assert verdict.errors == 1
    assert verdict.findings[0].rule == "insert-id-charset"


def test_the_clock_is_the_moment_of_receipt_unless_it_is_given() -> None:
    document = real_message("python", "track", timestamp="2026-12-24T00:00:00Z")
    message = received(document)

    def judged(now: int | None) -> list[str]:
        findings = run(message, SETTINGS, now=now).findings
        return [finding.rule for finding in findings if finding.severity == "error"]

    assert judged(None) == ["time-out-of-range"]
    assert judged(NOW + 40 * 86_400_000) == []


def test_an_event_without_time_gets_the_clock() -> None:
    document = real_message("python", "track", timestamp=...)
    verdict = verdict_on(document, DESTINATION, NOW, size=900)
    body = verdict.translation.operations[0].request.body
    assert isinstance(body, list)
    assert isinstance(body[0], dict)
    assert body[0]["properties"]["time"] == NOW  # type: ignore[index,call-overload]


def test_a_second_receipt_is_neither_translated_nor_checked() -> None:
    document = real_message("python", "track", messageId="order_991")
    verdict = run(received(document, marks=Marks.SECOND_RECEIPT), SETTINGS)
    assert verdict.translation.operations == ()
    (finding,) = verdict.findings
    assert (finding.rule, finding.severity) == ("second-receipt", "info")
    assert finding.message.startswith("Segment would drop this copy")


def test_the_note_on_a_second_receipt_can_be_silenced() -> None:
    message = received(real_message("python", "track"), marks=Marks.SECOND_RECEIPT)
    silent = CheckSettings(rules=(RuleSetting(id="second-receipt", severity="off"),))
    assert run(message, compiled(DESTINATION, silent)).findings == ()


def test_a_replay_of_a_second_receipt_is_read_like_any_other() -> None:
    document = real_message("python", "track")
    assert run(received(document, marks=Marks.REPLAY), SETTINGS).translation.operations


def test_what_segment_would_reject_is_an_error() -> None:
    document = real_message("python", "track")
    document["properties"]["note"] = "x" * 40_000
    verdict = run(received(document), SETTINGS)
    assert [finding.rule for finding in verdict.findings if finding.severity != "info"] == [
        "segment-would-reject",
        "string-truncated",
    ]
    assert verdict.errors == 1
    assert verdict.warnings == 1
    assert "its limit is 32 KB" in verdict.findings[0].message


def test_a_message_id_that_was_filled_in_counts_as_missing() -> None:
    document = real_message("python", "track", messageId=..., event="Signed Up")
    found = run(received(document), SETTINGS).findings
    assert [finding.rule for finding in found if finding.severity != "info"] == ["insert-id-missing"]


def test_inspection_does_not_change_the_message() -> None:
    document = real_message("next", "page")
    message = received(document)
    before = json.dumps(message.document)
    first = run(message, SETTINGS)
    assert json.dumps(message.document) == before
    assert run(message, SETTINGS) == first
