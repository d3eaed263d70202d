"""`segtap plan`, `segtap check --plan` and `segtap translate --repair`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import command_line
import pytest

from segtap.core.settings import REPAIR_NAMES

PLAN = Path(__file__).parents[1] / "data/plan/rules.json"
ORDER: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "userId": "user-1",
    "messageId": "6f8a2f8e-6e3c-4b8e-9d2a-1f1f1f1f1f1f",
    "timestamp": "2026-11-24T22:00:00Z",
    "context": {"library": {"name": "analytics.js", "version": "1"}},
    "properties": {"order_id": "o-1", "total": 30, "products": [{"sku": "S1"}]},
}


@pytest.fixture(autouse=True)
def _settings(own_folders: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPANEL_TOKEN", "0123456789abcdef")


def segtap(*arguments: str, given: Any = "") -> subprocess.CompletedProcess[str]:
    text = given if isinstance(given, str) else "".join(json.dumps(one) + "\n" for one in given)
    return command_line.segtap(*arguments, given=text)


def rules(done: subprocess.CompletedProcess[str]) -> list[list[str]]:
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [[one["rule"] for one in line["warnings"] if one["rule"].startswith("plan-")] for line in lines]


def changed(**properties: Any) -> dict[str, Any]:
    return {**ORDER, "properties": {**ORDER["properties"], **properties}}


NOW = ("--now", "2026-11-24T22:00:01Z", "--format", "json")


def test_check_holds_messages_against_a_plan() -> None:
    done = segtap("check", "--plan", str(PLAN), *NOW, given=[ORDER, changed(total="30"), changed(size="L")])
    assert rules(done) == [[], ["plan-violation"], ["plan-unplanned-property"]]
    assert done.returncode == 1, "a violation is an error"
    (found,) = [one for one in json.loads(done.stdout.splitlines()[1])["warnings"] if "plan" in one["rule"]]
    assert found["message"] == "properties.total: Invalid type. Expected: number, given: string"
    assert found["path"] == "$.properties.total"


def test_check_takes_the_plan_of_the_settings_and_the_command_line_wins(tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text(f'plan = "{PLAN}"\n')
    wrong = [{**ORDER, "event": "Order Complete"}]
    assert rules(segtap("check", *NOW, given=wrong)) == [["plan-unplanned-event"]]
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"rules": [{"type": "TRACK", "key": "Order Complete", "jsonSchema": {}}]}))
    assert rules(segtap("check", "--plan", "other.json", *NOW, given=wrong)) == [[]]


def test_a_plan_that_cannot_be_read_is_wrong_use() -> None:
    for command in (("check",), ("forward", "--port", "0"), ("tail", "--port", "0")):
        done = segtap(*command, "--plan", "nope.json")
        assert (done.returncode, done.stdout) == (2, ""), command
        assert "nope.json cannot be read: No such file" in done.stderr, command


def test_a_plan_that_is_inferred_is_kept_and_shown(tmp_path: Path) -> None:
    seen = [ORDER, changed(coupon="X"), {"type": "alias", "userId": "u", "previousId": "v"}]
    done = segtap("plan", "infer", "-o", "plan.json", given=seen)
    assert (done.returncode, done.stdout) == (0, "")
    assert "2 messages, 1 rule; 1 passed over" in done.stderr
    assert rules(segtap("check", "--plan", "plan.json", *NOW, given=seen)) == [[], [], []]
    shown = segtap("plan", "show", "plan.json")
    assert shown.returncode == 0
    assert shown.stdout.splitlines() == [
        "track Order Completed",
        "  coupon          string",
        "  order_id        string           required",
        "  products        array of object  required",
        "  products[].sku  string           required",
        "  total           number           required",
        "",
    ]
    again = json.loads(segtap("plan", "show", "plan.json", "--format", "json").stdout)
    assert again == json.loads((tmp_path / "plan.json").read_text())
    assert segtap("plan", "infer", "-o", "plan.json", given=seen).returncode == 2, "it is there already"


def test_infer_reads_files_and_says_which_lines_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "seen.jsonl").write_text(json.dumps(ORDER) + "\nnonsense\n")
    done = segtap("plan", "infer", "seen.jsonl")
    assert done.returncode == 1
    assert "line 2: not JSON" in done.stderr
    (rule,) = json.loads(done.stdout)["data"]["rules"]
    assert (rule["type"], rule["key"], rule["version"]) == ("TRACK", "Order Completed", 1)
    assert segtap("plan", "infer", given="").returncode == 1, "there is nothing to infer from"


def test_infer_reads_a_journal(tmp_path: Path) -> None:
    from segtap.core.settings import JournalSettings

    journal = tmp_path / "journal.db"
    asyncio_journal(JournalSettings(path=str(journal)), [ORDER, changed(size="extra large")])
    done = segtap("plan", "infer", "--journal", str(journal))
    assert done.returncode == 0, done.stderr
    (rule,) = json.loads(done.stdout)["data"]["rules"]
    assert set(rule["jsonSchema"]["properties"]["properties"]["properties"]) == {
        *("order_id", "total", "products", "size")
    }
    only = segtap("plan", "infer", "--journal", str(journal), "--filter", "properties.size?")
    assert "1 message, 1 rule" in only.stderr
    both = segtap("plan", "infer", str(PLAN), "--journal")
    assert both.returncode == 2
    assert "not both" in both.stderr


def asyncio_journal(settings: Any, messages: list[dict[str, Any]]) -> None:
    import asyncio

    from segtap.core import stores
    from segtap.core.messages import Receipt

    async def write() -> None:
        journal = await stores.open(settings)
        for number, message in enumerate(messages):
            await journal.receipts.append(
                Receipt(
                    uid=f"r{number}",
                    received_at=1_795_557_600_000 + number,
                    method="POST",
                    path="/v1/track",
                    body=json.dumps(message).encode(),
                )
            )
        await journal.close()

    asyncio.run(write())


def test_show_says_what_of_a_plan_cannot_be_used(tmp_path: Path) -> None:
    done = segtap("plan", "show", str(PLAN))
    assert done.returncode == 0
    assert "track Order Completed version 2" in done.stdout
    assert 'one of "USD", "EUR"' in done.stdout
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"rules": [{"type": "TRACK", "key": "A", "jsonSchema": {"type": "strin"}}]}))
    done = segtap("plan", "show", str(bad))
    assert done.returncode == 1
    assert "the rule 'track A' is not checked" in done.stderr


def test_translate_repairs_only_what_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text('repair = ["insert-id"]\n')
    message = {**ORDER, "event": "Tried", "messageId": "order_991"}

    def translated(*arguments: str) -> Any:
        done = segtap("translate", *arguments, given=[message])
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    plain = translated()
    assert "repairs" not in plain
    assert plain["requests"][0]["body"][0]["properties"]["$insert_id"] == "order_991"
    repaired = translated("--repair", "insert-id", "--repair", "no-client-ip")
    properties = repaired["requests"][0]["body"][0]["properties"]
    assert properties["ip"] == 0
    assert [(one["name"], one["path"]) for one in repaired["repairs"]] == [
        ("insert-id", "requests[0].body[0].properties.$insert_id"),
        ("no-client-ip", "requests[0].body[0].properties.ip"),
    ]
    assert repaired["repairs"][0]["after"] == properties["$insert_id"]
    wrong = segtap("translate", "--repair", "nothing", given=[message])
    assert wrong.returncode == 2
    assert all(name in wrong.stderr for name in REPAIR_NAMES)
