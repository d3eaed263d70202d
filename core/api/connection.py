"""The HTTP connection of a client: opened with the first request, closed after the last one."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from ..answers import ACCEPT_PLAIN, codings_of
from ..errors import EngineError
from ..server_url import is_this_machine

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT, ANSWER_TIMEOUT = 5.0, 60.0
_AHEAD = 2
"""The most values that are read before they are asked for."""
T = TypeVar("T")


class Connection:
    """HTTP to the engine at `url`. Raises EngineError if it cannot be reached.

    Once closed, it refuses new requests and lets those under way end; the last of them closes the sockets.
    """

    def __init__(self, url: str, token: str, ca: str = "") -> None:
        self.url = url
        self._ca = ca
        self._token = token
        self._http: httpx.AsyncClient | None = None
        self._closed = False
        self._under_way = 0

    @contextlib.asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int],
        body: bytes | None,
        seconds: float = 0.0,
    ) -> AsyncGenerator[httpx.Response]:
        """Send a request and yield its answer, whose body is not read yet.

        The engine may wait for `seconds` before it answers.
        """
        import httpx

        http = self._opened()
        self._under_way += 1
        try:
            timeout = httpx.Timeout(ANSWER_TIMEOUT + seconds, connect=CONNECT_TIMEOUT)
            async with http.stream(method, path, params=query, content=body, timeout=timeout) as answer:
                if codings_of(answer):
                    # segtap does not compress its answers, and httpx would unpack them without a limit.
                    raise foreign(self.url)
                yield answer
        except httpx.HTTPError as error:
            raise gone(self.url, words_of(error)) from error
        finally:
            self._under_way -= 1
            await self._close_if_idle()

    async def close(self) -> None:
        """Refuse every later request, and close the sockets once no request is under way."""
        self._closed = True
        await self._close_if_idle()

    async def _close_if_idle(self) -> None:
        # If httpx closes a connection under a request, that raises RuntimeError and leaks a socket.
        if self._closed and not self._under_way and self._http is not None:
            http, self._http = self._http, None
            await http.aclose()

    def _opened(self) -> httpx.AsyncClient:
        if self._closed:
            # A screen that moved on to another engine may still hold this client. Nobody would close a new
            # connection.
            raise gone(self.url, "this connection to it was closed")
        if self._http is None:
            import httpx

            try:
                self._http = httpx.AsyncClient(
                    base_url=self.url,
                    headers={
                        "Authorization": f"Bearer {self._token}",
                        "Content-Type": "application/json",
                        **ACCEPT_PLAIN,
                    },
                    timeout=httpx.Timeout(ANSWER_TIMEOUT, connect=CONNECT_TIMEOUT),
                    # The engine is on this machine: proxies are for the web.
                    trust_env=False,
                    # Without TLS nothing is verified, and loading the certificates takes 40 ms.
                    verify=tls_for(self.url, self._ca) or False,
                )
            except (httpx.InvalidURL, ValueError) as error:
                raise EngineError(f"{self.url!r} is not the URL of an engine: {error}.") from error
        return self._http


class InATask(Generic[T]):
    """The values of a generator, which runs in a task of its own, a few values ahead.

    An answer of httpx has to be closed by the task that opened it. A reader that leaves a loop in the middle
    closes this from any task, or never: then the end of the event loop does.
    """

    def __init__(self, values: AsyncGenerator[T]) -> None:
        self._read: asyncio.Queue[T | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(_AHEAD)
        self._task = asyncio.create_task(self._fill(values))
        self._task.add_done_callback(lambda _: self._read.put_nowait(None))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        value = await self._read.get()
        if value is None:
            self._task.result()
            raise StopAsyncIteration
        self._room.release()
        return value

    async def aclose(self) -> None:
        """End the task, and wait until it has ended."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _fill(self, values: AsyncGenerator[T]) -> None:
        async with contextlib.aclosing(values):
            async for value in values:
                await self._room.acquire()
                self._read.put_nowait(value)


def tls_for(url: str, ca: str = "") -> ssl.SSLContext | None:
    """Return the TLS settings for an engine, None for one at an http URL.

    The certificate is verified with those of the file `ca`, or with the system's. On this machine it is not
    without `ca`: it names another host than the loopback address. Raises EngineError for a file that cannot
    be used.
    """
    if not url.startswith("https:"):
        return None
    try:
        context = ssl.create_default_context(cafile=ca or None)
    except (OSError, ssl.SSLError) as error:
        raise EngineError(f"{ca} is not a file with certificates: {error}.") from error
    if is_this_machine(url) and not ca:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def gone(url: str, why: str) -> EngineError:
    """Return the error of an engine that does not answer."""
    return EngineError(f"The engine at {url} does not answer ({why}). Start one with: segtap")


def foreign(url: str) -> EngineError:
    """Return the error of a server that does not answer as this version of segtap does."""
    return EngineError(f"The server at {url} is not a segtap of this version. Attach to another URL.")


def words_of(error: BaseException) -> str:
    """Return why a connection failed, in a few words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError):
            return "nothing listens there"
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__
