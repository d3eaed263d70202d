"""`segtap snippet`: a file for your own project, to be redirected there."""

from __future__ import annotations

import click

from .output import write_lines

NAMES = ("playwright", "cypress", "vitest")


@click.command()
@click.argument("name", type=click.Choice(NAMES))
def snippet(name: str) -> None:
    """Print the helper for tests in Playwright, Cypress or Vitest: `segtap snippet playwright > segtap.mjs`.

    It is one file without dependencies, and the same for all three.
    """
    from ...core.testing.javascript import helper

    write_lines(helper())
