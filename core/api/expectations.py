"""What tests may ask of an engine: one method for each operation that is for them."""

from __future__ import annotations

from . import operations as ops
from .caller import Caller
from .matches import Matches
from .operations import NoRequest


class Expectations(Caller):
    """The messages of an engine since the last reset, as its tests see them.

    The test token opens them as well. Every method raises FilterFault for a filter that cannot be read.
    """

    async def messages(self, filter: str = "") -> Matches:
        """Return the messages received so far that match."""
        return await self.call(ops.MESSAGES, ops.MatchesRequest(filter))

    async def reset(self) -> None:
        """See only messages that are received from now on."""
        await self.call(ops.RESET, NoRequest())

    async def wait(
        self, filter: str = "", *, count: int = 1, exact: bool = False, within: float = 10.0
    ) -> Matches:
        """Wait until at least `count` messages match; with `exact`, exactly so many when the time is over.

        Raises Unmet with what is there if that does not come true.
        """
        return await self.call(ops.WAIT, ops.WaitRequest(filter, count, exact, within))

    async def expect(
        self,
        filter: str,
        *,
        count: int | None = None,
        exact: bool = False,
        none: bool = False,
        within: float = 10.0,
    ) -> Matches:
        """Wait as `wait` does; with `none`, for no message that matches. Raises Unmet."""
        return await self.call(ops.EXPECT, ops.ExpectRequest(filter, count, exact, none, within))
