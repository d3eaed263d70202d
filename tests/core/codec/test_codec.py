import base64
import gzip
import json
import zlib
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.codec import MAX_DECODED, decode
from segtap.core.errors import InputError
from segtap.core.sources.decode import read_json

CAPTURED = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data/decode/captured.jsonl").read_text().splitlines()
]
MESSAGE = {
    "type": "track",
    "event": "Zoë 🎉 a+b",
    "userId": "u-1",
    "properties": {"q": "50% off? ÿ~", "n": [1]},
}
TEXT = json.dumps(MESSAGE, ensure_ascii=False)
BYTES = TEXT.encode()
B64 = base64.b64encode(BYTES).decode()
URL_SAFE = base64.urlsafe_b64encode(BYTES).decode()
assert "-" in URL_SAFE or "_" in URL_SAFE


@pytest.mark.parametrize("row", CAPTURED, ids=[f"{row['from']} {row['layers'][-1]}" for row in CAPTURED])
def test_what_real_clients_send(row) -> None:
    decoded = decode(row["text"])
    assert decoded.kind == row["kind"]
    assert list(decoded.layers) == row["layers"]
    assert decoded.notes == ()
    json.dumps(decoded.value, ensure_ascii=False).encode()  # no half surrogates are left
    if "value" in row:
        assert decoded.value == row["value"]


def test_cesu8_of_the_browser_sdk_is_read_as_the_emoji_it_stands_for() -> None:
    event = '[{"event":"Zoë \U0001f389","properties":{"token":"t"}}]'
    cesu8 = event.replace("\U0001f389", "\ud83c\udf89").encode("utf-8", "surrogatepass")
    decoded = decode("data=" + base64.b64encode(cesu8).decode())
    assert decoded.layers[-1] == "CESU-8"
    assert decoded.value == [{"event": "Zoë 🎉", "properties": {"token": "t"}}]


NAN = b'{"type":"track","userId":"u","properties":{"total":NaN}}'
HALF = b'{"type":"track","userId":"\xed\xa0\xbd"}'
UNTYPED = b'{"event":"E","userId":"u","properties":{"total":NaN}}'
BAD_BYTE = b'{"type":"track","userId":"\xff"}'


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (NAN, [NAN]),
        (NAN.decode() + ";\n", [NAN]),
        ('"' + NAN.decode().replace('"', '\\"') + '"', [NAN]),
        (base64.b64encode(NAN).decode(), [NAN]),
        (base64.b64encode(HALF).decode(), [HALF]),
        (HALF.decode("utf-8", "surrogatepass"), [HALF]),
        (BAD_BYTE, [BAD_BYTE]),
        (BAD_BYTE.decode("utf-8", "surrogateescape"), [BAD_BYTE]),
        ("\ufeff" + NAN.decode(), [b"\xef\xbb\xbf" + NAN]),
        (b"[" + NAN + b", 1, " + HALF + b"]", []),  # not a list of messages alone
        (b"[" + NAN + b", " + HALF + b"]", [NAN, HALF]),
        (b'{"batch": [' + NAN + b", 1, " + BAD_BYTE + b"]}", [NAN, BAD_BYTE]),
        (NAN + b"\n" + HALF + b"\n", [NAN, HALF]),
        (UNTYPED, [b'{"type":"track",' + UNTYPED[1:]]),
        (f"curl https://api.segment.io/v1/track -d '{NAN.decode()}'", [NAN]),
        (b'{"a": 1}', []),
    ],
)  # fmt: skip
def test_messages_keep_the_spelling_that_they_had(given: str | bytes, texts: list[bytes]) -> None:
    decoded = decode(given)
    assert list(decoded.message_texts) == texts
    assert [read_json(text)[0] for text in texts] == list(decoded.messages)


WRAPPED = "\n".join(B64[at : at + 40] for at in range(0, len(B64), 40))
JOINED = " +\n".join(f"'{B64[at : at + 40]}'" for at in range(0, len(B64), 40))


