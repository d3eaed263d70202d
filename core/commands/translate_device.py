"""`segtap translate --destination classic-device`: what the page itself sends to Mixpanel. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..codec.pieces import Piece, message_pieces
from ..destinations.device.normal import PlaceholderIds, normal_operation, normal_store
from ..destinations.device.options import DeviceOptions, read_options
from ..destinations.device.page import Page, page_of
from ..destinations.device.simulation import open_page, send
from ..destinations.device.state import Browser
from ..destinations.device.visit import is_visit, read_visit, simulate
from ..errors import InputError, MappingError
from ..json_text import to_json
from ..messages import Json, JsonObject
from ..pipeline.lines import NOT_SEGMENTS, given_in
from ..pipeline.reading import TOO_DEEP, read_value
from ..settings import Destination
from ..sources.bounds import DEFAULT_BOUNDS, MESSAGES_TOGETHER, Bounds, crowded, exceeds
from ..text import size
from .translate import Line


def simulate_lines(
    lines: Iterable[str | bytes],
    settings: JsonObject,
    *,
    clock: Callable[[], int],
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Iterator[Line]:
    """Simulate device mode for one JSON object a line, or whatever `message_pieces` reads.

    A line with "messages" is a page of its own. Bare messages are the page of whoever sent them: those of
    one anonymousId follow one another, each line writing what its message sends and what is registered after
    it. `settings` are those of bare messages, under Segment's names; `clock` gives the time of a message
    without a timestamp, in milliseconds. A line that cannot be read becomes an error line, and the rest
    still run.
    """
    people = _People(settings)
    for piece in message_pieces(lines):
        try:
            written = _written(piece, people, clock, bounds)
        except (InputError, MappingError) as error:
            yield Line(to_json({"error": str(error)}), failed=True)
        except RecursionError:
            yield Line(to_json({"error": TOO_DEEP}), failed=True)
        else:
            yield Line(to_json(written))


def _written(piece: Piece, people: _People, clock: Callable[[], int], bounds: Bounds) -> JsonObject:
    if piece.error:
        raise InputError(piece.error)
    data = piece.text if isinstance(piece.text, bytes) else piece.text.encode("utf-8", "surrogatepass")
    if b'"messages"' in data:
        _refuse_large(data, bounds)
        value, _ = read_value(data)
        if isinstance(value, dict) and is_visit(value):
            visit = read_visit({"settings": people.settings, **value})
            sent = simulate(visit, PlaceholderIds(), now=clock())
            operations = [normal_operation(number, one) for number, one in sent.operations]
            return _line(operations, sent.browser, dict(sent.failures))
    given = given_in(piece, Destination("classic-cloud", people.settings), bounds)
    if given.message.source_kind == "mixpanel":
        raise InputError(NOT_SEGMENTS)
    if given.message.unread:
        raise InputError(given.message.objections[0].text)
    now = given.now(clock)
    if given.envelope is not None:
        return _People(given.destination.settings).send(given.message.document, now)
    return people.send(given.message.document, now)


def _refuse_large(data: bytes, bounds: Bounds) -> None:
    if len(data) > bounds.decoded:
        limit = size(bounds.decoded)
        raise InputError(f"{size(len(data))}: segtap reads up to {limit} a line ([ingest] max_decoded)")
    if exceeds(data, MESSAGES_TOGETHER * bounds.nodes):
        raise InputError(crowded(bounds))


class _People:
    """The browsers of those who sent the bare messages, by anonymousId."""

    def __init__(self, settings: JsonObject) -> None:
        self.settings = settings
        self._options: DeviceOptions = read_options(settings)
        self._ids = PlaceholderIds()
        self._browsers: dict[str, Browser] = {}

    def send(self, document: JsonObject, now: int) -> JsonObject:
        """Return what the next message writes."""
        who = document.get("anonymousId") or document.get("userId")
        key = to_json(who)
        browser = self._browsers.get(key)
        if browser is None:
            browser = open_page(page_of(document) or Page(), self._options, self._ids)
        step = send(browser, document, self._options, self._ids, now=now)
        self._browsers[key] = step.browser
        number = step.browser.messages
        operations = [normal_operation(number, operation) for operation in step.operations]
        return _line(operations, step.browser, {number: step.failed} if step.failed else {})


def _line(operations: list[JsonObject], browser: Browser, failures: dict[int, str]) -> JsonObject:
    listed: list[Json] = [*operations]
    made: JsonObject = {
        "operations": listed,
        "super_properties": normal_store(browser.store.properties),
    }
    if failures:
        made["failed"] = {str(number): why for number, why in failures.items()}
    return made
