"""What the filter's line and an empty list offer: values that were seen, and filters that match something."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

import msgspec
from rich.cells import cell_len, set_cell_size

from ...core.errors import EngineError

if TYPE_CHECKING:
    from ...core.api.models import MessageDetail
    from ...core.messages import JsonObject
    from ...core.query.completion import Spot
    from ..model.list_source import ListSource
    from ..widgets.filter_bar import FilterBar


class RunWorker(Protocol):
    """The screen's `run_worker`."""

    def __call__(self, work: Callable[[], Awaitable[None]], *, group: str, exclusive: bool) -> object: ...


class FilterHelp:
    """Asks the engine what a filter can ask for. Without an engine it offers nothing, which the header says.

    `detail` returns the selected message, `changed` is called when there are other examples.
    """

    def __init__(
        self,
        source: ListSource,
        bar: FilterBar,
        detail: Callable[[], MessageDetail | None],
        run: RunWorker,
        changed: Callable[[], None],
    ) -> None:
        self._source = source
        self._bar = bar
        self._detail = detail
        self._run = run
        self._changed = changed
        self._examples: tuple[str, ...] = ()
        self._examples_for = ""

    def examples(self, text: str) -> tuple[str, ...]:
        """Return lines with three filters that match messages, while `text` matches none.

        The first call for a text returns none, and looks for them.
        """
        if self._examples_for != text:
            self._examples_for, self._examples = text, ()
            self._run(partial(self._find_examples, text), group="examples", exclusive=True)
        return self._examples

    def suggest(self, spot: Spot) -> None:
        """Offer values for a part of the filter, once the engine has answered."""
        self._run(partial(self._suggest, spot), group="suggestions", exclusive=True)

    async def _find_examples(self, text: str) -> None:
        from ..model.completion import examples

        with contextlib.suppress(EngineError):
            found = await examples(self._source.viewer.values)
            if not found or self._source.text != text:
                return
            longest = max(cell_len(one.label) for one in found)
            lines = [f"  {set_cell_size(one.label, longest)}   {one.note}" for one in found]
            self._examples = "", "These match, for example:", *lines
            self._changed()

    async def _suggest(self, spot: Spot) -> None:
        from ..model.completion import seen

        with contextlib.suppress(EngineError):
            self._bar.offer(spot, await seen(spot, self._source.viewer.values, self._document()))

    def _document(self) -> JsonObject:
        """Return the selected message; {} if there is none, or it is not a JSON object."""
        detail = self._detail()
        try:
            value: object = {} if detail is None else msgspec.json.decode(detail.document)
        except (ValueError, RecursionError):
            return {}
        return cast("JsonObject", value) if isinstance(value, dict) else {}
