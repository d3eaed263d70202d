"""Templates that both grammars of Liquid read: values of every type in filters, comparisons and output."""

from __future__ import annotations

from functools import cache
from typing import Any

from conformance.values import (
    Strategy,
    dates,
    numbers,
    objects,
    row,
    scalars,
    settings,
    some_of,
    subscription,
    texts,
    values,
    weighted,
)
from hypothesis import strategies as st

_LIQUID_PATHS = [
    *(
        "event",
        "properties.a",
        "properties.b",
        "properties.n",
        "properties.list",
        "properties.list[0]",
        "name",
    ),
    *(
        "properties.list.size",
        "properties.list.first",
        "properties.list.last",
        "properties",
        "properties.a.size",
    ),
    *(
        "properties['a']",
        "missing",
        "missing.deep",
        "properties.list[-1]",
        "properties.a[0]",
        "userId",
        "x",
        "y",
    ),
    *("properties.object", "properties.object.size", "properties.date", "timestamp", "event.size", "event.1"),
]
_LIQUID_LITERALS = [
    *(
        '"a"',
        '""',
        "'b c'",
        '", "',
        "1",
        "0",
        "-2",
        "2.5",
        "true",
        "false",
        "nil",
        "null",
        "empty",
        "blank",
        '"é"',
    ),
    *('"1"', "10", '"size"', "100.0", '"\\n"', '"%"', "'<b>'", '"now"', '"today"'),
]
_DROPS = (
    "nil",
    "null",
    "empty",
    "blank",
)  # objects of the library there, which only comparisons are meant for
_LIQUID_FILTERS: dict[str, list[Strategy]] = {}


def _filters(names: str, *arguments: Strategy) -> None:
    for name in names.split():
        _LIQUID_FILTERS[name] = list(arguments)


_operand = st.sampled_from(_LIQUID_LITERALS[:12] + _LIQUID_LITERALS[15:] + _LIQUID_PATHS)
_word = st.sampled_from(
    ['"a"', '""', '" "', '"é"', '"1"', '"e"', '","', "event", "properties.b", "2", "missing"]
)
_count = st.sampled_from(
    [
        "0",
        "1",
        "2",
        "-1",
        "5",
        "2.5",
        '"3"',
        "properties.n",
        "missing",
        "100",
        '"Infinity"',
        '"-Infinity"',
        '"x"',
    ]
)
_filters("abs ceil floor to_integer size json jsonify raw compact first last pop shift inspect")
_filters(
    "capitalize downcase upcase strip lstrip rstrip strip_newlines strip_html squish normalize_whitespace"
)
_filters("escape xml_escape escape_once url_encode url_decode cgi_escape uri_escape")
_filters("base64_encode base64_decode sha256")
_filters("plus minus times divided_by modulo at_least at_most", _count)
_filters("append prepend remove remove_first remove_last split strip lstrip rstrip join hmac_sha256", _word)
_filters("replace replace_first replace_last", _word, _word)
_filters("default push unshift", _operand.filter(lambda one: one not in _DROPS))
_filters("truncate truncatewords", _count, st.sampled_from(['"..."', '""', '"…"', "event"]))
_filters("slice", _count, _count)
_filters("round", st.sampled_from(["0", "1", "2", "-1", '"1"']))
_filters("number_of_words", st.sampled_from(['"cjk"', '"auto"', '"x"']))
_filters("sum", st.sampled_from(['"n"', '"a.b"', '""']))
_filters("where", st.sampled_from(['"n"', '"sku"']), _operand)
_filters("nothing map sort uniq reverse concat", _word)
_filters("date_to_xmlschema date_to_rfc822 date_to_string date_to_long_string")
_filters(
    "date",
    st.sampled_from(
        [
            *(
                '"%Y-%m-%d"',
                '"%A, %B %-e, %Y at %-l:%M %P %z"',
                '"%s %L %N %3N"',
                '"%j %U %W %u %w"',
                '"%H:%M:%S %p"',
            ),
            *(
                '"%a %b %y %C %e %k %l %I"',
                '"%^a %_d %05d %-m %q %%"',
                '"%Z %:z"',
                '"%x"',
                '"%"',
                '""',
                '"%Q %é"',
            ),
        ]
    ),
    st.sampled_from(["0", "-330", '"America/New_York"', '"Asia/Kolkata"', "90"]),
)


