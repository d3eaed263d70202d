"""The filters of @liquid that work on texts.

Source: liquidjs 10.30, filters/{string,html,url,base64,crypto}.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import re
import urllib.parse
from collections.abc import Callable
from typing import cast

from ...messages import Json
from ..javascript import MISSING, SPACES, Value, truthy
from ..validate import utf16_length
from .values import LIMIT, Filter, FilterFault, number_of, position, text_of

_SPACE = "[" + re.escape(SPACES) + "]"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"}
_UNESCAPES = {name: sign for sign, name in _ESCAPES.items()}


def _text1(work: Callable[[str], Value]) -> Filter:
    def filtered(value: Value, *_: Value) -> Value:
        return work(text_of(value))

    return filtered


def _text2(work: Callable[[str, str], Value]) -> Filter:
    def filtered(value: Value, one: Value = "", *_: Value) -> Value:
        return work(text_of(value), text_of(one))

    return filtered


def _text3(work: Callable[[str, str, str], Value]) -> Filter:
    def filtered(value: Value, one: Value = "", other: Value = "", *_: Value) -> Value:
        return work(text_of(value), text_of(one), text_of(other))

    return filtered


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:].lower() if text[:1] <= "\uffff" else text[:1] + text[1:].lower()


def _both(name: str, work: Callable[[str, str], str]) -> Filter:
    def filtered(*values: Value) -> Value:
        if len(values) != 2:
            raise FilterFault(f"{name} expect 2 arguments")
        return work(text_of(values[0]), text_of(values[1]))

    return filtered


def _stripped(left: bool, right: bool) -> Filter:
    def filtered(value: Value, own: Value = MISSING, *_: Value) -> Value:
        text = text_of(value)
        signs = text_of(own) if truthy(own) else SPACES
        if left:
            text = text.lstrip(signs) if signs else text
        return text.rstrip(signs) if right and signs else text

    return filtered


def _split_text(text: str, separator: str) -> list[str]:
    return text.split(separator) if separator else list(text)


def _replace(text: str, old: str, new: str) -> str:
    parts = _split_text(text, old)
    if len(text) + (len(parts) - 1) * (len(new) - len(old)) > LIMIT:
        raise FilterFault("memory alloc limit exceeded")
    return new.join(parts)


def _replace_last(text: str, old: str, new: str) -> str:
    before, found, after = text.rpartition(old) if old else (text, "", "")
    return before + new + after if found or not old else text


def _split(text: str, separator: str) -> Value:
    parts = _split_text(text, separator)
    while parts and not parts[-1]:
        parts.pop()
    return cast("list[Json]", parts)


def _truncate(value: Value, length: Value = 50, mark: Value = "...", *_: Value) -> Value:
    text, end = text_of(value), text_of("..." if mark is MISSING else mark)
    most = number_of(50 if length is MISSING else length)
    if utf16_length(text) <= most or math.ceil(most if most > 0 else 0) >= len(text):
        return cast(Json, value)
    kept = math.ceil(max(most - len(end), 0)) if most == most else 0
    return text[:kept] + end


def _truncate_words(value: Value, words: Value = 15, mark: Value = "...", *_: Value) -> Value:
    parts = re.split(_SPACE + "+", text_of(value).lstrip(SPACES))
    count = number_of(15 if words is MISSING else words)
    count = 1 if count <= 0 else count
    taken = parts[: position(count, len(parts), math.floor)] if count == count else []
    made = " ".join(taken)
    return made + text_of("..." if mark is MISSING else mark) if len(parts) >= count else made


def _strip_html(text: str) -> str:
    blocks = {"<script": "</script>", "<style": "</style>", "<!--": "-->", "<": ">"}
    made: list[str] = []
    at = 0
    while at < len(text):
        start = text.find("<", at)
        if start < 0:
            return "".join(made) + text[at:]
        made.append(text[at:start])
        at = start
        for opener, closer in list(blocks.items()):
            if not text.startswith(opener, start):
                continue
            end = text.find(closer, start + len(opener))
            if end >= 0:
                at = end + len(closer)
                break
            del blocks[opener]
        if at <= start:
            return "".join(made) + text[start:]
    return "".join(made)


def _escape(text: str) -> str:
    return re.sub("[&<>\"']", lambda sign: _ESCAPES[sign[0]], text)


def _escape_once(text: str) -> str:
    return _escape(re.sub("&(?:amp|lt|gt|#34|#39);", lambda name: _UNESCAPES[name[0]], text))


def _percent(safe: str) -> Callable[[str], str]:
    def encode(text: str) -> str:
        try:
            return urllib.parse.quote(text, safe=safe)
        except UnicodeEncodeError:
            raise FilterFault("URI malformed") from None

    return encode


_component = _percent("-_.!~*'()")
_whole_uri = _percent("-_.!~*'();/?:@&=+$,#")
_MALFORMED = re.compile("%(?![0-9a-fA-F]{2})")


def _url_decode(text: str) -> str:
    text = text.replace("+", " ")
    if _MALFORMED.search(text):
        raise FilterFault("URI malformed")
    try:
        return re.sub(
            "(?:%[0-9a-fA-F]{2})+", lambda run: bytes.fromhex(run[0].replace("%", "")).decode("utf-8"), text
        )
    except UnicodeDecodeError:
        raise FilterFault("URI malformed") from None


def _cgi_escape(text: str) -> str:
    return re.sub("[!'()*]", lambda sign: f"%{ord(sign[0]):02X}", _component(text).replace("%20", "+"))


def _uri_escape(text: str) -> str:
    return _whole_uri(text).replace("%5B", "[").replace("%5D", "]")


def _base64_decode(text: str) -> str:
    packed = re.sub("[\t\n\f\r ]", "", text)
    if len(packed) % 4 == 0:
        packed = re.sub("==?$", "", packed)
    if len(packed) % 4 == 1 or not re.fullmatch("[A-Za-z0-9+/]*", packed):
        raise FilterFault("invalid base64 provided to base64_decode")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4)).decode("utf-8", "replace")
    except binascii.Error:
        raise FilterFault("invalid base64 provided to base64_decode") from None


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _number_of_words(text: str, mode: str) -> Value:
    text = text.strip(SPACES)
    if not text:
        return 0
    cjk = r"\u4e00-\u9fff\uf900-\ufaff\u3400-\u4dbf\u3040-\u309f\u30a0-\u30ff\uac00-\ud7af"
    if mode == "cjk" or (mode == "auto" and re.search(f"[{cjk}]", text)):
        other = re.findall(f"[^{cjk}{re.escape(SPACES)}]+", text)
        return len(re.findall(f"[{cjk}]", text)) + len(other)
    return len(re.split(_SPACE + "+", text))


TEXT_FILTERS: dict[str, Filter] = {
    "append": _both("append", lambda text, more: text + more),
    "prepend": _both("prepend", lambda text, more: more + text),
    "capitalize": _text1(_capitalize),
    "downcase": _text1(str.lower),
    "upcase": _text1(str.upper),
    "strip": _stripped(True, True),
    "lstrip": _stripped(True, False),
    "rstrip": _stripped(False, True),
    "strip_newlines": _text1(lambda text: re.sub("\r?\n", "", text)),
    "strip_html": _text1(_strip_html),
    "squish": _text1(lambda text: re.sub(_SPACE + "+", " ", text).strip(SPACES)),
    "normalize_whitespace": _text1(lambda text: re.sub(_SPACE + "+", " ", text)),
    "remove": _text2(lambda text, old: "".join(_split_text(text, old))),
    "remove_first": _text2(lambda text, old: text.replace(old, "", 1)),
    "remove_last": _text2(lambda text, old: _replace_last(text, old, "")),
    "replace": _text3(_replace),
    "replace_first": _text3(lambda text, old, new: text.replace(old, new, 1)),
    "replace_last": _text3(_replace_last),
    "split": _text2(_split),
    "truncate": _truncate,
    "truncatewords": _truncate_words,
    "number_of_words": _text2(_number_of_words),
    "escape": _text1(_escape),
    "xml_escape": _text1(_escape),
    "escape_once": _text1(_escape_once),
    "url_encode": _text1(lambda text: _component(text).replace("%20", "+")),
    "url_decode": _text1(_url_decode),
    "cgi_escape": _text1(_cgi_escape),
    "uri_escape": _text1(_uri_escape),
    "base64_encode": _text1(lambda text: base64.b64encode(_utf8(text)).decode()),
    "base64_decode": _text1(_base64_decode),
    "sha256": _text1(lambda text: hashlib.sha256(_utf8(text)).hexdigest()),
    "hmac_sha256": _text2(lambda text, key: hmac.new(_utf8(key), _utf8(text), "sha256").hexdigest()),
}
