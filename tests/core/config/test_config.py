"""Settings: flags win over variables, those over the file, that over defaults; faults name place and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from segtap.core import config
from segtap.core.config import names
from segtap.core.errors import SettingsError


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "segtap.toml").write_text(text, encoding="utf-8")


def test_defaults_listen_on_both_loopbacks() -> None:
    settings = config.load(environ={})
    assert settings.ingest.host == ("127.0.0.1", "::1")
    assert settings.ingest.port == 8765
    assert settings.destination.kind == "actions"
    assert settings.origin == "defaults"


def test_each_place_wins_over_the_one_behind_it(empty_folder: Path) -> None:
    write(empty_folder, '[ingest]\nport = 1001\n[destination]\nregion = "eu"\nsource_name = "web"\n')
    environ = {"SEGTAP_INGEST_PORT": "1002", "SEGTAP_REGION": "IN"}
    settings = config.load({"ingest": {"port": 1003}}, environ=environ)
    assert settings.ingest.port == 1003
    assert config.load(environ=environ).ingest.port == 1002
    assert config.load(environ={}).ingest.port == 1001
    assert settings.destination.region == "in"
    assert settings.destination.source_name == "web"
    assert settings.origin == "segtap.toml and SEGTAP_* variables"


def test_file_of_the_config_folder_is_read_when_the_current_one_has_none(empty_folder: Path) -> None:
    folder = empty_folder / "config" / "segtap"
    folder.mkdir(parents=True)
    write(folder, 'identity = "simplified"\n')
    assert config.load(environ={}).identity == "simplified"


def test_every_key_can_be_set_from_the_environment() -> None:
    samples = {"bool": "", "int": "7", "float": "2.5", "str": "text", "tuple": "::1,127.0.0.1"}
    special = {"kind": "classic-cloud", "persistence": "localStorage", "max_head": "2048", "notify": "bell"}
    special |= {"uncertain": "drop", "max_age": "30d"}
    special |= {"compat": "mock", "answers": "429 x2,503"}
    special |= dict.fromkeys(("region", "workspace_region", "project_region"), "eu")
    for section in names.SECTIONS:
        for key in names.keys_of(section):
            default = getattr(names.SECTIONS[section](), key)
            text = special.get(key, samples[type(default).__name__] or str(not default).lower())
            settings = config.load(environ={f"SEGTAP_{section}_{key}".upper(): text})
            value = getattr(getattr(settings, section), key)
            assert value != default or value == "text", f"{section}.{key} stayed {value!r}"


def test_a_comma_too_many_names_nothing() -> None:
    environ = {"SEGTAP_WRITE_KEYS": "web, ios,", "SEGTAP_HOST": "127.0.0.1,"}
    ingest = config.load(environ=environ).ingest
    assert (ingest.write_keys, ingest.host) == (("web", "ios"), ("127.0.0.1",))
    # And nothing but commas does not let everyone in.
    assert config.load(environ={"SEGTAP_WRITE_KEYS": " ,"}).ingest.write_keys == ("",)


def test_group_keys_are_unknown_until_they_are_named(empty_folder: Path) -> None:
    assert config.load(environ={}).mixpanel_group_keys is None
    write(empty_folder, "mixpanel_group_keys = []\n")
    assert config.load(environ={}).mixpanel_group_keys == ()
    environ = {"SEGTAP_MIXPANEL_GROUP_KEYS": "company_id, team"}
    assert config.load(environ=environ).mixpanel_group_keys == ("company_id", "team")


def test_the_classic_section_is_read(empty_folder: Path) -> None:
    write(
        empty_folder, '[destination]\nkind = "classic-cloud"\n[classic]\nevent_increments = ["A, b", "c"]\n'
    )
    environ = {"SEGTAP_CLASSIC_PEOPLE": "true", "SEGTAP_GROUP_IDENTIFIER_TRAITS": "company, team"}
    classic = config.load(environ=environ).classic
    assert (classic.people, classic.consolidated_page_calls) == (True, True)
    assert classic.event_increments == ("A, b", "c")
    assert classic.group_identifier_traits == ("company", "team")


def test_the_classic_destination_has_no_endpoint_in_india() -> None:
    with pytest.raises(SettingsError, match="set region to us or eu"):
        config.load({"destination": {"kind": "classic-cloud", "region": "in"}}, environ={})


def test_token_and_secret_come_from_the_variables_that_are_named(empty_folder: Path) -> None:
    write(empty_folder, '[destination]\ntoken_env = "MY_TOKEN"\napi_secret_env = "MY_SECRET"\n')
    settings = config.load(environ={"MY_TOKEN": "abc ", "MY_SECRET": "s3cret\n", "MIXPANEL_TOKEN": "other"})
    assert settings.destination.token == "abc"
    assert settings.destination.api_secret.reveal() == "s3cret"


def test_secret_never_prints() -> None:
    settings = config.load(environ={"MIXPANEL_SECRET": "s3cret"})
    assert "s3cret" not in f"{settings!r} {settings} {settings.destination.api_secret:>10}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ingest]\nprot = 1\n", "Did you mean port?"),
        ("[ingset]\nport = 1\n", "Did you mean ingest?"),
        ("[ingest]\nport = 'x'\n", "port of [ingest] cannot be 'x'"),
        ("[ingest]\nport = 99999\n", "port of [ingest] cannot be 99999: Expected `int` <= 65535"),
        ("[ingest]\nmax_depth = 0\n", "max_depth of [ingest] cannot be 0: Expected `int` >= 1"),
        ("[ingest]\nbody_timeout = 0\n", "body_timeout of [ingest] cannot be 0: Expected `float` > 0"),
        ("[journal]\nmax_bytes = -1\n", "max_bytes of [journal] cannot be -1: Expected `int` >= 1"),
        ("[destination]\nregion = 'fr'\n", "region of [destination] cannot be 'fr'"),
        ("[destination]\napi_secret = 'abc'\n", "does not belong in this file"),
        ("ingest = 3\n", "[ingest] is a section"),
        ("[ingest\n", "is not TOML"),
        ("identity = 'none'\n", "Invalid enum value"),
        ("[classic]\nsuper_propertys = []\n", "Did you mean super_properties?"),
        ("[classic]\nsuper_properties = 'plan'\n", 'write a list of texts: super_properties = ["…"]'),
        ("[classic]\npersistence = 'cookies'\n", 'write "cookie" or "localStorage".'),
        ("[classic]\ncross_subdomain_cookie = 3\n", "cannot be 3: write true or false."),
        (
            "[destination]\nkind = 'classic-device'\n",
            'Write kind = "classic-cloud": segtap simulates device mode',
        ),
    ],
)
def test_a_wrong_file_says_what_and_where(empty_folder: Path, text: str, words: str) -> None:
    write(empty_folder, text)
    with pytest.raises(SettingsError) as caught:
        config.load(environ={})
    assert words in str(caught.value)
    assert "abc" not in str(caught.value)


def test_a_wrong_variable_says_so() -> None:
    with pytest.raises(SettingsError, match="environment: port"):
        config.load(environ={"SEGTAP_PORT": "many"})
    with pytest.raises(SettingsError, match="environment: port"):
        config.load(environ={"SEGTAP_PORT": "70000"})


def test_a_file_named_on_the_command_line_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        config.load(environ={}, file=tmp_path / "none.toml")


def test_each_setting_knows_where_it_was_given(empty_folder: Path) -> None:
    write(
        empty_folder,
        'identity = "original"\n[destination]\nregion = "eu"\nstrict = true\n'
        '[[rules]]\nid = "*"\nseverity = "off"\n',
    )
    environ = {"SEGTAP_PORT": "1002", "MIXPANEL_TOKEN": "t", "S": "s3cr3t", "SEGTAP_REPAIR": "insert-id"}
    flags = {"destination": {"kind": "actions", "api_secret_env": "S"}, "journal": {"path": "x"}}
    sources = config.load(flags, environ=environ).places  # pyright: ignore[reportArgumentType]
    assert {name: str(source) for name, source in sources.items()} == {
        "identity": "segtap.toml",
        "rules": "segtap.toml",
        "destination.region": "segtap.toml",
        "destination.strict": "segtap.toml",
        "ingest.port": "the variable SEGTAP_PORT",
        "repair": "the variable SEGTAP_REPAIR",
        "destination.token": "the variable MIXPANEL_TOKEN",
        "destination.api_secret": "the variable S",
        "destination.kind": "--destination",
        "destination.api_secret_env": "--api-secret-env",
        "journal.path": "--journal",
    }
    assert "s3cr3t" not in str(sources)


def test_a_token_of_the_file_is_not_the_variables(empty_folder: Path) -> None:
    write(empty_folder, '[destination]\ntoken = "t"\n')
    assert str(config.load(environ={"MIXPANEL_TOKEN": "u"}).places["destination.token"]) == "segtap.toml"
    write(empty_folder, '[destination]\ntoken = ""\n')
    sources = config.load(environ={"MIXPANEL_TOKEN": "u"}).places
    assert str(sources["destination.token"]) == "the variable MIXPANEL_TOKEN"
    assert config.load(environ={}).places == {}


ACCOUNT = "segtap.1a2b3c:qL9vWc3nT7xR5zK1"


def test_a_service_account_comes_from_the_variable_that_is_named(empty_folder: Path) -> None:
    write(empty_folder, '[destination]\nservice_account_env = "MINE"\nproject_id = 123\n')
    settings = config.load(environ={"MINE": f" {ACCOUNT}\n", "MIXPANEL_SERVICE_ACCOUNT": "other:one"})
    assert settings.destination.service_account.reveal() == ACCOUNT
    assert settings.destination.project_id == 123
    assert str(settings.places["destination.service_account"]) == "the variable MINE"
    assert ACCOUNT not in repr(settings)
    assert "qL9v" not in str(settings)
    settings = config.load(
        {"destination": {"project_id": 7}},
        environ={"SEGTAP_SERVICE_ACCOUNT_ENV": "X", "X": ACCOUNT, "SEGTAP_PROJECT_ID": "6"},
    )
    assert (settings.destination.service_account.reveal(), settings.destination.project_id) == (ACCOUNT, 7)


@pytest.mark.parametrize("value", ["-3", '"abc"', "1.5", "true"])
def test_a_project_is_a_number(empty_folder: Path, value: str) -> None:
    write(empty_folder, f"[destination]\nproject_id = {value}\n")
    with pytest.raises(SettingsError, match=r"project_id of \[destination\] cannot be"):
        config.load(environ={})


def test_a_service_account_does_not_belong_in_the_file(empty_folder: Path) -> None:
    write(empty_folder, f'[destination]\nservice_account = "{ACCOUNT}"\n')
    with pytest.raises(SettingsError, match="service_account_env = ") as refused:
        config.load(environ={})
    assert "qL9v" not in str(refused.value)