_conditions = st.one_of(
    _operand,
    st.builds(
        lambda left, sign, right: f"{left} {sign} {right}",
        _operand,
        st.sampled_from(["==", "!=", "<", ">", "<=", ">=", "contains"]),
        _operand,
    ),
)
_tests = st.one_of(
    _conditions,
    _conditions.map(lambda test: f"not {test}"),
    st.builds(lambda one, two: f"not {one} and {two}", _conditions, _conditions),
    st.builds(
        lambda left, word, right: f"{left} {word} {right}",
        _conditions,
        st.sampled_from(["and", "or"]),
        _conditions,
    ),
)


@st.composite
def _piped(draw: st.DrawFn) -> str:
    """A value and up to three filters."""
    text = draw(st.sampled_from(_LIQUID_PATHS * 2 + [one for one in _LIQUID_LITERALS if one not in _DROPS]))
    if draw(st.integers(0, 9)) == 9:
        text = draw(_tests)
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(sorted(_LIQUID_FILTERS)))
        arguments = [draw(one) for one in _LIQUID_FILTERS[name]]
        kept = arguments[: draw(st.integers(0 if len(arguments) > 1 else len(arguments), len(arguments)))]
        text += f" | {name}" + (f": {', '.join(kept)}" if kept else "")
    return text


@cache
def liquids(depth: int = 1) -> Strategy:
    """A template."""
    output = st.builds(
        lambda left, inside, right: f"{{{{{left} {inside} {right}}}}}",
        st.sampled_from(["", "", "-"]),
        _piped(),
        st.sampled_from(["", "", "-"]),
    )
    assign = st.builds(
        lambda name, inside: f"{{% assign {name} = {inside} %}}", st.sampled_from(["x", "y"]), _piped()
    )
    pieces = [(6, output), (2, st.sampled_from([" ", "a", " é\nb", "}", "$"])), (2, assign)]
    if depth:
        inner = liquids(depth - 1)
        pieces += [
            (
                2,
                st.builds(
                    lambda test, yes, no: f"{{% if {test} %}}{yes}{{% else %}}{no}{{% endif %}}",
                    _tests,
                    inner,
                    inner,
                ),
            ),
            (1, st.builds(lambda test, yes: f"{{% unless {test} %}}{yes}{{% endunless %}}", _tests, inner)),
            (
                1,
                st.builds(
                    lambda one, two, yes, no: f"{{% if {one} %}}{yes}{{% elsif {two} -%}} {no}{{% endif %}}",
                    _tests,
                    _tests,
                    inner,
                    inner,
                ),
            ),
            (1, inner.map(lambda inside: f"{{% capture x %}}{inside}{{% endcapture %}}")),
            (
                1,
                st.sampled_from(
                    [
                        *(
                            "{% comment %}{{ x }}{% endcomment %}",
                            "{% raw %}{{ x }}{% endraw %}",
                            "{% break %}",
                        ),
                        *("{% for a in b %}{% endfor %}", "{% nothing %}", "{% if x %}", "{% # note %}"),
                        *("{% cycle 'a', event, 2 %}{% cycle 'a', event, 2 %}", "{% echo event | upcase %}"),
                        *("{% increment x %}{% increment x %}", "{% decrement properties %}", "{% case x %}"),
                        *("{% endif %}", "{% else %}"),
                    ]
                ),
            ),
        ]
    return st.lists(weighted(*pieces), max_size=3).map("".join)


_liquid_messages = st.fixed_dictionaries(
    {
        "type": st.just("track"),
        "messageId": st.just("mid"),
        "event": st.one_of(
            texts, st.sampled_from(["Hello <b>World</b> & more", " a b\nc ", "a,b,,", "YWJj", "%41+é"])
        ),
        "properties": some_of(
            {
                "a": values(2),
                "b": scalars,
                "n": st.one_of(numbers, st.sampled_from(["3", "2.5", None])),
                "list": st.lists(st.one_of(scalars, some_of({"n": numbers, "sku": texts})), max_size=4),
                "object": objects(1),
                "date": dates,
            }
        ),
    },
    optional={
        "name": scalars,
        "userId": texts,
        "timestamp": st.just("2026-11-20T10:00:00.123Z"),
        "x": scalars,
    },
)


@st.composite
def liquid_rows(draw: st.DrawFn) -> dict[str, Any]:
    """One message, and a template whose output is a property."""
    mapping = {"event": "lit", "insert_id": "iid", "event_properties": {"made": {"@liquid": draw(liquids())}}}
    return row(
        draw(_liquid_messages), draw(settings), [subscription("trackEvent", mapping, 'type = "track"')]
    )
