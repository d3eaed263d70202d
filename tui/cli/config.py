"""`segtap config`: what segtap.toml may contain."""

from __future__ import annotations

import click

from .output import write_document


@click.group()
def config() -> None:
    """Describe the settings file."""


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

    write_document(settings_schema())
