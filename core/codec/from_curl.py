"""Reading a curl command, as browsers and debuggers copy it: bash, cmd and ANSI-C quoting."""

from __future__ import annotations

import re
from urllib.parse import quote

import msgspec

from ..errors import InputError

_WITH_VALUE = {
    **dict.fromkeys(("-d", "--data", "--data-ascii", "--data-binary"), "data"),
    "--data-raw": "raw",
    "--data-urlencode": "urlencode",
    "--json": "raw",
    **dict.fromkeys(("-F", "--form", "--form-string"), "form"),
    "--url": "url",
    **dict.fromkeys(("-H", "--header"), "header"),
    **dict.fromkeys(("-X", "--request"), "method"),
    **dict.fromkeys(("-u", "--user"), "user"),
    **dict.fromkeys(
        (
            *("-A", "--user-agent", "-e", "--referer", "-b", "--cookie", "-o", "--output"),
            *("-m", "--max-time", "--connect-timeout", "--retry", "-x", "--proxy", "-w", "--write-out"),
        ),
        "other",
    ),
}
_ESCAPES = dict(zip("ntrabfveE\\'\"?", "\n\t\r\a\b\f\v\x1b\x1b\\'\"?", strict=True))
_ANSI_C = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|(.))", re.S
)
_LOOKS_LIKE_URL = re.compile(
    r"[a-z][a-z0-9+.-]*://|localhost\b|[\w.-]+\.[a-z]{2,}(?:[:/?]|$)|\d+\.\d+\.\d+\.\d+|\[", re.I
)


class CurlLine(msgspec.Struct, frozen=True):
    """What the command would send: `body` is "" when it sends none. `headers` are as written.

    `method` is "" where the command names none, `user` what stands behind `-u`: a name and its secret.
    """

    url: str
    body: str
    headers: tuple[str, ...] = ()
    method: str = ""
    user: str = ""

    def header(self, name: str) -> str:
        """Return the value of the first header of that name, else ""."""
        for line in self.headers:
            key, _, value = line.partition(":")
            if key.strip().lower() == name.lower():
                return value.strip()
        return ""


def read_curl(text: str) -> CurlLine:
    """Return the request of a curl command. Raises InputError when its body stands in a file."""
    url, headers, parts, get = "", list[str](), list[str](), False
    method = user = ""
    words = iter(_words(text)[1:])
    for word in words:
        name, value = _option(word)
        meaning = _WITH_VALUE.get(name)
        if meaning is None:
            if name in ("-G", "--get"):
                get = True
            elif not word.startswith("-") and not url and _LOOKS_LIKE_URL.match(word):
                url = word
            continue
        if value is None:
            value = next(words, "")
        match meaning:
            case "url":
                url = value
            case "header":
                headers.append(value)
            case "method":
                method = value.upper()
            case "user":
                user = value
            case "data" | "urlencode" | "form" if _from_file(meaning, value):
                raise InputError(
                    f"this curl command reads its body from a file ({value[:80]}): paste what is in that file"
                )
            case "data" | "raw":
                parts.append(value)
            case "urlencode" | "form":
                field, sign, content = value.partition("=")
                parts.append(
                    f"{field}{sign}{quote(content, safe='')}" if field and sign else quote(content, safe="")
                )
            case _:
                pass
    body = "&".join(parts)
    if get and body:
        url, body = url + ("&" if "?" in url else "?") + body, ""
    return CurlLine(url, body, tuple(headers), method or ("GET" if get else ""), user)


def _from_file(meaning: str, value: str) -> bool:
    return value.startswith("@") or (meaning in ("urlencode", "form") and "=@" in value.split('"', 1)[0])


def _option(word: str) -> tuple[str, str | None]:
    """Return an option's name and the value written together with it: `--data=x`, `-dx`, `-sXPOST`."""
    if word.startswith("--"):
        name, sign, value = word.partition("=")
        return name, value if sign else None
    if word.startswith("-"):
        for at, letter in enumerate(word[1:], start=1):
            if f"-{letter}" in _WITH_VALUE:
                return f"-{letter}", word[at + 1 :] or None
    return word, None


def _words(text: str) -> list[str]:
    """Return the command's words, unquoted. An open quote ends with the text."""
    if '^"' in text or "^\n" in text:  # cmd.exe: ^ quotes the next character
        text = re.sub(r"\^(\r?\n|.)", lambda match: " " if match[1].strip() == "" else match[1], text)
    words: list[str] = []
    word: list[str] | None = None
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            if word is not None:
                words.append("".join(word))
                word = None
            at += 1
            continue
        word = [] if word is None else word
        if char == "\\":
            if text[at + 1 : at + 2] not in ("\n", "\r"):
                word.append(text[at + 1 : at + 2])
            elif not word:
                word = None
            at += 2
        elif char == "'" or text.startswith("$'", at):
            ansi_c = char == "$"
            start = at + 2 if ansi_c else at + 1
            end = _closing(text, start, "'", escapes=ansi_c)
            inner = text[start:end]
            word.append(_ANSI_C.sub(_ansi_c, inner) if ansi_c else inner)
            at = end + 1
        elif char == '"':
            end = _closing(text, at + 1, '"', escapes=True)
            word.append(re.sub(r'\\([\\"$`]|\r?\n)', lambda match: match[1].strip(), text[at + 1 : end]))
            at = end + 1
        else:
            word.append(char)
            at += 1
    if word is not None:
        words.append("".join(word))
    return words


def _closing(text: str, start: int, quote_sign: str, *, escapes: bool) -> int:
    if not escapes:
        end = text.find(quote_sign, start)
        return len(text) if end < 0 else end
    found = re.compile(rf"[^\\{quote_sign}]*(?:\\.[^\\{quote_sign}]*)*", re.S).match(text, start)
    return found.end() if found else start


def _ansi_c(match: re.Match[str]) -> str:
    hexadecimal = match[1] or match[2] or match[3]
    if hexadecimal or match[4]:
        code = int(hexadecimal, 16) if hexadecimal else int(match[4], 8)
        return chr(code) if code <= 0x10FFFF else "\ufffd"
    return _ESCAPES.get(match[5], match[0])