@pytest.mark.parametrize(
    ("pasted", "layers"),
    [
        (TEXT, ()),
        (BYTES, ()),
        (f"\ufeff  {TEXT},\n", ()),
        (json.dumps(TEXT), ("JSON string",)),
        (json.dumps(json.dumps(TEXT)), ("JSON string", "JSON string")),
        (json.dumps(TEXT)[1:-1], ("JSON string",)),
        (f"'{TEXT}'", ("quotes",)),
        (f"`{B64}`", ("quotes", "base64")),
        (f"```json\n{TEXT}\n```", ("code fence",)),
        (B64, ("base64",)),
        (URL_SAFE, ("base64 (url-safe)",)),
        (URL_SAFE.rstrip("="), ("base64 (url-safe, unpadded)",)),
        (WRAPPED, ("base64",)),
        (JOINED, ("base64",)),
        (f'"{B64}"', ("JSON string", "base64")),
        (B64.replace("+", " "), ("base64",)),
        (f"data:application/json;base64,{B64}", ("data URI", "base64")),
        (quote(TEXT), ("percent-encoding",)),
        (quote_plus(TEXT), ("percent-encoding",)),
        (quote(quote(TEXT)), ("percent-encoding", "percent-encoding")),
        (quote(B64, safe=""), ("percent-encoding", "base64")),
        (f"data={B64}", ("form field data", "base64")),
        (f"verbose=1&data={quote(B64, safe='')}&ip=1", ("form field data", "percent-encoding", "base64")),
        (f"data={quote_plus(TEXT)}&verbose=1", ("form field data", "percent-encoding")),
        (f"?data={quote(quote(TEXT))}", ("form field data", "percent-encoding", "percent-encoding")),
        (f"https://api.mixpanel.com/track/?ip=1&data={URL_SAFE.rstrip('=')}", ("url", "form field data")),
        (f"GET /track?data={quote(B64, safe='')} HTTP/1.1", ("url", "form field data", "percent-encoding")),
        (base64.b64encode(gzip.compress(BYTES, mtime=0)).decode(), ("base64", "gzip")),
        (base64.b64encode(zlib.compress(BYTES)).decode(), ("base64", "deflate")),
        (gzip.compress(gzip.compress(BYTES, mtime=0), mtime=0), ("gzip", "gzip")),
        (TEXT.replace('"', "&quot;"), ("HTML escapes",)),
        (json.dumps({"data": B64, "verbose": 1}), ("JSON field data", "base64")),
    ],
)
def test_every_wrapping_comes_off(pasted: str | bytes, layers: tuple[str, ...]) -> None:
    decoded = decode(pasted)
    assert decoded.value == MESSAGE
    assert decoded.kind == "segment message"
    assert decoded.layers[: len(layers)] == layers
    assert len(decoded.layers) - len(layers) <= 1  # the base64's own name may follow


@pytest.mark.parametrize(
    "command",
    [
        f"curl -X POST http://h/v1/track -H 'Content-Type: application/json' -d '{json.dumps(MESSAGE)}'",
        f"$ curl 'http://h/v1/track' \\\n -H 'a: b' \\\n --data-raw '{json.dumps(MESSAGE)}' --compressed",
        f"curl http://h/v1/track --json {json.dumps(json.dumps(MESSAGE))}",
        f"curl -sS -XPOST --url=http://h/v1/track -d'{TEXT}'",
        "curl 'http://h/v1/track' --data-raw $'" + json.dumps(MESSAGE).replace("\\", "\\\\") + "'",
        f"curl http://h/v1/track --data-urlencode 'data={TEXT}'",
        f"curl http://h/v1/track -d verbose=1 -d 'data={B64.replace('+', '%2B')}'",
        f"curl -G http://h/v1/track --data-urlencode data='{TEXT}'",
        f"curl 'http://h/v1/track?data={URL_SAFE}'",
        'curl "http://h/v1/track" ^\n  --data-raw ^"' + json.dumps(MESSAGE).replace('"', '^\\^"') + '^"',
    ],
)
def test_curl_lines(command: str) -> None:
    decoded = decode(command)
    assert decoded.value == MESSAGE
    assert decoded.layers[0] == "curl"
    assert decoded.url.startswith("http://h/v1/track")


def test_a_curl_command_with_a_quote_in_its_body() -> None:
    decoded = decode(r"""curl http://h/v1/t --data-raw $'{"type":"track","event":"It\'s \u00e9"}'""")
    assert decoded.value == {"type": "track", "event": "It's é"}


def test_a_curl_command_that_reads_a_file_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"reads its body from a file \(@body\.json\): paste what is in"):
        decode("curl http://h/v1/track -d @body.json")


def test_percent_plus_is_a_space_only_in_forms() -> None:
    assert decode("data=%7B%22event%22:%22A+B%22,%22userId%22:%22c%2Bd%22%7D").value == {
        "event": "A B",
        "userId": "c+d",
    }
    assert decode('{"event":"A+B 100%25"}').value == {"event": "A+B 100%25"}


def test_latin1_from_btoa() -> None:
    decoded = decode(base64.b64encode('{"event":"Zoë","userId":"u"}'.encode("latin-1")).decode())
    assert decoded.layers[-1] == "Latin-1"
    assert decoded.value == {"event": "Zoë", "userId": "u"}


def test_nan_is_read_and_noted() -> None:
    decoded = decode('{"type":"track","event":"x","properties":{"total":NaN}}')
    assert decoded.value == {"type": "track", "event": "x", "properties": {"total": None}}
    assert decoded.notes == ("NaN at $.properties.total is not JSON: it reads as null",)


