"""The command line: `segtap` opens the screen, `segtap COMMAND` does one thing without it.

Each command lives in its own module and is imported when it is called, so that `segtap --version` and the
first paint stay quick.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import select
import sys

import click
from click.shell_completion import CompletionItem

from ...core.errors import FilterFault, SegtapError
from .options import settings_options
from .output import hide_secrets_typed, report_crash, say

COMMANDS: dict[str, tuple[str, str]] = {
    "attach": ("screen", "Open the screen on a running engine."),
    "serve": ("serve", "Show the screen of a running engine in a browser."),
    "forward": ("forward", "Receive and forward without a screen."),
    "mixpanel": ("mixpanel", "Be a Mixpanel for tests, and show what it counts twice."),
    "proxy": ("proxy", "Pass requests on to Segment and Mixpanel, and show them."),
    "ps": ("engines", "List the engines of this machine."),
    "stop": ("engines", "Stop an engine cleanly."),
    "stats": ("stats", "Show the numbers of a running engine, live."),
    "tail": ("tail", "Print messages as they come, a line each."),
    "expect": ("expect", "Wait until messages match a filter, for tests in a shell."),
    "mcp": ("agents", "Answer an agent over the Model Context Protocol."),
    "snippet": ("snippet", "Print the helper for tests in Playwright, Cypress or Vitest."),
    "demo": ("demo", "Send believable traffic of Segment's own SDK to a running endpoint."),
    "translate": ("lines", "Show what messages become in Mixpanel, as JSON lines."),
    "why": ("why", "Say why a message does or does not reach Mixpanel, stage by stage."),
    "compare": ("compare", "Show messages in both destinations, and what a move would cost."),
    "check": ("lines", "Check messages against the rules."),
    "rules": ("rules", "List the rules: every mistake that is named."),
    "explain": ("rules", "Explain a rule, with an example before and after."),
    "plan": ("plan", "Write a tracking plan from what was seen, and look at one."),
    "init": ("setup", "Write a commented segtap.toml from a few answers."),
    "config": ("config", "Show the settings in force; print a JSON Schema of segtap.toml."),
    "mappings": ("mappings", "Import your workspace's subscriptions, and show what they take."),
    "help": ("help", "Answer the questions of Mixpanel's guide, and explain commands."),
    "doctor": ("doctor", "Say why something is missing in Mixpanel."),
    "arrived": ("arrived", "Ask Mixpanel whether the journal's events are there."),
    "users": ("users", "Show which users Mixpanel has."),
    "decode": ("lines", "Decode anything pasted: base64, a form, a URL, a curl line."),
    "deliveries": ("deliveries", "List what Mixpanel has not accepted; send it again, edit or drop it."),
    "held": ("held", "List what [[hold]] keeps back; release or drop it."),
    "replay": ("replay", "Send messages through the tap again, or compare a scenario."),
    "record": ("record", "Record messages and their requests as a scenario."),
    "copy": ("copy", "Write a message as curl, Python, Node, an assertion for pytest, Markdown, …"),
    "export": (
        "export",
        "Write the journal's messages: as JSON lines, CSV, HAR, for Mixpanel, …",
    ),
    "open": ("open", "Open files of messages: exports, HAR, Segment's archive, Mixpanel's export."),
    "completion": ("completion", "Print the script that completes commands in your shell."),
    "journal": ("journal", "Look after the journal."),
}
"""Command → its module in this package and its line in the help."""


class ReaderGone(Exception):
    """The error of an output that nobody reads further, as in `segtap export | head`."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are needed."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command. click would end with 1 for every broken pipe, so that of the output is renamed."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            if _is_read():
                raise RuntimeError("a pipe broke that is not the output") from error
            raise ReaderGone from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f".{COMMANDS[cmd_name][0]}", __name__)
        # `open` is a builtin of Python.
        command = getattr(module, "open_" if cmd_name == "open" else cmd_name)
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of commands without importing them, and options."""
        commands = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        from ...core.segment_code import segment_code

        click.echo(f"segtap {version('segtap')}")
        click.echo(f"as Segment's {segment_code()}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version)
@click.option("--demo", is_flag=True, help="Add demo traffic, on a throw-away journal; nothing is forwarded.")
@settings_options
@click.pass_context
def cli(ctx: click.Context, demo: bool, **options: object) -> None:
    """See what each Segment call becomes in Mixpanel, as it happens.

    Without a command segtap opens its screen and listens on 127.0.0.1:8765: point an SDK there.
    """
    if ctx.invoked_subcommand is None:
        from .screen import open_screen

        ctx.exit(open_screen(demo=demo, **options))
    given = [
        name for name in options if ctx.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE
    ]
    if demo or given:
        option = (given or ["demo"])[0].replace("_", "-")
        raise click.UsageError(
            f"Put the options behind the command: segtap {ctx.invoked_subcommand} --{option} …"
        )


def _speak_utf8() -> None:
    """Write UTF-8 into files and pipes whatever the locale says, and let no character end a command.

    JSON, JUnit's XML and GitHub's annotations are UTF-8; a terminal is written to as it is set.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _is_read() -> bool:
    """Return True if somebody may still read the output; where that cannot be asked, nobody does."""
    if not hasattr(select, "poll"):
        return False
    waiting = select.poll()
    waiting.register(sys.stdout.fileno(), 0)
    return not waiting.poll(0)


def _drop_output() -> None:
    """Let what is still to be written go nowhere, or Python complains about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 good, 1 problems found, 2 wrong use or cannot be done."""
    _speak_utf8()
    sys.excepthook = report_crash
    hide_secrets_typed(sys.argv[1:] if arguments is None else arguments)
    try:
        status = cli.main(arguments, prog_name="segtap", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        status = 130
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)
        for line in said.getvalue().splitlines():
            say(line)
        status = 2
    except SegtapError as error:
        # The text of a fault in a filter is three lines, of every other error one.
        texts = str(error).split("\n") if isinstance(error, FilterFault) else [str(error)]
        for line in ("segtap: " + texts[0], *texts[1:]):
            say(line)
        status = 2
    except (BrokenPipeError, ReaderGone):
        # The reader has gone (`segtap tail | head`): nothing is left to say, not even at shutdown.
        _drop_output()
        status = 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
            raise
        _drop_output()
        say(f"segtap: the output cannot be written: {error.strerror}.")
        status = 2
    sys.exit(status if isinstance(status, int) else 0)
