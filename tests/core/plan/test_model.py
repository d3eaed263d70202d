import json
from pathlib import Path
from typing import Any

import pytest

from segtap.core.errors import InputError
from segtap.core.plan import read_plan, read_plan_text
from segtap.core.plan.table import rows

FILE = Path(__file__).parents[2] / "data/plan/rules.json"
ANSWER: dict[str, Any] = json.loads(FILE.read_text())


def rule(**changes: Any) -> dict[str, Any]:
    return {"type": "TRACK", "key": "A", "jsonSchema": {"type": "object"}, "version": 1} | changes


def test_the_public_apis_answer_is_read() -> None:
    plan = read_plan(FILE)
    assert [one.label for one in plan.rules] == [
        "track Order Completed",
        "track Order Completed version 2",
        "track Segment Consent Preference Updated",
        "track Page Viewed",
        "identify",
        "common",
    ]
    assert plan.faults == ()
    assert isinstance(plan.rules[0].schema, dict)
    assert plan.rules[0].schema["description"] == "An order was paid"


@pytest.mark.parametrize(
    "document",
    [
        {"data": {"rules": [rule()]}},
        {"rules": [rule()]},
        [rule()],
        {"data": {"trackingPlan": {"name": "Shop"}, "rules": [rule()]}},
        {"data": {"data": {"rules": [rule(type="track", json_schema="{}")]}}},
    ],
)
def test_the_rules_are_found_whatever_is_around_them(document: Any) -> None:
    plan = read_plan_text(json.dumps(document), "plan.json")
    assert [(one.type, one.key, one.version) for one in plan.rules] == [("TRACK", "A", 1)]


def test_a_plan_and_its_rules_and_pages_of_them_may_stand_behind_one_another() -> None:
    parts = [
        {"data": {"trackingPlan": {"id": "tp_1", "name": "Shop", "type": "LIVE"}}},
        {"data": {"rules": [rule()], "pagination": {"current": "MA==", "next": "MQ==", "totalEntries": 2}}},
        {"data": {"rules": [rule(key="B")], "pagination": {"current": "MQ==", "totalEntries": 2}}},
    ]
    plan = read_plan_text("\n".join(map(json.dumps, parts)), "plan.json")
    assert (plan.name, [one.key for one in plan.rules], plan.faults) == ("Shop", ["A", "B"], ())


def test_a_missing_page_is_said() -> None:
    page = {"data": {"rules": [rule()], "pagination": {"current": "MA==", "next": "MQ==", "totalEntries": 9}}}
    (fault,) = read_plan_text(json.dumps(page), "plan.json").faults
    assert "first 1 of 9 rules only" in fault
    assert "pagination.next" in fault


def test_typewriters_plan_is_read() -> None:
    document = {
        "name": "rs_1",
        "display_name": "Shop",
        "rules": {
            "events": [{"name": "A", "description": "", "rules": {"type": "object"}, "version": 2}],
            "global": {"type": "object"},
            "identify": {"type": "object"},
            "identify_traits": [],
            "group": {},
        },
    }
    plan = read_plan_text(json.dumps(document), "plan.json")
    assert [(one.type, one.key, one.version) for one in plan.rules] == [
        ("TRACK", "A", 2),
        ("IDENTIFY", "", 1),
        ("COMMON", "", 1),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no rules"),
        ("[]", "holds no rules"),
        ("not json", "not JSON"),
        ("{", "not JSON"),
        ("3", "is not a tracking plan"),
        ('{"data": {"trackingPlan": {"name": "Shop"}}}', "GET /tracking-plans/{id}/rules"),
        ('{"rules": 3}', "has to be a list"),
        ('{"rules": [3]}', "rules[0] has to be an object"),
        ('{"rules": [{"type": "EVENT"}]}', "rules[0].type has to be one of TRACK, PAGE"),
        ('{"rules": [{"type": "TRACK", "key": null}]}', "rules[0].key has to be the event's name"),
        ('{"rules": [{"type": "PAGE", "jsonSchema": 3}]}', "jsonSchema has to be a JSON Schema"),
        ('{"rules": [{"type": "PAGE", "jsonSchema": "{"}]}', "text that is not JSON"),
        ('{"rules": {"events": [{"rules": {}}]}}', "rules.events[0] has to be an object"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_plan_is_refused_with_what_to_do(text: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        read_plan_text(text, "plan.json")
    assert why in str(caught.value)
    assert "plan.json" in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nope\.json cannot be read: No such file"):
        read_plan(tmp_path / "nope.json")
    (tmp_path / "latin.json").write_bytes(b'{"name": "\xe9"}')
    with pytest.raises(InputError, match="not UTF-8"):
        read_plan(tmp_path / "latin.json")


def test_what_is_written_is_read_again() -> None:
    plan = read_plan(FILE)
    assert read_plan_text(json.dumps(plan.document()), "plan.json").rules == plan.rules


def test_a_rule_is_laid_out_with_what_is_inside() -> None:
    order = read_plan(FILE).rules[0]
    told = [(row.name, row.type, row.required, row.values) for row in rows(order)]
    assert told == [
        ("order_id", "string", True, ""),
        ("total", "number", False, ""),
        ("currency", "string", False, 'one of "USD", "EUR"'),
        ("coupon", "string or null", False, "matches ^[A-Z0-9]+$"),
        ("products", "array of object", True, ""),
        ("products[].sku", "string", True, ""),
        ("products[].quantity", "integer", False, ""),
    ]
