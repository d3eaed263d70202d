"""Ids that are nobody's: Mixpanel's own list, and what code leaves behind where a value was to stand."""

from __future__ import annotations

import re

import msgspec

from ..verdict import FORBIDDEN_IDS
from .spaces import is_plain

PLACEHOLDERS = FORBIDDEN_IDS


class Leftover(msgspec.Struct, frozen=True):
    """What a text is instead of an id. `fix`: how to send the id, "" if the text does not hold it."""

    what: str
    fix: str = ""


_MISSING = Leftover("is what a missing value leaves behind")
_NUMBER = Leftover("is the name of a missing number")
_ZERO = Leftover("is an empty UUID")
_TEMPLATE = Leftover("is a template into which nothing was filled")
_VARIABLE = Leftover("is the name of an id, not an id")
_OBJECT = Leftover("is an object turned into text", "send the id that the object holds, such as user.id")
_LIST = Leftover("is a list or a map turned into text", "send the one id that stands in it")
_WRAPPED = Leftover("is a wrapped value turned into text", "send the value inside, without what wraps it")
_QUOTED = Leftover("has quotes of its own around it", "send the text between the quotes")

_NOTHING = r"(?:null|nil|none|undefined)"
_WHOSE = (
    r"(?:user|usr|uid|id|u|customer|cust|account|acct|member|client|visitor|device|anon|anonymous|person|profile"
    r"|contact|guest|email|tenant|org|organization|company|group|auth0|google-oauth2|facebook|twitter|github)"
)

_WITH_SIGNS: tuple[tuple[Leftover, re.Pattern[str]], ...] = tuple(
    (leftover, re.compile(pattern, re.DOTALL | flags))
    for leftover, pattern, flags in (
        (_TEMPLATE, r".*(?:\{\{.*\}\}|<%.*%>|<\?.*\?>|\{%.*%\}|[$#%@]\{[^{}]*\}).*", 0),
        (_OBJECT, r".*\[object \w+\].*", 0),
        (_MISSING, rf"[\W_]*{_NOTHING}(?:[\W_]*{_NOTHING})*[\W_]*", re.IGNORECASE),
        (_MISSING, r"[(<\[](?:not set|unset|empty|no value|missing|n/?a)[)>\]]", re.IGNORECASE),
        (_MISSING, r".*%!\w?\(.*\).*", 0),  # Go's fmt: %!s(<nil>)
        (_NUMBER, r"<NA>|#N/A|#(?:NUM|VALUE|REF|NULL|DIV/0)!|#NAME\?|[+-]?1\.#(?:IND|QNAN|SNAN|INF)\d*", 0),
        (_NUMBER, r"[+-]?nan\(.*\)", re.IGNORECASE),
        (_ZERO, r"[{(](?:0{8}-?(?:0{4}-?){3}0{12}|f{8}-?(?:f{4}-?){3}f{12})[)}]", re.IGNORECASE),
        (_QUOTED, r"'[^']*'|\"[^\"]*\"", 0),
        (_WRAPPED, r"b'.*'|b\".*\"|Just \".*\"|u'.*'", 0),
        (
            _WRAPPED,
            r"(?:Some|Optional|Maybe|Right|Left|Ok|Err|Success|Failure|Nullable|Lazy|Ref|Box|Rc|Arc|Value|UUID"
            r"|Guid|Symbol|[A-Za-z]*(?:I[dD]|[a-z]Email))\s?(?:\(.*\)|\[.*\]|\{.*\})",
            0,
        ),
        (
            _LIST,
            r"(?:List|Set|HashSet|Seq|Vector|Array|ArrayBuffer|ArrayList|Map|HashMap|Dict)\s?[(\[{].*",
            0,
        ),
        (_LIST, r"\[.+\]|[a&]?(?:map)?\[.*\]|&\{.*\}|[aO]:\d+:[\"{].*\}", 0),
        (_LIST, r"\{(?=.*[:=,\"']).*\}|\((?:'[^']*'|\"[^\"]*\"|\w+),.*\)", 0),
        (_OBJECT, r"[A-Z]\w*\s?[(\[{]\s*\w+\s*[=:].*[)\]}]", 0),  # User(id=u1), User { id: u1 }
        (_OBJECT, r"<(?:class|function|bound method|Buffer|module|generator) .*>|<.* at 0x[0-9a-f]+>", 0),
        (_OBJECT, r"<[A-Z]\w*(?::? [^@]*)?>|#<.*>|#(?:PID|Reference|Function)<.*>|Instance of '.*'", 0),
        (_OBJECT, r"[A-Z]+\(0x[0-9a-f]+\)|Promise \{.*\}|System\.[\w.]+`\d\[.*\]", 0),
        (_OBJECT, r"(?:async )?function\b.*\{.*\}|\(?\w*\)? ?=>.*", 0),
        (_OBJECT, r"[\w.]+\$\w+@[0-9a-f]{4,8}|\[+(?:[BCDFIJSZ]|L.*;)@[0-9a-f]+", 0),
        (_TEMPLATE, r".*%(?:[svq@]|\(\w+\)[sd]|\d\$[sd@]|[du])(?!\w).*|.*%%\w+%%.*|\[\[.*\]\]", 0),
        (_TEMPLATE, r".*\{\d?\}.*|.*\{[A-Za-z_]+(?:[.-][A-Za-z_]+)*(?::[^{}]*)?\}.*", 0),
        (_TEMPLATE, r"\$\([\w.]+\)", 0),
    )
)
"""What ids that hold a sign as these do are; the first that fits."""
_IN_WORDS: tuple[tuple[Leftover, re.Pattern[str]], ...] = tuple(
    (leftover, re.compile(pattern, flags))
    for leftover, pattern, flags in (
        # Nan is a name, too.
        (_NUMBER, r"[+-]?(?:nan|NaN|NAN|inf|Inf|INF|infinity|Infinity|INFINITY)|NaT", 0),
        (_MISSING, rf"[\W_]*{_NOTHING}(?:[\W_]*{_NOTHING})*[\W_]*|unset|not[ _-]?set", re.IGNORECASE),
        (_MISSING, rf"{_WHOSE}(?:[-_ .:|/#])+(?:{_NOTHING}|nan)", re.IGNORECASE),
        (_MISSING, r".+[-_:|/#]undefined|undefined[-_:|/#].+", 0),
        (_OBJECT, r"(?:[a-z_]\w*\.)+[A-Z]\w*@[0-9a-f]{4,8}", 0),  # Java: com.acme.User@6d06d69c
        (_OBJECT, r"Array|Object|System\.\w+(?:\.\w+)*|kotlin\.Unit|Optional\.empty", 0),
    )
)
GOOD_IDS: set[str] = set()
"""Ids that nothing is wrong with: the newest messages have the same ones."""
_MOST_KEPT = 10_000
_END = 200
"""Of a longer text so many characters at each end are looked at."""
_SIGNS = re.compile(r"[\[\](){}<>%$#&'\"=!]")
_NO_DIGITS = re.compile(r"\D+")
_ZERO_UUID = re.compile(r"(0{8}|f{8}|x{8})-?(?:(?:0{4}|f{4}|x{4})-?){3}(?:0{12}|f{12}|x{12})", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@]+@[\w-]+(?:\.[\w-]+)+")
_GUID = re.compile(r"\{[0-9a-fA-F-]{4,}\}")

