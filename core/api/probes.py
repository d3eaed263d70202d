"""What supervisors, scrapers and tools ask of an engine: whether it is well, its metrics, its description."""

from __future__ import annotations

from ..messages import JsonObject
from . import operations as ops
from .caller import Caller
from .models import Alive, Health, Readiness
from .operations import NoRequest


class Probes(Caller):
    """The operations of an engine that are for other programs than viewers and tests."""

    async def healthz(self) -> Health:
        """Return whether messages are accepted and what is wrong."""
        return await self.call(ops.HEALTHZ, NoRequest())

    async def livez(self) -> Alive:
        """Return that the engine lives."""
        return await self.call(ops.LIVEZ, NoRequest())

    async def readyz(self) -> Readiness:
        """Return whether messages are accepted now, and why not."""
        return await self.call(ops.READYZ, NoRequest())

    async def metrics(self) -> str:
        """Return counters, gauges and histograms in Prometheus' text form."""
        return await self.call(ops.METRICS, NoRequest())

    async def openapi(self) -> JsonObject:
        """Return the OpenAPI document of the API."""
        return await self.call(ops.OPENAPI, NoRequest())
