"""The JSON Schema accepts the settings that segtap reads, and refuses what it refuses by key or type."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest

from segtap.core import config
from segtap.core.config import names
from segtap.core.config.filters import ACTIONS, KEYS, FilterTable
from segtap.core.config.first import Answers, first_settings
from segtap.core.config.schema import SCHEMA_LINE, TABLE_TYPES, settings_schema
from segtap.core.errors import SettingsError

ROOT = Path(__file__).parents[3]
SCHEMA = settings_schema()
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
KNOWN = {*names.TOP_LEVEL, *names.SECTIONS, names.KEYS, *names.TABLES}
NOT_BY_TYPE = re.compile(
    "a date |in JSON|text that is not JSON|which the preset does not have|pattern cannot"
    r"|hold filter \d, character|asks (?:for|with) "
    r"|has the name of another source|which is a key of|as its name"
    r"|\.toml cannot be read|has no \[\[subscriptions\]\]"
)
"""What segtap refuses and no schema can name: TOML's own values, JSON inside a text, fields of a preset,
faults in a filter, and what two of `[[sources]]` may not share."""


def examples() -> Iterator[str]:
    """Yield the settings files in READMEs and tests, good and faulty ones."""
    for path in ROOT.rglob("README.md"):
        yield from re.findall(r"(?s)```toml\n(.*?)```", path.read_text(encoding="utf-8"))
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "=" in node.value:
                yield node.value


def refusal(file: Path) -> str:
    """Return why segtap refuses a settings file; "" if it reads it."""
    try:
        config.load(environ={}, file=file)
    except SettingsError as error:
        return str(error)
    return ""


def test_it_agrees_with_segtap_on_every_settings_file_of_the_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "segtap.toml"
    counts = {True: 0, False: 0}
    for text in set(examples()):
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        if not KNOWN & document.keys():
            continue
        file.write_text(text, encoding="utf-8")
        fault = refusal(file)
        if NOT_BY_TYPE.search(fault) is None:
            assert VALIDATOR.is_valid(document) is (not fault), f"{text}\n{fault}"
            counts[not fault] += 1
    assert counts[True] > 60
    assert counts[False] > 40


@pytest.mark.parametrize(
    "answers",
    [
        Answers(),
        Answers(people=False, project_id=123, project_region="eu"),
        Answers(group_keys=("company_id", "team id")),
        Answers(kind="classic-cloud", group_keys=("company_id",)),
    ],
)
def test_what_init_writes_is_valid(answers: Answers) -> None:
    text = first_settings(answers)
    # Lines that are meant to be uncommented count as well.
    whole = re.sub(
        r"(?m)^# (\w+ = |\[\[?segment|\[\[filters|\[\[redact|\[\[hold|\[\[routes|\[\[sources)", r"\1", text
    )
    for one in (text, whole if answers.kind == "classic-cloud" else text):
        VALIDATOR.validate(tomllib.loads(one))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[ingest]\nport = 'x'", ["ingest", "port"]),
        ("[ingest]\nport = 65536", ["ingest", "port"]),
        ("[ingest]\nprot = 1", ["ingest"]),
        ("[destination]\napi_secret = 'abc'", ["destination"]),
        ("[destination]\nproject_id = -1", ["destination", "project_id"]),
        ("repair = ['all']", ["repair", 0]),
        ("[[rules]]\nid = 'no-such-rule'\nseverity = 'off'", ["rules", 0, "id"]),
        ("[[filters]]\nif = 'a'\npercent = 0.5", ["filters", 0]),
        ("[[filters]]\nif = 'a'\naction = 'sample'", ["filters", 0]),
        ("[[subscriptions]]\ntrigger = 'a'", ["subscriptions", 0]),
        ("[[tests]]\nname = 'a'\nmessage = {}\nexpect = {}", ["tests", 0, "expect"]),
        ("[[insert_functions]]\nfile = ''", ["insert_functions", 0, "file"]),
    ],
)
def test_a_fault_is_found_at_its_place(text: str, path: list[str | int]) -> None:
    (fault,) = VALIDATOR.iter_errors(tomllib.loads(text))
    assert list(fault.instance_path)[: len(path)] == path


def test_it_is_a_schema_of_all_keys_with_their_variables() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    assert set(SCHEMA["properties"]) == KNOWN
    for section, kind in names.SECTIONS.items():
        properties = SCHEMA["$defs"][kind.__name__]["properties"]
        assert set(properties) == set(names.keys_of(section))
        for key, one in properties.items():
            assert f"SEGTAP_{section}_{key}".upper() in one["description"]
    region = SCHEMA["$defs"]["DestinationSettings"]["properties"]["region"]["description"]
    assert region.startswith("The endpoint: which of Mixpanel's hosts requests go to. In the environment: ")
    assert "null" not in str(SCHEMA).replace("no null", "").replace("needs null", "")


def test_the_tables_have_the_keys_that_are_read() -> None:
    assert set(TABLE_TYPES) == set(names.TABLES)
    own = {key for keys in ACTIONS.values() for key in keys}
    assert {*KEYS, *own} == set(SCHEMA["$defs"][FilterTable.__name__]["properties"])


def test_the_line_is_a_comment_of_toml() -> None:
    assert tomllib.loads(SCHEMA_LINE) == {}
