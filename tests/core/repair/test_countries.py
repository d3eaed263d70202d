import re

import pytest

from segtap.core.repair.countries import country_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("United States", "US"),
        ("united states of america", "US"),
        ("U.S.A.", "US"),
        ("us", "US"),
        ("USA", "US"),
        ("UK", "GB"),
        ("Germany", "DE"),
        ("Côte d’Ivoire", "CI"),
        ("Cote d'Ivoire", "CI"),
        ("St. Lucia", "LC"),
        ("Saint Lucia", "LC"),
        ("The Netherlands", "NL"),
        ("Trinidad and Tobago", "TT"),
        ("Trinidad & Tobago", "TT"),
        ("Cocos (Keeling) Islands", "CC"),
        ("AND", "AD"),
        ("  Japan ", "JP"),
    ],
)
def test_countries_are_known_by_name_and_code(text: str, code: str) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize("text", ["", "  ", "Atlantis", "XX", "and", "the", "1", "\ud800", "x" * 10_000])
def test_what_is_no_country_has_no_code(text: str) -> None:
    assert country_code(text) in ({"and": "AD"}.get(text), None)


def test_every_row_of_the_table_stands_for_itself() -> None:
    from segtap.core.repair.countries import _TABLE, _codes  # pyright: ignore[reportPrivateUsage]

    lines = _TABLE.strip().splitlines()
    codes = [line.split()[0] for line in lines]
    assert len(codes) == len(set(codes)) == 250
    for line in lines:
        code, three, names = line.split(" ", 2)
        assert re.fullmatch("[A-Z]{2}", code)
        assert re.fullmatch("[A-Z]{3}", three)
        for name in (code, three, *names.split(" | ")):
            assert country_code(name) == code, name
    assert set(_codes().values()) == set(codes)
