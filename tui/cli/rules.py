"""`segtap rules` and `segtap explain`: the catalogue of mistakes, and the whole story of one."""

from __future__ import annotations

import click

from .options import format_option
from .output import say, write, write_json, write_lines


@click.command()
@click.argument("words", metavar="[TEXT]", nargs=-1)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
)
@click.option("--severity", type=click.Choice(["error", "warning", "info"]), help="Only these.")
def rules(words: tuple[str, ...], shape: str, severity: str | None) -> None:
    """List the rules: severity (or each that it may have), id, what each one names.

    TEXT narrows the list down to rules that speak of it. With --format json each line is a rule, with why,
    fix and source.
    """
    import msgspec

    from ...core.checks import rules as catalogue
    from ...core.commands.rules import rule_markdown, rule_table

    text = " ".join(words).lower()
    found = [
        rule
        for rule in catalogue()
        if severity in (None, *rule.severities)
        and text in f"{rule.id} {rule.what} {rule.why} {rule.fix}".lower()
    ]
    if shape == "json":
        for rule in found:
            write_json(msgspec.to_builtins(rule))
        return
    if shape == "markdown":
        write_lines(rule_markdown(found))
        return
    for line in rule_table(found):
        write(line)
    told = f"{len(found)} rules." if len(found) != 1 else "1 rule."
    say(f"{told} The whole story of one: segtap explain RULE")


@click.command()
@click.argument("rule_id", metavar="RULE")
@format_option
def explain(rule_id: str, shape: str) -> None:
    """Explain a rule: what, why, how to mend it, and an example before and after."""
    from ...core.commands.rules import explanation, rule_json, rule_of

    rule = rule_of(rule_id)
    if shape == "json":
        write_json(rule_json(rule))
        return
    for line in explanation(rule):
        write(line)