_SIGIL = re.compile(r"[$%:@<\[{(_]*(?P<name>[A-Za-z][A-Za-z_ .-]*?)[}>\])%_]*")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_OWNERS = frozenset(
    (
        *(
            "user",
            "usr",
            "your",
            "my",
            "the",
            "insert",
            "here",
            "anonymous",
            "anon",
            "distinct",
            "customer",
            "account",
        ),
        *(
            "member",
            "visitor",
            "client",
            "device",
            "current",
            "this",
            "self",
            "person",
            "profile",
            "contact",
            "group",
            "session",
        ),
        *(
            "unique",
            "external",
            "internal",
            "request",
            "req",
            "params",
            "event",
            "data",
            "props",
            "tracking",
            "segment",
            "mixpanel",
        ),
    )
)
_IDS = frozenset(("id", "uid", "uuid", "guid", "email", "username"))
_JOINED = frozenset(
    f"{owner}{id}"
    for owner in _OWNERS
    for id in ("id", "uid", "uuid", "guid", "email")
    if owner != "mixpanel"
)


def is_good(text: str) -> bool:
    """Return True for what may be an id as it stands: no placeholder, and no spaces around it."""
    if text in GOOD_IDS:
        return True
    if text.lower() in PLACEHOLDERS or not is_plain(text) or leftover(text) is not None:
        return False
    if len(GOOD_IDS) >= _MOST_KEPT:
        GOOD_IDS.clear()
    if len(text) <= 100:
        GOOD_IDS.add(text)
    return True


def leftover(text: str) -> Leftover | None:
    """Return what `text` is where code should have put an id; None for what may be an id.

    Words of Mixpanel's own list are left to `PLACEHOLDERS`.
    """
    if len(text) > 2 * _END:
        text = text[:_END] + text[-_END:]
    if _SIGNS.search(text):
        email = _EMAIL.fullmatch(text) is not None
        for found, pattern in _WITH_SIGNS[:2] if email else _WITH_SIGNS:
            if pattern.fullmatch(text) and not (found is _TEMPLATE and _GUID.fullmatch(text)):
                return found
        return None if email or not _is_variable(text) else _VARIABLE
    if "@" in text and _EMAIL.fullmatch(text):
        return None
    if _ZERO_UUID.fullmatch(text):
        return _ZERO
    if _NO_DIGITS.fullmatch(text) or "undefined" in text or "@" in text:
        for found, pattern in _IN_WORDS:
            if pattern.fullmatch(text):
                return found
        return _VARIABLE if _is_variable(text) else None
    return None


def _is_variable(text: str) -> bool:
    """Return True for the names that code and documentation give to ids: userId, YOUR_USER_ID, $user.id."""
    named = _SIGIL.fullmatch(text) if len(text) <= 40 else None
    words = [word.lower() for word in _CAMEL.findall(named["name"])] if named else []
    if not words:
        return False
    if words[-1] == "here":
        words.pop()
    *owners, last = words or [""]
    return (last in _IDS or last in _JOINED) and _OWNERS.issuperset(owners)
