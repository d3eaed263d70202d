"""What crosses the wire, on requests that Segment's own code made."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from forwarding import BASIC, SECRET, engage

from segtap.core.errors import SettingsError
from segtap.core.forward.wire import QUERY_LIMIT, assemble, encode_records, onto, wire_form, with_query
from segtap.core.masks import masked, secrets_of
from segtap.core.verdict import OutgoingRequest

DATA = Path(__file__).parents[2] / "data" / "forward" / "requests.jsonl"
REQUESTS = [msgspec.json.decode(line, type=OutgoingRequest) for line in DATA.read_text("utf-8").splitlines()]
IMPORT = OutgoingRequest(
    "POST", "https://api.mixpanel.com/import?strict=1", "application/json", BASIC, body=[{"event": "a"}]
)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: f"{r.method} {urlsplit(r.url).path}")
def test_mixpanel_reads_the_very_records_out_of_the_wire(request_: OutgoingRequest) -> None:
    form = wire_form(request_)
    fields = parse_qs(form.body.decode("latin-1")) or parse_qs(urlsplit(form.url).query)
    match form.shape:
        case "json":
            assert form.content_encoding == "gzip"
            received = json.loads(gzip.decompress(form.body))
        case "form":
            assert form.content_encoding == ""
            assert form.content_type == "application/x-www-form-urlencoded"
            received = json.loads(fields["data"][0])
            assert parse_qs(urlsplit(form.url).query)["verbose"] == ["1"]
        case "base64":
            assert fields["data"] == [request_.data]
            received = json.loads(base64.b64decode(fields["data"][0]))
            assert fields["verbose"] == ["1"]
    # As text, for 1.0 is 1 in JSON and true is not 1.
    assert json.dumps(received) == json.dumps(request_.body)
    assert json.loads(form.decoded) == request_.body


def test_every_endpoint_and_shape_is_in_the_data() -> None:
    assert {(urlsplit(r.url).path, wire_form(r).shape) for r in REQUESTS} == {
        ("/import", "json"), ("/track", "form"), ("/engage", "form"), ("/groups", "form"),
        ("/track", "base64"), ("/engage", "base64"), ("/import", "base64"),
    }  # fmt: skip


def test_import_is_a_gzipped_array_with_segments_query() -> None:
    form = wire_form(IMPORT)
    assert form.url == "https://api.mixpanel.com/import?strict=1"
    assert form.text == b'[{"event":"a"}]'
    assert form.size == len(form.body)
    assert form.raw_size == 15
    assert ("authorization", BASIC) in form.headers


def test_the_same_records_make_the_same_bytes() -> None:
    assert wire_form(IMPORT).body == wire_form(IMPORT).body


def test_forms_are_encoded_as_urlsearchparams_does_it() -> None:
    form = wire_form(engage("u", set={"n": "a b~*-._é"}))
    assert form.body.startswith(b"data=%7B%22%24token%22%3A%22")
    assert b"a+b%7E*-._%C3%A9" in form.body


def test_one_form_record_travels_as_an_object_and_several_as_an_array() -> None:
    request = engage("u", set={"a": 1})
    records = encode_records(request)
    assert assemble(request, records).decoded.startswith(b'{"$token"')
    assert assemble(request, records * 2).decoded.startswith(b'[{"$token"')


def test_lone_surrogates_and_nan_are_written_as_javascript_writes_them() -> None:
    form = wire_form(engage("u", set={"s": "x\ud800", "n": float("nan"), "l": [float("-inf")]}))
    assert json.loads(form.decoded)["$set"] == {"s": "x\ud800", "n": None, "l": [None]}
    assert json.loads(wire_form(engage("u", set={"n": float("inf")})).decoded)["$set"] == {"n": None}


def test_a_get_carries_its_data_in_the_query_and_has_no_body() -> None:
    request = next(r for r in REQUESTS if r.method == "GET")
    form = wire_form(request)
    assert form.method == "GET"
    assert form.body == b""
    assert form.content_type == ""
    assert form.size == len(urlsplit(form.url).query)


def test_base64_too_long_for_a_request_line_becomes_a_form() -> None:
    data = base64.b64encode(b'{"event":"' + b"x" * QUERY_LIMIT + b'"}').decode()
    form = wire_form(
        OutgoingRequest("GET", "https://api.mixpanel.com/engage", query={"ip": 0}, data=data, body={})
    )
    assert form.method == "POST"
    assert parse_qs(form.body.decode())["data"] == [data]
    assert parse_qs(form.body.decode())["ip"] == ["0"]
    assert urlsplit(form.url).query == ""


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("", "https://api.mixpanel.com/import?strict=1"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9/import?strict=1"),
        ("https://proxy.example/mp/", "https://proxy.example/mp/import?strict=1"),
        ("http://[::1]:9/", "http://[::1]:9/import?strict=1"),
    ],
)
def test_another_base_url_keeps_path_and_query(base: str, expected: str) -> None:
    assert onto("https://api.mixpanel.com/import?strict=1", base) == expected


@pytest.mark.parametrize(
    "base",
    [
        *("localhost:9", "ftp://x", "http://", "http://host/?a=1", "http://host/#x"),
        *("http://[::1", "http://host:99999", "http://host:port"),
        *("http://u:hunter2@host", "ftp://u:hunter2@host", "u:hunter2@host"),
    ],
)
def test_a_base_url_that_cannot_be_used_is_refused(base: str) -> None:
    with pytest.raises(SettingsError, match="mixpanel_url") as refusal:
        onto("https://api.mixpanel.com/import", base)
    assert "hunter2" not in str(refusal.value)


def test_query_fields_that_are_there_are_left_alone() -> None:
    assert with_query("http://h/engage?verbose=0", {"verbose": 1, "ip": 1}) == (
        "http://h/engage?verbose=0&ip=1"
    )


def test_masked_hides_the_credentials_and_nothing_else() -> None:
    shown = masked(IMPORT)
    assert shown.authorization == "Basic ••••"
    assert msgspec.structs.replace(shown, authorization=BASIC) == IMPORT
    classic = OutgoingRequest(
        "POST", "https://api.mixpanel.com/import", query={"verbose": 1, "api_key": SECRET}, data="e30="
    )
    assert masked(classic).query == {"verbose": 1, "api_key": "••••"}
    assert SECRET not in wire_form(masked(classic)).url
    assert classic.query == {"verbose": 1, "api_key": SECRET}
    assert secrets_of(classic) == (SECRET,)


def test_masked_leaves_a_request_without_credentials_as_it_is() -> None:
    request = engage("u", set={"a": 1})
    assert masked(request) is request
