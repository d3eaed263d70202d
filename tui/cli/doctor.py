"""`segtap doctor`: why something is missing in Mixpanel, answered from settings and messages."""

from __future__ import annotations

import asyncio
import os
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import config_option, format_option, load, reading_options
from .output import hidden, say, write, write_json, write_lines

if TYPE_CHECKING:
    from ...core.doctor import Diagnosis, Facts
    from ...core.identities.model import Cluster
    from ...core.settings import Settings

WIDTH = 100
BUNDLE = "segtap-report.md"
"""The file that --bundle writes unless another one is named."""


@click.command()
@click.option("--online", is_flag=True, help="Ask Mixpanel and the servers of [[routes]]; sends no message.")
@format_option
@click.option("--json", "as_json", is_flag=True, help="The same as --format json: an object a diagnosis.")
@click.option("--user", metavar="ID", default="", help="Show the identity cluster of one user instead.")
@click.option(
    "--messages",
    type=click.IntRange(1, 10_000),
    default=500,
    show_default=True,
    help="How many of the newest messages are looked at.",
)
@click.option(
    "--bundle",
    is_flag=False,
    flag_value=BUNDLE,
    metavar="[FILE]",
    help=f"Write a report for a bug instead, without secrets and messages; - prints it. [{BUNDLE}]",
)
@reading_options
@config_option
@click.pass_context
def doctor(
    ctx: click.Context,
    online: bool,
    shape: str,
    as_json: bool,
    user: str,
    messages: int,
    bundle: str | None,
    journal: str,
    url: str,
    config_file: Path | None,
) -> None:
    """Say why something is missing in Mixpanel.

    Walks through the questions of the FAQ over the settings and the newest messages, both of the engine that
    runs, else of the journal: regions, token, connection mode, profiles, pages, groups, places, clocks. With
    --config the messages are judged by that file instead. Each verdict comes with messageIds as evidence, and
    what to do. Exit status 1 when one is an error.

    With --bundle a report is written for an issue: versions, settings without secrets, counts, and the end of
    the log. It holds no message. Look through it before you publish it.
    """
    from ...core.doctor import Facts, ask_mixpanel, ask_routes, diagnose, newest_messages, with_own_secrets

    own = load({"journal": {"path": journal}} if journal else None, file=config_file)
    if bundle is not None:
        _write_bundle(own, Path(bundle))
        return
    override = config_file is not None
    found = asyncio.run(newest_messages(own, limit=messages, url=url, override=override, user=user))
    facts = Facts.of(found, time.time_ns() // 1_000_000)
    as_json = as_json or shape == "json"
    if user:
        ctx.exit(_show_user(facts, user, as_json=as_json))
    verdicts = diagnose(facts)
    if online:
        asked = with_own_secrets(facts.settings.destination, own.destination)
        verdicts += asyncio.run(ask_mixpanel(asked, base_url=asked.mixpanel_url))
        verdicts += asyncio.run(ask_routes(facts.settings))
    _print(hidden(verdicts), as_json=as_json)
    ctx.exit(1 if any(diagnosis.standing == "error" for diagnosis in verdicts) else 0)


def _write_bundle(settings: Settings, path: Path) -> None:
    """Write the report for a bug; in place of an earlier one, and of no other file."""
    from ...core import private_files
    from ...core.commands.bundle import HEADING, bug_report
    from ...core.errors import InputError

    text = asyncio.run(bug_report(settings, os.environ))
    if str(path) == "-":
        write_lines(text)
        return
    try:
        if path.exists() and not path.read_text("utf-8", "replace").startswith(HEADING):
            raise InputError(f"{path} is there already, and is not a report of segtap. Name another file.")
        private_files.replace(path, hidden(text).encode("utf-8", "replace"))
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
    say(f"{path} is written. It has no secrets and no messages; look through it before you publish it.")


def _print(verdicts: list[Diagnosis], *, as_json: bool) -> None:
    import msgspec

    from ...core.doctor.diagnosis import ASCII_MARKS, MARKS

    if as_json:
        for diagnosis in verdicts:
            write_json(msgspec.to_builtins(diagnosis))
        return
    marks, arrow = (MARKS, "→") if _unicode() else (ASCII_MARKS, "->")
    for diagnosis in verdicts:
        write(f"{marks[diagnosis.standing]} {diagnosis.title}")
        _wrapped(diagnosis.words, "    ")
        if diagnosis.messages:
            _wrapped(f"messages: {', '.join(diagnosis.messages)}", "    ")
        if diagnosis.fix:
            _wrapped(f"{arrow} {diagnosis.fix}", "    ")
    counts = {standing: sum(one.standing == standing for one in verdicts) for standing in MARKS}
    write(
        f"{len(verdicts)} verdicts: {counts['error']} errors, {counts['warning']} warnings,"
        f" {counts['unknown']} unknown"
    )


def _show_user(facts: Facts, user: str, *, as_json: bool) -> int:
    """Print the cluster of one user; 1 when none of the messages names them."""
    import msgspec

    from ...core.identities.model import LeftOut
    from ...core.text import shown

    cluster = facts.user(user)
    if cluster is None:
        say(f"No message looked at has the id {shown(user)}; try more with --messages.")
        return 1
    if as_json:
        answer = msgspec.to_builtins(cluster)
        if cluster.left_out == LeftOut():
            del answer["left_out"]  # it is whole
        write_json(answer)
    else:
        for line in cluster_lines(hidden(cluster), facts):
            write(line)
    return 0


def cluster_lines(cluster: Cluster, facts: Facts) -> list[str]:
    """Describe, for people, what Mixpanel makes of one user."""
    from ...core.text import clean, counted

    chosen = "Mixpanel chooses one of these; shown as" if cluster.mode == "original" else "shown as"
    lines = [f"{cluster.mode} ID merge: {chosen} distinct_id {clean(cluster.distinct_id)}"]
    for member in cluster.members:
        profile = ", a profile" if member.profile else ""
        lines.append(f"  {member.kind:<9}  {clean(member.id)}  {counted(member.events, 'event')}{profile}")
    for link, number in cluster.links:
        (message,) = facts.named([number])
        lines.append(
            f"  joined by {link.kind}: {clean(link.anonymous)} to {clean(link.user)}  ({clean(message)})"
        )
    lines += [f"  ! {clean(note)}" for note in cluster.notes]
    return lines


def _wrapped(text: str, indent: str) -> None:
    from ...core.text import clean

    for line in textwrap.wrap(
        clean(text), WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    ):
        write(line)


def _unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
