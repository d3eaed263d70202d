"""Every request but POST: the pixel, settings that SDKs load, Mixpanel's GETs, and preflights."""

from __future__ import annotations

import asyncio

from ..errors import JournalError, RequestRefused
from ..sources.allowed import NotAccepted, refuse_body, refuse_key, refuse_records
from ..sources.decode import InflatesTooFar, NotJson
from ..sources.mixpanel.answers import DeviceRefused
from ..sources.mixpanel.requests import admit, answered, refused_reply
from ..sources.parts import members
from ..sources.segment.cdn import base_of, script_url, settings_json
from ..sources.segment.pixel import GIF, pixel_json
from ..sources.segment.routes import Route, is_tee, route_of
from ..sources.segment.validate import NO_RECORDS, nested_too_deep, too_deep
from .cors import METHODS, answer_headers, preflight_headers
from .exchange import AT_ONCE, JSON, NO_STORE, Exchange


class Asking(Exchange):
    """A request that is not a POST, and its answer."""

    __slots__ = ()

    async def serve(self) -> None:
        """Answer everything but POST."""
        if self.endpoint.settings.peer_rate and await self.refuse_crowd():
            return
        if self.method == "OPTIONS":
            self.endpoint.knocks.preflight(self.headers, self.path)
            await self.answer(204, b"", preflight_headers(self.headers))
        elif self.method in ("GET", "HEAD"):
            await self.get(route_of(self.path))
        else:
            self.endpoint.knocks.lost(self.headers, self.path, self.method)
            await self.answer_json(405, f"{self.method} is not accepted here", (b"allow", METHODS))

    async def get(self, route: Route) -> None:
        """Answer a GET or HEAD: the pixel, the settings of a source, or what is wrong with it."""
        if await self.get_device():
            return
        if route.kind == "pixel":
            await self.pixel()
        elif route.kind == "settings" and route.key:
            if self.endpoint.keys:
                try:
                    refuse_key(route.key, self.endpoint.keys)
                except RequestRefused as error:
                    await self.refuse(error, b"")
                    return
            if self.method == "GET":
                self.endpoint.knocks.settings(self.headers, self.path)
            host, protocol = self.seen_as()
            device = self.endpoint.device()
            body = settings_json(route.key, host, protocol, base_of(self.path), device)
            await self.answer(200, body, [JSON, NO_STORE, *answer_headers(self.origin)])
        elif (device := self.endpoint.device()) and (url := script_url(self.path, device.cdn)):
            where = [(b"location", url.encode()), NO_STORE, *answer_headers(self.origin)]
            await self.answer(302, b"", where)
        elif self.query and (refused := refused_reply(self.path, self.query, b"", NO_RECORDS)):
            await self.refuse_device(refused)
        elif route.kind in ("call", "batch", "metrics"):
            self.endpoint.knocks.lost(self.headers, self.path, self.method)
            await self.answer_json(405, f"{self.path} accepts POST only", (b"allow", METHODS))
        else:
            self.endpoint.knocks.lost(self.headers, self.path, self.method)
            where = "segtap listens here: point a Segment SDK at this address, or POST to /v1/batch"
            await self.answer_json(404, where)

    async def get_device(self) -> bool:
        """Answer a GET or HEAD of one of Mixpanel's SDKs; return False if it is none."""
        if (reply := answered(self.path, self.query)) is not None:
            if self.method == "GET":
                self.endpoint.knocks.device(self.headers, self.path)
            await self.answer_device(reply)
            return True
        settings = self.endpoint.settings
        try:
            admitted = admit(
                self.path,
                self.query,
                b"",
                max_depth=settings.max_depth,
                limit=min(AT_ONCE, settings.max_decoded),
            )
        except DeviceRefused as error:
            await self.refuse_device(error)
            return True
        if admitted is None:
            return False
        if admitted.records and self.endpoint.keys:
            try:
                refuse_records(self.path, self.query, b"", self.endpoint.keys)
            except DeviceRefused as error:
                await self.refuse_device(error)
                return True
        if self.method == "GET":
            await self.keep_device(admitted, b"")
        else:
            await self.answer_device(admitted.reply)
        return True

    async def refuse_device(self, error: DeviceRefused) -> None:
        """Refuse a GET of one of Mixpanel's SDKs; a HEAD, which looks at a link only, leaves nothing."""
        if self.method == "GET":
            await self.refuse(error, b"")
        else:
            await self.answer_device(error.reply)

    async def pixel(self) -> None:
        """Answer a pixel with the image, as Segment does whatever was sent; only HEAD leaves no message."""
        headers = [(b"content-type", b"image/gif"), NO_STORE, *answer_headers(self.origin)]
        if self.method == "GET":
            self.endpoint.knocks.forget()
            try:
                await self.check_pixel()
            except NotAccepted as error:
                await self.refuse(error, b"")
                return
            except (RequestRefused, NotJson) as error:
                reason = (
                    str(error)
                    if isinstance(error, RequestRefused)
                    else f"the pixel's data is no JSON: {error}"
                )
                await self.keep_bad_pixel(reason)
            else:
                try:
                    await self.keep(self.receipt(b"", "tee" if is_tee(self.query) else "pixel"), 1)
                except JournalError as error:
                    await self.answer_later(error)
                    return
        await self.answer(200, GIF, headers)

    async def check_pixel(self) -> None:
        """Check the pixel's data. Raises RequestRefused or NotJson if the query holds no message."""
        most = self.endpoint.settings.max_decoded
        try:
            return self.check_pixel_up_to(min(AT_ONCE, most))
        except InflatesTooFar:
            if most <= AT_ONCE:
                raise
        async with self.endpoint.beside:
            await asyncio.to_thread(self.check_pixel_up_to, most)

    def check_pixel_up_to(self, limit: int) -> None:
        """Check the pixel's data. Raises InflatesTooFar beyond so many bytes."""
        text = pixel_json(self.query, limit).text
        members(text)
        if self.endpoint.keys:
            refuse_body(text, self.authorization, self.query, self.endpoint.keys)
        if too_deep(text, self.endpoint.settings.max_depth):
            raise nested_too_deep(self.endpoint.settings.max_depth)

    async def keep_bad_pixel(self, reason: str) -> None:
        """Keep a pixel without a message as a refused request."""
        await self.endpoint.keep_refused(self.receipt(b"", "pixel", refused=reason))

    def seen_as(self) -> tuple[str, str]:
        """Return host and protocol under which the client reaches this endpoint, also through a tunnel."""
        own_protocol, _, own_host = self.endpoint.url.partition("://")
        host = self.header(b"x-forwarded-host") or self.header(b"host")
        protocol = (self.header(b"x-forwarded-proto") or b"").partition(b",")[0].strip().decode("latin-1")
        if protocol not in ("http", "https"):
            protocol = str(self.scope.get("scheme", own_protocol))
        return (host.partition(b",")[0].strip().decode("latin-1") if host else own_host.rstrip("/")), protocol
