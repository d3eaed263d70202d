"""Every error that segtap raises on purpose.

SegtapError                  the base: its text tells a person what to do next
├── SettingsError            a flag, variable or segtap.toml that cannot be used
├── InputError               a file or pasted text that cannot be read
├── FilterFault              a filter that cannot be read (says where, and what may be meant)
├── MappingError             a trigger or mapping that cannot be compiled
│   ├── FilterNotFql         a filter's condition is not FQL: at Segment it stops every message
│   └── FilterNotUnderstood  a filter's condition that may be FQL, and that segtap cannot follow
├── RequestRefused           a request that ingest answers with 4xx (status, message)
├── JournalError             the journal cannot be opened, read or written
│   ├── JournalLocked        another engine holds it (says which, and how to attach)
│   ├── JournalFull          nothing more fits: ingest answers 503
│   └── JournalTooNew        written by a newer segtap
├── EngineError              an engine cannot start, or cannot be reached
│   ├── AccessRefused        an engine does not know the token, or does not answer that sender
│   └── PortTaken            the port is in use (says by whom where that can be seen)
└── ForwardingRefused        forwarding cannot be turned on (no token, a demo journal, …)
"""

from __future__ import annotations


class SegtapError(Exception):
    """Base of all errors meant for a person.

    `title` is short enough for a toast; `str(error)` says what happened and what to do next.
    """

    title = "segtap cannot go on"

    def __init__(self, message: str, *, title: str | None = None) -> None:
        super().__init__(message)
        if title is not None:
            self.title = title


class SettingsError(SegtapError):
    """A flag, environment variable or settings file cannot be used."""

    title = "The settings cannot be used"


class InputError(SegtapError):
    """A file or a pasted text cannot be read."""

    title = "That input cannot be read"


class FilterFault(SegtapError):
    """A filter cannot be read: the characters of `filter` from `start` to `end` are wrong.

    `sentence` says what is wrong with them; `underlined` is the filter with a line below that marks them.
    `suggestion` is what may stand there instead, "" if nothing comes near.
    """

    title = "That filter cannot be read"

    def __init__(
        self, filter: str, start: int, end: int, *, sentence: str, underlined: str, suggestion: str = ""
    ) -> None:
        super().__init__(f"{sentence}\n{underlined}")
        self.filter = filter
        self.start = start
        self.end = end
        self.sentence = sentence
        self.underlined = underlined
        self.suggestion = suggestion


class MappingError(SegtapError):
    """A subscription's trigger or mapping cannot be compiled."""

    title = "That mapping cannot be used"


class FilterNotFql(MappingError):
    """The condition of a destination filter is not FQL: Segment then sends nothing to the destination."""

    title = "That filter's condition is not FQL"


class FilterNotUnderstood(MappingError):
    """The condition of a destination filter may be FQL, but segtap cannot follow it."""

    title = "That filter's condition cannot be followed"


class RequestRefused(SegtapError):
    """Ingest refuses a request: `status` is the HTTP status, `str(error)` the reason."""

    title = "Request refused"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class JournalError(SegtapError):
    """The journal cannot be opened, read or written."""

    title = "The journal cannot be used"


class JournalLocked(JournalError):
    """Another engine holds the journal."""

    title = "Another segtap holds this journal"


class JournalFull(JournalError):
    """The error of a journal without room, whose messages are all still owed to Mixpanel."""

    title = "The journal is full"


class JournalTooNew(JournalError):
    """The journal was written by a newer segtap."""

    title = "The journal is from a newer segtap"


class EngineError(SegtapError):
    """An engine cannot start, or cannot be reached."""

    title = "The engine cannot be reached"


class AccessRefused(EngineError):
    """An engine does not know the token, or does not answer the sender of the request."""

    title = "The engine refuses the request"


class PortTaken(EngineError):
    """The port to listen on is in use.

    `port` is that port, `owner` who holds it in words ("" when that cannot be seen), `next_port` the
    next free one (0 when none was found).
    """

    title = "The port is taken"

    def __init__(self, message: str, *, port: int = 0, owner: str = "", next_port: int = 0) -> None:
        super().__init__(message)
        self.port = port
        self.owner = owner
        self.next_port = next_port


class NotAccepted(SegtapError):
    """Mixpanel, or another server, accepts nothing: the rest of many messages is not sent."""

    title = "Nothing more was sent"


class ForwardingRefused(SegtapError):
    """Forwarding cannot be turned on as things are."""

    title = "Forwarding stays off"
