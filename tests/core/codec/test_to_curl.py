"""Calls as curl commands: what a shell makes of them, and that no secret is in them."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from urllib.parse import parse_qs

import msgspec
import pytest
from details import SECRET, classic, detail, order, refused
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.codec.to_curl import as_curl, mixpanel_as_curl
from segtap.core.text import clean
from segtap.core.verdict import OutgoingRequest

URL = "http://127.0.0.1:8765/"


def words(command: str) -> list[str]:
    """The words that a shell makes of the command."""
    return shlex.split(command.replace(" \\\n  ", " "))


def after(found: list[str], option: str) -> str:
    return found[found.index(option) + 1]


def test_a_message_goes_to_its_own_path_with_its_write_key_as_it_came() -> None:
    message = order(original=b'{"event":  "it\'s $HOME `id`"}')
    found = words(as_curl(message, URL))
    assert found[:2] == ["curl", "http://127.0.0.1:8765/v1/track"]
    assert after(found, "-u") == "NODEKEY:"
    assert after(found, "-H") == "Content-Type: application/json"
    assert after(found, "--data-raw") == '{"event":  "it\'s $HOME `id`"}'


@given(st.text())
def test_any_text_survives_the_shell(text: str) -> None:
    body = msgspec.json.encode({"event": text.encode("utf-8", "replace").decode()})
    command = as_curl(detail({"type": "track"}, original=body), URL)
    assert json.loads(after(words(command), "--data-raw")) == json.loads(body)
    assert clean(command.replace("\n", "")) == command.replace("\n", "")


CONTROLS = "\x01\x1b\t\n\r'\\\x7f\x85\x9b\u061c\u200e\u2028\u202e\u2066é"


def test_a_nul_is_left_out_and_said_and_other_controls_are_escaped() -> None:
    command = as_curl(detail({"type": "track"}, write_key=f"wk\0{CONTROLS}"), URL)
    note, _, line = command.partition("\n")
    assert note == "# A NUL in the write key cannot stand in a command and is left out here."
    assert "\0" not in command
    assert clean(line.replace("\n", "").replace("\t", "")) == line.replace("\n", "").replace("\t", "")
    assert as_read_by_bash(line)[-3] == f"wk{CONTROLS}:"


def test_a_refused_request_keeps_its_controls_as_escapes() -> None:
    receipt = msgspec.structs.replace(
        refused().receipt,
        path="/v1/\0\x1b\x9b\u202e é",
        method="PO\x1bST",
        headers=(("content-type", "text/\x9bplain"),),
        body=f"{CONTROLS}".encode(),
        body_bytes=len(CONTROLS.encode()),
    )
    command = as_curl(msgspec.structs.replace(refused(), receipt=receipt), URL)
    assert clean(command.replace("\n", "").replace("\t", "")) == command.replace("\n", "").replace("\t", "")
    found = as_read_by_bash(command)
    assert found[1] == "http://127.0.0.1:8765/v1/%00%1B%C2%9B%E2%80%AE é"
    assert found[2:] == ["-X", "PO\x1bST", "-H", "Content-Type: text/\x9bplain", "--data-raw", CONTROLS]


def as_read_by_bash(command: str) -> list[str]:
    """The words of a command as bash reads them."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    script = f"set -- {command}\nprintf '%s\\0' \"$@\""
    env = {"LC_ALL": "C.UTF-8", "PATH": ""}
    done = subprocess.run([bash, "-c", script], capture_output=True, check=True, env=env)
    return done.stdout.decode().split("\0")[:-1]


def test_a_body_is_never_read_as_the_name_of_a_file() -> None:
    command = as_curl(refused(b"@/etc/passwd"), URL)
    assert "--data-raw @/etc/passwd" in command
    assert "--data-binary" not in command
    assert "--data " not in command


def test_a_call_without_a_known_type_or_key_is_sent_as_track() -> None:
    found = words(as_curl(detail({"type": "x"}, write_key=""), URL))
    assert found[1].endswith("/v1/track")
    assert "-u" not in found


def test_a_refused_request_is_sent_as_it_was() -> None:
    message = msgspec.structs.replace(
        refused(), receipt=msgspec.structs.replace(refused().receipt, query="a=[1]")
    )
    found = words(as_curl(message, URL))
    assert found[:3] == ["curl", "http://127.0.0.1:8765/v1/track?a=[1]", "--globoff"]
    assert after(found, "--data-raw") == '{"type": "track", "event": "Half a'


def test_a_refused_body_that_is_no_text_is_left_out_and_said() -> None:
    command = as_curl(refused(b"\x1f\x8b" + bytes(70_000)), URL)
    assert command.startswith("# The body is not text")
    assert "65536 of 70002" in command
    assert "\0" not in command


def test_an_import_reads_its_secret_from_a_variable() -> None:
    request = order().verdict.translation.operations[0].request
    command = mixpanel_as_curl(request)
    assert SECRET.split()[1] not in command
    assert '-u "$MIXPANEL_SECRET:"' in command
    found = words(command)
    assert found[1] == "https://api.mixpanel.com/import?strict=1"
    assert json.loads(after(found, "--data-raw")) == request.body


def test_a_form_is_percent_encoded_as_on_the_wire() -> None:
    request = order().verdict.translation.operations[1].request
    data = after(words(mixpanel_as_curl(request)), "--data-raw")
    assert json.loads(parse_qs(data)["data"][0]) == request.body


def test_base64_goes_in_the_query_without_the_api_key() -> None:
    request = classic().verdict.translation.operations[0].request
    command = mixpanel_as_curl(request)
    found = words(command)
    assert "--get" in found
    assert f"data={request.data}" in found
    assert 'api_key="$MIXPANEL_SECRET"' in command
    assert "fedcba98" not in command


def test_a_quote_in_a_url_stays_inside_its_word() -> None:
    request = OutgoingRequest(
        "POST", "https://x.test/import?a='; rm -rf /;'", content_type="application/json", body=[]
    )
    assert words(mixpanel_as_curl(request))[1] == request.url
