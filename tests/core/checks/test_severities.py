"""Every severity that the code gives to a finding is one that the catalogue lists for its rule."""

import ast
from collections.abc import Iterator
from pathlib import Path

from segtap.core import checks
from segtap.core.catalogue import BY_ID
from segtap.core.commands.rules import explanation, rule_json, rule_markdown, rule_of, rule_table

FOLDER = Path(str(checks.__file__)).parent
SEVERITIES = {"error", "warning", "info"}


def given() -> Iterator[tuple[str, str]]:
    """The rule and the severity of each `RULE.finding(…, severity=…)` that names one."""
    for file in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr != "finding":
                continue
            of = node.func.value
            name = of.attr if isinstance(of, ast.Attribute) else of.id if isinstance(of, ast.Name) else ""
            for keyword in node.keywords:
                if keyword.arg == "severity" and name.isupper():
                    for inner in ast.walk(keyword.value):
                        if isinstance(inner, ast.Constant) and inner.value in SEVERITIES:
                            yield name.lower().replace("_", "-"), str(inner.value)


def test_a_rule_lists_every_severity_of_its_findings() -> None:
    found = set(given())
    assert len(found) > 10
    for rule, severity in found:
        assert severity in BY_ID[rule].severities, (rule, severity)


def test_no_severity_is_listed_twice() -> None:
    for rule in BY_ID.values():
        assert len(set(rule.severities)) == len(rule.severities), rule.id


def test_the_table_and_the_explanation_show_each_of_them() -> None:
    rule = rule_of("group-key-missing-on-event")
    assert rule.severities == ("error", "info")
    (line,) = rule_table([rule])
    assert line.startswith("error/info  group-key-missing-on-event")
    assert "| error, info | messages so far |" in rule_markdown([rule])
    assert list(explanation(rule))[1].startswith("  error or info; judges:")
    assert rule_json(rule)["also"] == ("info",)
