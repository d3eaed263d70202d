"""The @liquid directive; each expectation as Segment's own code has it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.errors import MappingError
from segtap.core.mapping import Refused, compile_mapping
from segtap.core.mapping.clock import NOW

MESSAGE: dict[str, Any] = {
    "event": "Order Done",
    "properties": {
        "plan": "Pro",
        "total": 12.0,
        "no": None,
        "tags": ["x", None, ["y", 1.5]],
        "object": {"b": True, "a": {"c": 1}},
        "when": "2026-11-20T10:05:09.123Z",
    },
}


def render(template: str, message: Any = MESSAGE) -> Any:
    return compile_mapping({"field": {"@liquid": template}})(message)["field"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("Viewed {{ event }}", "Viewed Order Done"),
        ("{{ properties.total }} {{ properties.no }}{{ nothing.at.all }}", "12 "),
        ("{{ properties.tags }} {{ properties.object }}", "xy1.5 [object Object]"),
        ("{{ properties.tags.size }} {{ properties.tags[-1].first }} {{ event.size }}", "3 y 10"),
        ("{{ properties.plan | downcase | append: '!' }}", "pro!"),
        ("{{ properties.total | divided_by: 5 }} {{ 7 | divided_by: 2, true }}", "2.4 3"),
        ("{{ 1 | divided_by: 0 }} {{ 'x' | plus: 1 }} {{ 1 | plus }}", "Infinity 1 NaN"),
        ("{{ 1.005 | round: 2 }} {{ -1.5 | round }}", "1.01 -2"),
        ("{{ properties.object | json }}", '{"b":true,"a":{"c":1}}'),
        ("{{ nothing | json }}{{ properties.no | json }}", "null"),
        ("{{ nothing | default: 'none' }} {{ false | default: 1, allow_false: true }}", "none false"),
        ("{{ properties.when | date: '%-d %b %Y, %l:%M %p' }}", "20 Nov 2026, 10:05 AM"),
        ("{{ properties.when | date: '%H', 'America/New_York' }} {{ 0 | date: '%s' }}", "05 0"),
        ("{{ 'no date' | date: '%Y' }}", "no date"),
        ("{% if properties.plan == 'Pro' and properties.total > '5' %}yes{% else %}no{% endif %}", "yes"),
        ("{% if 0 %}zero{% endif %}{% unless nothing %} none{% endunless %}", "zero none"),
        ("{% if nothing == properties.no %}same{% else %}not{% endif %}", "not"),
        ("{% if nothing == nil and properties.no == nil %}nil{% endif %}", "nil"),
        ("{% assign x = event | split: ' ' %}{{ x | last }} {{ x | join }}", "Done Order Done"),
        ("{% capture x %}a{{ event }}{% endcapture %}{{ x | upcase }}", "AORDER DONE"),
        ("a{% comment %}{{ event }}{% endcomment %}{% raw %}{{ b }}{% endraw %}", "a{{ b }}"),
        ("a{% if true %}b{% break %}c{% endif %}d", "ab"),
        ("{{ event | slugify_it: 1 }}", "Order Done"),
        ("{{ properties.total == 12 }} {{ event contains 'x' or false | append: '!' }}", "true false!"),
        ("{% if not false and false %}a{% else %}b{% endif %}", "b"),
        ("{{ properties.tags.0 }}{{ event.1 }}", "xr"),
    ],
)
def test_what_templates_make(template: str, text: str) -> None:
    assert render(template) == text


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("a\n {{ properties.tags | sort }}", 'filter "sort" is disabled, line:2, col:2'),
        ("{% assign x = properties.tags | map: 'a' %}", 'filter "map" is disabled, line:1, col:1'),
        ("{% if event %}{% for a in b %}{% endfor %}{% endif %}", 'tag "for" is disabled, line:1, col:15'),
        ("{% nothing %}", 'tag "nothing" not found, line:1, col:1'),
        ("a {% if event %}", "tag {% if event %} not closed, line:1, col:3"),
        ("{{ event | append }}", "append expect 2 arguments, line:1, col:1"),
        ("{{ '%' | url_decode }}", "URI malformed, line:1, col:1"),
        ("x" * 1001, "liquid template values are limited to 1000 characters"),
        ("{{ event", "The Liquid template cannot be read: "),
        ("{{ (1..1000000000) | size }}", "memory alloc limit exceeded, line:1, col:1"),
        ("{% assign x = event %}" + "{% assign x=x|append:x %}" * 36, "memory alloc limit exceeded"),
    ],
)
def test_templates_that_are_refused(template: str, words: str) -> None:
    resolve = compile_mapping({"field": {"@liquid": template}})
    with pytest.raises(Refused) as caught:
        resolve(MESSAGE)
    assert words in str(caught.value)


def test_a_template_is_a_text() -> None:
    with pytest.raises(MappingError, match="should be a string but it is a number"):
        compile_mapping({"field": {"@liquid": 3}})
    with pytest.raises(Refused, match="liquid template value must be a string"):
        compile_mapping({"field": [{"@liquid": 3}]})(MESSAGE)


def test_a_template_leaves_the_message_as_it_is() -> None:
    message = {"n": 1, "list": [1]}
    assert render("{% increment n %}{{ n }}{% assign list = 3 %}{{ list }}", message) == "123"
    assert message == {"n": 1, "list": [1]}


def test_now_is_the_translations_clock() -> None:
    NOW.set(1_700_000_000_000)
    assert render("{{ 'now' | date: '%Y-%m-%d' }}") == "2023-11-14"


PIECES = (
    *(
        "{{",
        "}}",
        "{%",
        "%}",
        "-",
        " ",
        "|",
        ":",
        ",",
        ".",
        "..",
        "(",
        ")",
        "[",
        "]",
        "'",
        '"',
        "\n",
        "==",
        "<",
        "1",
    ),
    *(
        "event",
        "properties",
        "if",
        "else",
        "endif",
        "assign",
        "x",
        "=",
        "capture",
        "cycle",
        "liquid",
        "increment",
    ),
    *(
        "slice",
        "date",
        "divided_by",
        "truncate",
        "json",
        "append",
        "where",
        "0",
        "Infinity",
        "é",
        "not",
        "and",
        "raw",
    ),
)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_text_is_rendered_or_refused(template: str) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(render(template), str)


@pytest.mark.parametrize(
    "template",
    [
        "{% assign x = 1 | divided_by: 0 %}{{ (1..x) | size }}",
        "{% assign x = 1 | divided_by: 0 %}{{ event | slice: x, x }}{{ event | truncate: x }}",
        "{% assign x = 1 | divided_by: 0 %}{{ 1 | round: x }}{{ event | json: x }}",
        "{% if (1..99999999999) == 1 %}a{% endif %}",
        "{{ 99999999999999999999 | date: '%Y' }}{{ event | truncatewords: 1e400 }}{{ 1 | json: 1e9 }}",
        "{% if a %}" * 60 + "{% endif %}" * 40,
    ],
)
def test_numbers_without_end_are_rendered_or_refused(template: str) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(render(template), str)


def test_the_library_is_imported_only_for_templates() -> None:
    code = "import sys, segtap.core.destinations; assert 'liquid' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
