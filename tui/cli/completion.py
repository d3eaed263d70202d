"""`segtap completion`: the script that lets a shell complete commands, options and their values."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .output import write_lines

VARIABLE = "_SEGTAP_COMPLETE"
"""The variable in which the script asks segtap for completions, under the name that click looks for."""

WHOLE_IN_FISH = ('string split ","', 'string split --max 1 ","')
"""click's script for fish cuts values and descriptions at a comma."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete commands, options, rules, topics and running engines.

    \b
      bash   add to ~/.bashrc:  eval "$(segtap completion bash)"
      zsh    add to ~/.zshrc, after compinit:  eval "$(segtap completion zsh)"
      fish   segtap completion fish > ~/.config/fish/completions/segtap.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(ctx.find_root().command, {}, "segtap", VARIABLE).source()
    write_lines(script.replace(*WHOLE_IN_FISH))
