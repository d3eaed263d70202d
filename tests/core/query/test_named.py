"""`source:` finds by the names of `[[sources]]` as well as by write key."""

from __future__ import annotations

import pytest
from queries import Row

from segtap.core.chosen import Chosen, Step
from segtap.core.query import Candidate, parse
from segtap.core.query.named import by_source
from segtap.core.query.sets import Sets
from segtap.core.settings import SourceSettings

WEB = SourceSettings(name="Web shop", write_keys=("wk_web", "wk_staging"), color="cyan")
IOS = SourceSettings(name="iOS", write_keys=("wk_ios",), color="pink")
SOURCES = (WEB, IOS)
KEYS = ("wk_web", "wk_staging", "wk_ios", "wk_other", "")


def candidate(key: str) -> Candidate:
    return Row(document={"type": "track", "event": "A"}, write_key=key).candidate()


def found(filter: str) -> list[str]:
    query = by_source(parse(filter), SOURCES)
    return [key for key in KEYS if query.matches(candidate(key))]


@pytest.mark.parametrize(
    ("filter", "keys"),
    [
        ('source:"Web shop"', ["wk_web", "wk_staging"]),
        ('source:"web SHOP"', ["wk_web", "wk_staging"]),
        ("source:web*", ["wk_web", "wk_staging"]),
        ("source:ios,wk_other", ["wk_ios", "wk_other"]),
        ("source:wk_web", ["wk_web"]),
        ("-source:ios", ["wk_web", "wk_staging", "wk_other", ""]),
        ("not (source:ios or source:wk_o*)", ["wk_web", "wk_staging", ""]),
        ("source:nobody", []),
        ("key:ios", []),
        ("-source:*", [""]),
    ],
)
def test_names_find_their_keys(filter: str, keys: list[str]) -> None:
    assert found(filter) == keys


def test_the_text_of_a_filter_stays() -> None:
    query = by_source(parse("source:ios type:track"), SOURCES)
    assert str(query) == str(parse("source:ios type:track")) == "source:ios type:track"
    assert by_source(parse("type:track"), SOURCES).node == parse("type:track").node


def test_sql_asks_for_the_keys_of_a_name() -> None:
    sql, parameters = by_source(parse("source:ios"), SOURCES).to_sql()
    assert "write_key" in sql
    assert r"wk\_ios" in parameters


def test_what_is_marked_by_a_filter_is_read_again_with_other_names() -> None:
    given = [SOURCES]
    sets = Sets(lambda: given[0])
    name = sets.keep(Chosen((Step("mark", "source:ios", 9),)))
    (one,) = sets.of(parse(f"is:{name}"))
    assert [str(query.node) for query in one.queries.values()] == ["source:ios"]
    assert one.queries["source:ios"].matches(candidate("wk_ios"))
    given[0] = (WEB,)
    (one,) = sets.of(parse(f"is:{name}"))
    assert not one.queries["source:ios"].matches(candidate("wk_ios"))
