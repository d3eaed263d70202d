"""What a plan and the repairs cost beside `json.loads` and `json.dumps` of the message, in one run."""

import json
from collections.abc import Callable

from check_helpers import NOW, TRANSLATOR, every_real_message
from measured import fastest

from segtap.core.plan import compiled, read_plan_text
from segtap.core.plan.infer import infer
from segtap.core.repair import repaired
from segtap.core.settings import REPAIR_NAMES

PLAN_LIMIT = 0.7
BROKEN_LIMIT = 2.0
REPAIR_LIMIT = 1.6
ROUNDS = 40


def test_a_plan_and_repairs_cost_little_beside_json(record_property: Callable[[str, object], None]) -> None:
    messages = every_real_message()
    plan = compiled(read_plan_text(json.dumps(infer(messages).document()), "plan.json"))
    wrong = [
        {**message, "properties": {"x": 1, **{f"p{n}": None for n in range(10)}}, "traits": {"x": "y"}}
        for message in messages
    ]
    assert not any(plan.findings(message) for message in messages)
    assert any(plan.findings(message) for message in wrong)
    translations = [TRANSLATOR.translate(message, now=NOW) for message in messages]

    reading, keeping, breaking, repairing = fastest(
        lambda: [json.loads(json.dumps(message)) for message in messages],
        lambda: [plan.findings(message) for message in messages],
        lambda: [plan.findings(message) for message in wrong],
        lambda: [
            repaired(translation, message, REPAIR_NAMES, identity="simplified")
            for translation, message in zip(translations, messages, strict=True)
        ],
        rounds=ROUNDS,
    )
    each = 1e6 / len(messages)
    print(
        f"json {reading * each:.1f} µs, plan kept {keeping * each:.1f} µs, broken "
        f"{breaking * each:.1f} µs, all repairs {repairing * each:.1f} µs a message"
    )
    for name, cost, limit in (
        ("plan_kept", keeping, PLAN_LIMIT),
        ("plan_broken", breaking, BROKEN_LIMIT),
        ("repairs", repairing, REPAIR_LIMIT),
    ):
        record_property(f"{name}_to_json", cost / reading)
        assert cost / reading <= limit, name
