import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from check_helpers import every_real_message, real_message
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.demo.samples import sample_messages
from segtap.core.pipeline.lines import documents
from segtap.core.plan import compiled, read_plan_text
from segtap.core.plan.infer import MAX_NAMES, MAX_PAGES, Inference, infer

VECTORS = Path(__file__).parents[2] / "data/vectors/actions.jsonl.gz"


def track(properties: Any = None, event: str = "A", **changes: Any) -> dict[str, Any]:
    message = {"type": "track", "event": event, "properties": properties} | changes
    return {name: value for name, value in message.items() if value is not None}


def described(*values: dict[str, Any]) -> dict[str, Any]:
    """The schema of the properties of one event that was seen with these."""
    (rule,) = infer(track(properties) for properties in values).rules
    assert isinstance(rule.schema, dict)
    return rule.schema["properties"]["properties"]  # type: ignore[index,return-value,call-overload]


def keeps_to_it(messages: list[dict[str, Any]]) -> None:
    plan = infer(messages)
    if not plan.rules:
        return
    written = read_plan_text(json.dumps(plan.document()), "plan.json")
    judged = compiled(written)
    assert judged.faults == ()
    for message in messages:
        assert judged.findings(message) == [], message


def test_types_and_what_is_always_there() -> None:
    assert described({"a": "x y z", "n": 1, "t": True}, {"a": "12", "n": 1.5}, {"a": None, "n": 3}) == {
        "type": "object",
        "properties": {
            "a": {"type": ["string", "null"]},
            "n": {"type": "number"},
            "t": {"type": "boolean"},
        },
        "required": ["a", "n"],
    }


def test_whole_numbers_are_integers_except_amounts() -> None:
    found = described({"quantity": 2, "price": 30, "total": 30})["properties"]
    assert found == {
        "quantity": {"type": "integer"},
        "price": {"type": "number"},
        "total": {"type": "number"},
    }


def test_nested_objects_and_lists() -> None:
    found = described(
        {"products": [{"sku": "S1", "size": "L"}, {"sku": "S2"}], "address": {"zip": "1"}, "empty": []},
    )["properties"]
    assert found["products"] == {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"size": {"type": "string"}, "sku": {"type": "string"}},
            "required": ["sku"],
        },
    }
    assert found["address"]["required"] == ["zip"]
    assert found["empty"] == {"type": "array"}


def test_few_repeated_words_are_a_choice() -> None:
    plans = [{"plan": "pro" if n % 2 else "free"} for n in range(6)]
    assert described(*plans)["properties"]["plan"] == {"type": "string", "enum": ["free", "pro"]}
    with_none = [*plans, {"plan": None}]
    assert described(*with_none)["properties"]["plan"]["enum"] == ["free", "pro", None]


@pytest.mark.parametrize(
    "values",
    [
        [{"plan": "pro"}, {"plan": "free"}],
        [{"plan": f"plan {chr(97 + n)}"} for n in range(12)] * 4,
        [{"user_id": "anna"}] * 20,
        [{"orderId": "first"}] * 20,
        [{"email": "anna"}] * 20,
        [{"code": "12"}] * 20,
        [{"plan": "a" * 50}] * 20,
        [{"plan": "pro"}] * 20 + [{"plan": 3}],
    ],
    ids=["few", "many", "ids", "camel ids", "emails", "digits", "long", "mixed"],
)
def test_what_only_looks_like_a_choice_stays_open(values: list[dict[str, Any]]) -> None:
    (schema,) = described(*values)["properties"].values()
    assert "enum" not in schema


def test_dates_are_told() -> None:
    found = described({"at": "2026-11-24T22:00:00Z", "on": "2026-11-24", "x": "2026-13-24T22:00:00Z"})
    assert found["properties"] == {
        "at": {"type": "string", "format": "date-time"},
        "on": {"type": "string"},
        "x": {"type": "string"},
    }


def test_nothing_but_null_says_nothing_of_the_type() -> None:
    assert described({"a": None})["properties"] == {"a": {}}


def test_traits_stay_optional() -> None:
    (rule,) = infer([real_message("node", "identify")]).rules
    assert (rule.type, rule.key) == ("IDENTIFY", "")
    assert "required" not in json.dumps(rule.schema["properties"]["traits"].get("required", ""))  # type: ignore[index,call-overload,union-attr]
    assert "required" not in rule.schema  # type: ignore[operator]


