"""`segtap config`: what segtap.toml may contain, and files that run and watch segtap."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from .output import write_document, write_lines


@click.group()
def config() -> None:
    """Describe the settings file, and print files to run segtap as a service."""


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