def test_lines_of_json_are_a_batch() -> None:
    decoded = decode('{"type":"track","event":"a"}\n\n{"type":"page","name":"b"}\n')
    assert decoded.kind == "segment batch"
    assert decoded.layers == ("NDJSON",)
    assert [message["type"] for message in decoded.messages] == ["track", "page"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"batch": [MESSAGE], "sentAt": "x"}, "segment batch"),
        ([MESSAGE, MESSAGE], "segment batch"),
        ({"event": "a", "userId": "u"}, "segment message"),
        ({"type": "identify", "traits": {}}, "segment message"),
        ({"event": "a", "properties": {"token": "t"}}, "mixpanel events"),
        ([{"event": "a", "properties": {}}], "mixpanel events"),
        ([{"$token": "t", "$distinct_id": "u", "$set": {}}], "mixpanel profiles"),
        ({"$token": "t", "$group_key": "k", "$group_id": "g", "$set": {}}, "mixpanel groups"),
        ({"series": []}, "json"),
        ([MESSAGE, 1], "json"),
        ([], "json"),
        ({"type": ["track"], "event": 7}, "json"),
    ],
)
def test_what_it_is(value, kind: str) -> None:
    decoded = decode(json.dumps(value))
    assert decoded.kind == kind
    assert decoded.value == value


def test_a_pixel_url_gets_its_type_from_the_path() -> None:
    url = "http://h/v1/pixel/page?userId=u&properties.path=%2Fa"
    assert decode(url).messages == ({"type": "page", "userId": "u", "properties": {"path": "/a"}},)
    data = base64.urlsafe_b64encode(b'{"userId":"u","event":"E"}').decode().rstrip("=")
    assert decode(f"http://h/v1/pixel/track?data={data}").messages == (
        {"type": "track", "userId": "u", "event": "E"},
    )


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("", "nothing to decode"),
        (" \n", "nothing to decode"),
        ("hello", '"hello" does not begin like JSON'),
        ('{"event": "cut of', "begins like JSON, but .* at byte 10"),
        (base64.b64encode(b"hello world, this").decode(), 'after base64: "hello world, this" does not begin'),
        ("data=" + B64[:40], "after form field data, base64.*begins like JSON, but"),
        (
            base64.b64encode(gzip.compress(BYTES, mtime=0)[:-20]).decode(),
            "after base64, gzip: the gzip body ends too early",
        ),
        ("[" * 100_000, "nested too deep"),
        ("\x1b[31m{", '"␛\\[31m{" does not begin'),
    ],
)
def test_what_cannot_be_decoded_says_how_far_it_came(pasted: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        decode(pasted)
    assert "paste" in str(raised.value).lower()
    assert "\x1b" not in str(raised.value)


def test_bombs_are_bounded() -> None:
    bomb = base64.b64encode(gzip.compress(b"[" + b" " * (MAX_DECODED + 1) + b"]")).decode()
    with pytest.raises(InputError, match="32 MB"):
        decode(bomb)
    with pytest.raises(InputError, match="at most 32 MB"):
        decode(" " * MAX_DECODED + "{}")
    text = TEXT
    for _ in range(13):
        text = base64.b64encode(text.encode()).decode()
    with pytest.raises(InputError, match="more than 12 layers"):
        decode(text)


ANYTHING = st.text(alphabet=st.characters(codec=None), max_size=300)
CURIOUS = st.text(alphabet="{}[]\"'`\\:,=&%?+-_/ \n\r\tcurldataABab019#$^@;<>.!\ud800\u00e9", max_size=120)


@examples(400)
@given(st.one_of(ANYTHING, CURIOUS, CURIOUS.map(lambda text: "curl " + text), st.binary(max_size=300)))
def test_any_input_decodes_or_is_refused_in_words(pasted: str | bytes) -> None:
    try:
        decoded = decode(pasted)
    except InputError as error:
        str(error).encode()
    else:
        assert isinstance(decoded.value, dict | list)
        json.dumps(decoded.value, ensure_ascii=False).encode()


LAYERS = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "url-safe": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "gzip": lambda text: base64.b64encode(gzip.compress(text.encode())).decode(),
    "percent": lambda text: quote(text, safe=""),
    "form": lambda text: "data=" + quote(text, safe=""),
    "json string": json.dumps,
    "quotes": lambda text: f"'{text}'",
}


@examples(200)
@given(
    st.dictionaries(
        st.text(max_size=10),
        st.one_of(st.none(), st.integers(-(2**53), 2**53), st.text(max_size=20)),
        min_size=1,
    ),
    st.lists(st.sampled_from(sorted(LAYERS)), max_size=4),
)
def test_whatever_was_wrapped_comes_out(value: dict[str, object], wrappings: list[str]) -> None:
    pasted = json.dumps(value, ensure_ascii=False)
    for name in wrappings:
        pasted = LAYERS[name](pasted)
    if value.keys() == {"data"} or value.keys() <= {"data", "ip", "img", "_", "test"}:
        return  # {"data": …} is a layer itself
    assert decode(pasted).value == value
