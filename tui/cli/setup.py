"""`segtap init`: a few questions, and a commented segtap.toml."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import DESTINATIONS, REGIONS
from .output import say, write_lines

if TYPE_CHECKING:
    from ...core.config.first import Answers


@click.command()
@click.option("--destination", "kind", type=DESTINATIONS, help="Mixpanel (Actions), or the classic one.")
@click.option("--token-env", metavar="NAME", help="Variable with the Mixpanel project token.")
@click.option("--api-secret-env", metavar="NAME", help="Variable with the API secret. [MIXPANEL_SECRET]")
@click.option(
    "--service-account-env",
    metavar="NAME",
    help="Variable with a service account, user:secret. [MIXPANEL_SERVICE_ACCOUNT]",
)
@click.option("--project-id", type=click.IntRange(1), help="The project's number, for a service account.")
@click.option("--region", type=REGIONS, help="Mixpanel's endpoint.")
@click.option("--project-region", type=REGIONS, help="Where the project stores its data.")
@click.option("--people/--no-people", default=None, help="Write profiles of users.")
@click.option("--group-key", "group_keys", multiple=True, metavar="KEY", help="Group key (repeatable).")
@click.option("--schema", "with_schema", is_flag=True, help="Also write segtap.schema.json, for editors.")
@click.option("--stdout", "to_stdout", is_flag=True, help="Print the settings instead of writing them.")
@click.option("--yes", is_flag=True, help="Ask nothing; replace a settings file that is there.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File to write. [./segtap.toml]",
)
def init(with_schema: bool, to_stdout: bool, yes: bool, config_file: Path | None, **given: Any) -> None:
    """Write a commented segtap.toml.

    Asks for what the options do not say. Without a terminal, and with --yes, nothing is asked and the
    defaults hold. With --schema the file begins with a line that editors (taplo, Even Better TOML) know, and
    a JSON Schema is written beside it: they complete keys, show what each does, and mark faults.
    """
    from ...core.config import FILE_NAME
    from ...core.config.first import first_settings
    from ...core.config.secrets import read_secret
    from ...core.settings import IN_KEYRING
    from .mappings import write_asking

    if with_schema and to_stdout:
        raise click.UsageError("--schema writes a file beside the settings; --stdout writes none.")
    asking = sys.stdin.isatty() and not yes
    answers = _answers(given, asking=asking)
    text = first_settings(answers)
    if to_stdout:
        write_lines(text)
        return
    path = config_file or Path(FILE_NAME)
    if with_schema:
        from ...core.config.schema import SCHEMA_LINE

        text = f"{SCHEMA_LINE}\n{text}"
    write_asking(path, text, yes=yes)
    if with_schema:
        _write_schema(path.parent)
    say(f"{path} is written. Start: segtap")
    # An entry of the keyring is not looked up: some keyrings ask for a password then.
    needed = [answers.token_env, *([answers.service_account_env] if answers.project_id else [])]
    for name in needed:
        if not name.startswith(IN_KEYRING) and not read_secret(name, os.environ):
            say(f"{name} is not set in this shell yet; it is needed to forward, not to look.")


def _write_schema(folder: Path) -> None:
    """Write the schema beside the settings file; one that is there came from an earlier version."""
    from ...core.config.file import write_file
    from ...core.config.schema import SCHEMA_FILE, settings_schema
    from ...core.json_text import json_indented
    from ..keymap import descriptions

    write_file(folder / SCHEMA_FILE, json_indented(settings_schema(descriptions())) + "\n")
    say(f"{folder / SCHEMA_FILE} is written: its schema, for editors.")


def _answers(given: dict[str, Any], *, asking: bool) -> Answers:
    """Return the options' values, else the user's answers, else the defaults."""
    from ...core.config.first import Answers

    known = {name: value for name, value in given.items() if value not in (None, ())}
    defaults = Answers()
    questions: dict[str, Any] = {
        "kind": lambda: click.prompt(
            "Destination in Segment", type=DESTINATIONS, default=defaults.kind, err=True
        ),
        "token_env": lambda: _variable("Variable with the project token", defaults.token_env),
        "api_secret_env": lambda: _variable("Variable with the API secret", defaults.api_secret_env),
        "project_id": _project_id,
        "service_account_env": lambda: (
            _variable("Variable with the service account, user:secret", defaults.service_account_env)
            if known.get("project_id")
            else defaults.service_account_env
        ),
        "region": lambda: click.prompt("Region", type=REGIONS, default=defaults.region, err=True),
        "people": lambda: click.confirm("Write profiles of users?", default=defaults.people, err=True),
        "group_keys": _group_keys,
    }
    if asking:
        known.update((name, ask()) for name, ask in questions.items() if name not in known)
    return Answers(**known)


def _variable(question: str, default: str) -> str:
    from ...core.config.first import check_variable
    from ...core.errors import SettingsError

    def checked(text: str) -> str:
        try:
            return check_variable(text)
        except SettingsError as error:
            raise click.UsageError(str(error)) from error

    answer: str = click.prompt(question, default=default, value_proc=checked, err=True)
    return answer


def _group_keys() -> tuple[str, ...]:
    text: str = click.prompt("Group keys, with commas between", default="", show_default=False, err=True)
    return tuple(key.strip() for key in text.split(",") if key.strip())


def _project_id() -> int:
    """Return the project's number; 0 means that no service account is used."""
    number: int = click.prompt(
        "Project ID, to send with a service account; 0: with token or secret",
        type=click.IntRange(0),
        default=0,
        err=True,
    )
    return number
