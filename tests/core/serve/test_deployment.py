"""What the page on running segtap as a service shows: YAML, with commands, options and probes that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from segtap.core.api.operations import OPERATIONS, PREFIX
from segtap.core.config.names import environment_names
from segtap.core.settings import DestinationSettings
from segtap.tui.cli import cli

yaml: Any = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "core" / "serve" / "README.md").read_text()
IMAGE = (ROOT / ".ci" / "Dockerfile").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)


def parts(value: Any) -> list[Any]:
    """Every mapping within a value, itself included."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(part for one in inner for part in parts(one))]


DOCUMENTS = [document for block in BLOCKS for document in yaml.safe_load_all(block)]
MAPPINGS = [part for part in parts(DOCUMENTS) if isinstance(part, dict)]


def commands() -> list[list[str]]:
    found: list[list[str]] = []
    for mapping in MAPPINGS:
        command = mapping.get("command", ())
        words = shlex.split(command) if isinstance(command, str) else list(command)
        if mapping.get("image") == "segtap":
            # Kubernetes' command takes the place of the image's entry point, that of compose follows it.
            found.append(words[1:] if isinstance(mapping.get("volumeMounts"), list) else words)
    shell = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)
    lines = [line.partition(" > ")[0] for block in shell for line in block.splitlines()]
    return found + [shlex.split(line)[1:] for line in lines]


def test_there_are_compose_files_and_a_manifest() -> None:
    kinds = {document.get("kind", "compose") for document in DOCUMENTS}
    assert kinds == {"compose", "Secret", "Service", "StatefulSet"}
    assert len(commands()) == 4
    assert re.findall(r"^ENTRYPOINT (.*)$", IMAGE, re.M) == ['["segtap"]']


def test_the_journal_is_where_the_user_of_the_image_may_write() -> None:
    (place,) = re.findall(r"^VOLUME (.*)$", IMAGE, re.M)
    services = [one for document in DOCUMENTS for one in document.get("services", {}).values()]
    (volume,) = [one["volumes"] for one in services if one["image"] == "segtap" and "volumes" in one]
    assert volume == [f"segtap:{place}"]
    (words,) = [shlex.split(one["command"]) for one in services if one.get("volumes") == volume]
    assert Path(words[words.index("--journal") + 1]).parent == Path(place)


def test_a_pod_of_another_user_keeps_its_state_on_its_volume() -> None:
    """The image's state folder belongs to the image's user: the engine could not start."""
    assert re.search(r"XDG_STATE_HOME=(\S+)", IMAGE)
    (pod,) = [one for one in MAPPINGS if "runAsUser" in one.get("securityContext", ())]
    for container in pod["containers"]:
        variables = {one["name"]: one["value"] for one in container["env"]}
        mounted = {one["mountPath"] for one in container["volumeMounts"]}
        assert {variables.get("XDG_STATE_HOME"), variables.get("HOME")} <= mounted


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_each_command_exists_with_its_options(words: list[str]) -> None:
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words
        command, words = found, words[1:]
    command.make_context("segtap", words, resilient_parsing=False)


def test_each_variable_is_read() -> None:
    secrets = {getattr(DestinationSettings(), f"{name}_env") for name in ("token", "api_secret")}
    known = {*environment_names(), *secrets, *(f"{name}_FILE" for name in secrets), "HOME", "XDG_STATE_HOME"}
    given = [name for one in MAPPINGS for name in one.get("environment", ()) or ()]
    given += [variable["name"] for one in MAPPINGS for variable in one.get("env", ()) or ()]
    given += [name for one in MAPPINGS for name in one.get("stringData", ())]
    assert len(given) >= 8
    assert set(given) <= known


def test_each_probe_is_an_open_operation() -> None:
    paths = {one["httpGet"]["path"] for one in MAPPINGS if "httpGet" in one}
    opened = {PREFIX + operation.path for operation in OPERATIONS if operation.open}
    assert paths == {"/_segtap/livez", "/_segtap/readyz"}
    assert paths <= opened


def test_the_grace_is_longer_than_stopping_takes() -> None:
    (pod,) = [one for one in MAPPINGS if "terminationGracePeriodSeconds" in one]
    (pause,) = [one["preStop"]["exec"]["command"][1] for one in MAPPINGS if "preStop" in one]
    assert pod["terminationGracePeriodSeconds"] >= int(pause) + 3 * 5 + 10