def test_events_pages_and_versions_have_their_own_rules() -> None:
    context = {"protocols": {"event_version": 2}}
    plan = infer(
        [
            track({"a": 1}),
            track({"b": 1}, context=context),
            track({}, event="B"),
            {"type": "page", "name": "Home"},
            {"type": "page"},
            {"type": "group", "traits": {"name": "Acme"}},
            {"type": "alias"},
            {"type": "track", "event": ""},
            {"type": "track"},
            {},
        ]
    )
    assert [rule.label for rule in plan.rules] == [
        "track A",
        "track A version 2",
        "track B",
        "page",
        "page Home",
        "group",
    ]


def test_what_was_passed_over_is_counted() -> None:
    inference = Inference()
    for message in (track({}), {"type": "alias"}, {"type": 3}, {"type": "track"}):
        inference.add(message)
    assert (inference.messages, inference.passed_over) == (1, 3)


def test_very_many_names_are_data() -> None:
    many = {f"sku-{n}": n for n in range(MAX_NAMES + 1)}
    assert described({"stock": many})["properties"]["stock"] == {
        "type": "object",
        "additionalProperties": True,
    }
    keeps_to_it([track({"stock": many}), track({"stock": {"other": []}}), track(many)])


def test_very_many_pages_have_one_rule() -> None:
    pages = [{"type": "page", "name": f"Product {n}", "properties": {"n": n}} for n in range(MAX_PAGES + 9)]
    assert [rule.label for rule in infer(pages).rules] == ["page"]
    keeps_to_it(pages)


def test_what_segments_sdks_sent_keeps_to_the_plan_inferred_from_it() -> None:
    keeps_to_it(every_real_message())
    keeps_to_it(list(sample_messages()))


def test_the_vectors_keep_to_the_plan_inferred_from_them() -> None:
    with gzip.open(VECTORS, "rt") as lines:
        faults: list[str] = []
        keeps_to_it(list(documents(lines, faults)))
    assert faults == []


def test_lines_are_messages_envelopes_or_batches() -> None:
    faults: list[str] = []
    lines = [
        b'{"type": "track", "event": "A"}\n',
        b"\n",
        b'{"settings": {}, "message": {"type": "page"}}',
        b'{"batch": [{"type": "group"}, 3]}',
        b"nonsense",
        b"[]",
    ]
    assert [one["type"] for one in documents(lines, faults)] == ["track", "page", "group"]
    assert [fault.partition(": ")[0] for fault in faults] == ["line 4", "line 5", "line 6"]


NAMES = st.text(max_size=6) | st.sampled_from(["plan", "id", "total", "createdAt"])
WORDS = st.sampled_from(["free", "pro", "USD", "2026-11-24T22:00:00Z", "2026-11-24", "x" * 300])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
PROPERTIES = st.dictionaries(NAMES, JSON, max_size=5) | JSON
MESSAGE = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "track", "page", "screen", "identify", "group", "alias"])},
    optional={
        "event": st.sampled_from(["A", "B", ""]) | st.text(max_size=4) | st.integers(),
        "name": st.sampled_from(["Home", ""]) | st.none(),
        "properties": PROPERTIES,
        "traits": PROPERTIES,
        "context": st.fixed_dictionaries(
            {},
            optional={
                "protocols": st.fixed_dictionaries(
                    {"event_version": st.integers(-1, 3) | st.just(2.0) | st.text(max_size=1)}
                )
            },
        ),
    },
)


@examples(300)
@given(st.lists(MESSAGE, max_size=12))
def test_whatever_was_seen_keeps_to_the_plan_inferred_from_it(messages: list[dict[str, Any]]) -> None:
    keeps_to_it(messages)


@examples(50)
@given(st.text(alphabet=st.characters(categories=["Cs", "Lu"]), min_size=1, max_size=5))
def test_lone_surrogates_keep_to_the_plan_too(text: str) -> None:
    messages = [track({text: text, "d": {text: 1}}, event=f"E{text}")]
    plan = infer(messages)
    judged = compiled(read_plan_text(json.dumps(plan.document()), "plan.json"))
    assert judged.faults == ()
    assert judged.findings(messages[0]) == []
