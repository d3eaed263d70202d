"""Terraform's language: what exports need of it is read and evaluated, the rest is unknown with its line."""

from __future__ import annotations

from typing import Any

import pytest

from segtap.core.errors import InputError
from segtap.core.workspace.hcl import Unknown, evaluation, first_unknown
from segtap.core.workspace.hcl_syntax import read_hcl


def value(expression: str, around: str = "") -> Any:
    blocks = read_hcl(f"{around}\nresource a b {{\n  x = {expression}\n}}\n", "a.tf")
    return evaluation(blocks).value(blocks[-1].attributes["x"])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1", 1),
        ("-2.5e3", -2500.0),
        ("true", True),
        ("null", None),
        ('"a\\"b\\n\\u00fc\\\\"', 'a"b\nü\\'),
        ('"$${x} %%{y}"', "${x} %{y}"),
        ('"{{name}} $x"', "{{name}} $x"),
        ("[1, [2], ]", [1, [2]]),
        ("[]", []),
        ('{ a = 1, "@path" : "$.x"\n (  "c" ) = {} }', {"a": 1, "@path": "$.x", "c": {}}),
        ('jsonencode({ a = [true, null, "ü"] })', '{"a": [true, null, "ü"]}'),
        ('jsondecode("[1]")', [1]),
        ("merge({ a = 1, b = 1 }, { b = 2 })", {"a": 1, "b": 2}),
        ("<<EOT\n  one\ntwo\nEOT", "  one\ntwo\n"),
        ("<<-EOT\n    one\n      two\n  EOT", "one\n  two\n"),
        ("<<EOT\n${local.n} \\n\nEOT", "7 \\n\n"),
        ('"${local.n}/${local.s}/${true}"', "7/x/true"),
        ("local.o.list[0]", 5),
        ('local.o["list"][0]', 5),
        ("var.with_default", "d"),
        ("var.without", Unknown("var.without")),
        ('"a ${var.without} b"', Unknown("var.without")),
        ("segment_destination.mp.id", Unknown("segment_destination.mp.id")),
        ("local.circle", Unknown("local.circle")),
        ("1 # a comment", 1),
        ("1 /* over\nlines */", 1),
    ],
)
def test_expressions_have_their_value(expression: str, expected: Any) -> None:
    around = (
        'variable "with_default" {\n default = "d"\n}\nvariable "without" {}\n'
        'locals {\n n = 7\n s = "x"\n o = { list = [5] }\n circle = local.circle\n}'
    )
    assert value(expression, around) == expected


def test_json_of_what_only_terraform_knows_tells_what() -> None:
    assert first_unknown(value("jsonencode({ a = [var.secret] })")) == Unknown("var.secret")
    assert first_unknown(value("jsonencode({ a = [1] })")) is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("1 + 2", "+"),
        ("y ? 1 : 2", "?"),
        ('y == "}" ? { a = 1 } : {\n b = "${z ? "}" : "{"}"\n}', "="),
        ("file(z)", "the function file()"),
        ('format("%s-x", var.a)', "the function format()"),
        ('"%{ if true }x%{ endif }"', "%{ in a text"),
        ('"a-${y ? 1 : 2}"', "?"),
        ("[for a in b : a]", "for"),
        ("{ for k, v in b :\n k => v }", "for"),
        ("x[*].id", "["),
        ("y[each.key].id", "["),
        ("!y", "!"),
        ("(y\n == z)", "'== z"),
        ("y > 1 /* over\nlines */", ">"),
        ("concat(<<EOT\n)\nEOT\n)", "the function concat()"),
    ],
)
def test_what_is_not_understood_is_unknown_and_says_why(expression: str, words: str) -> None:
    after = "\n  z = 5"
    blocks = read_hcl(f"resource a b {{\n  x = {expression}{after}\n}}", "a.tf")
    attributes = blocks[0].attributes
    assert evaluation(blocks).value(attributes["z"]) == 5
    unknown = evaluation(blocks).value(attributes["x"])
    assert isinstance(unknown, Unknown)
    assert unknown.reference.startswith(f"a.tf, line 2: {words}") or "line 3" in unknown.reference
    assert "not understood" in unknown.reference


def test_a_part_that_is_not_understood_leaves_the_rest() -> None:
    made = value('{ a = y ? 1 : 2, b = [3, x + 1, 4]\n c = "ok" }')
    assert (made["c"], made["b"][0], made["b"][2]) == ("ok", 3, 4)
    assert isinstance(made["a"], Unknown)
    assert isinstance(made["b"][1], Unknown)


@pytest.mark.parametrize(
    "expression",
    ["merge({ a = 1 }, var.more)", "{ (var.key) = 1 }", 'jsondecode("[")', "merge({ a = 1 }, file(x))"],
)
def test_what_would_lose_a_part_in_silence_is_unknown_as_a_whole(expression: str) -> None:
    assert isinstance(value(expression), Unknown)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('resource a b {\n  x = "abc\n}', 'the closing " is missing'),
        ("resource a b {\n  x = y ? [1 : 2\n}", "the closing ] is missing"),
        ('resource a b {\n  x = y + "abc\n}', 'the closing " is missing'),
        ("resource a b {\n  x = jsonencode(1, 2)\n}", "jsonencode() has one argument, not 2"),
        ("resource a b {\n  x = <<EOT\nabc\n}", "the closing EOT is missing"),
        ("resource a b {", "} is missing at the end"),
        ("resource a b {\n  x = \n}", "a name is missing"),
        ("resource a b {\n  x = {\n", "is missing"),
        ('resource a b {\n  x = "\\q"\n}', "\\q in a text is not understood"),
        ("x = 1", "outside of a block"),
        ("{", "a name is missing"),
    ],
)
def test_what_is_not_terraform_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_hcl(text, "a.tf")
    assert words in str(caught.value)
