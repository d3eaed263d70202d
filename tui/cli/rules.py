"""`segtap rules` and `segtap explain`: the catalogue of mistakes, and the whole story of one."""

from __future__ import annotations

import click

from ...core.text import counted
from .completing import complete_rule
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

    TEXT narrows the list down to rules that speak of it. It may be an error of Segment or Mixpanel as you
    read it there ("No matching mapping", errAnonDistinctIdNonGUIDForm). With --format json each line is a
    rule, with why, fix and source.
    """
    import msgspec

    from ...core.catalogue.search import find_rules
    from ...core.commands.rules import rule_markdown, rule_table

    found = [rule for rule in find_rules(" ".join(words)) if severity in (None, *rule.severities)]
    if shape == "json":
        for rule in found:
            write_json(msgspec.to_builtins(rule))
        return
    if shape == "markdown":
        write_lines(rule_markdown(found))
        return
    for line in rule_table(found):
        write(line)
    say(f"{counted(len(found), 'rule')}. The whole story of one: segtap explain RULE")


@click.command()
@click.argument("words", metavar="RULE", nargs=-1, required=True, shell_complete=complete_rule)
@format_option
def explain(words: tuple[str, ...], shape: str) -> None:
    """Explain a rule: what, why, how to fix it, and an example before and after.

    RULE is an id, or an error of Segment or Mixpanel as you read it there. If several rules explain it,
    they are listed.
    """
    from ...core.commands.rules import explanation, rule_json, rule_table, rules_meant

    text = " ".join(words)
    found = rules_meant(text)
    if shape == "json":
        for rule in found:
            write_json(rule_json(rule))
        return
    if len(found) > 1:
        for line in rule_table(found):
            write(line)
        say(f"{counted(len(found), 'rule')} may explain it. The whole story of one: segtap explain RULE")
        return
    for line in explanation(found[0]):
        write(line)
