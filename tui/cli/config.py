"""`segtap config`: what segtap.toml may contain, and files that run and watch segtap."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from ...core.json_text import to_json as json_text
from .options import config_option, format_option, load
from .output import say, write, write_document, write_json, write_lines


@click.group()
def config() -> None:
    """Show the settings, describe their file, and print files to run segtap as a service."""


@config.command("show")
@click.option("--all", "with_defaults", is_flag=True, help="Also those that nobody set.")
@format_option
@config_option
def show(with_defaults: bool, shape: str, config_file: Path | None) -> None:
    """Show the settings in force, and which option, variable or file gave each.

    Secrets are dots.
    """
    from ...core.config.shown import DEFAULT, shown_settings

    settings = load(file=config_file)
    rows = [row for row in shown_settings(settings) if with_defaults or row.place != DEFAULT]
    if shape == "json":
        for row in rows:
            write_json({"name": row.name, "value": row.value, "place": row.place})
        return
    cells = [(row.name, json_text(row.value), row.place) for row in rows]
    widths = [max((len(cell[column]) for cell in cells), default=0) for column in range(2)]
    for name, value, place in cells:
        write(f"{name:<{widths[0]}}  {value:<{widths[1]}}  {place}")
    say(f"Settings: {settings.origin}")


@config.command("schema")
def schema() -> None:
    """Print a JSON Schema of segtap.toml, for editors and for checks.

    \b
    Editors with taplo (Even Better TOML in VS Code) find it by the first line of segtap.toml:
      segtap config schema > segtap.schema.json
      #:schema ./segtap.schema.json

    segtap init --schema writes both.
    """
    from ...core.config.schema import settings_schema
    from ..keymap import descriptions

    write_document(settings_schema(descriptions()))


@config.command("grafana")
def grafana() -> None:
    """Print a Grafana dashboard of /_segtap/metrics, to be imported there (Dashboards, New, Import)."""
    from ...core.metrics.grafana import dashboard

    write_document(dashboard())


@config.command("systemd")
def systemd() -> None:
    """Print a unit of systemd that runs segtap forward, with all that it does not need taken away."""
    from ...core.serve.systemd import unit

    write_lines(unit(shutil.which("segtap") or str(Path(sys.argv[0]).absolute())))
