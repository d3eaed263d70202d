"""Terraform's language: what exports need of it is read and evaluated, all else is refused with its line."""

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
    ("text", "words"),
    [
        ('resource "a" "b" {\n  x = 1 + 2\n}', "a.tf, line 2: + is not understood"),
        ("resource a b {\n  x = y ? 1 : 2\n}", "line 2: ? is not understood"),
        ("resource a b {\n\n  x = file(z)\n}", "line 3: the function file() is not understood"),
        ('resource a b {\n  x = "abc\n}', 'the closing " is missing'),
        ('resource a b {\n  x = "%{ if true }"\n}', "%{ in a text is not understood"),
        ("resource a b {\n  x = [for a in b : a]\n}", "line 2"),
        ("resource a b {\n  x = <<EOT\nabc\n}", "the closing EOT is missing"),
        ("resource a b {", "} is missing at the end"),
        ("resource a b {\n  x = \n}", "a name is missing"),
        ("resource a b {\n  x = {\n", "is missing"),
        ('resource a b {\n  x = "\\q"\n}', "\\q in a text is not understood"),
        ("x = 1", "outside of a block"),
        ("{", "a name is missing"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_hcl(text, "a.tf")
    assert words in str(caught.value)
