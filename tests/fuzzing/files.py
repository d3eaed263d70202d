"""Any bytes in the journal's file and in segtap.toml: a sentence, or what can be read of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import damage
from engines import engine_settings, post, running_engine, track
from journal_values import a_receipt

from segtap.core import config, stores
from segtap.core.api.client import Client
from segtap.core.commands.export import export_lines
from segtap.core.commands.salvage import salvage
from segtap.core.errors import SegtapError
from segtap.core.settings import JournalSettings

from .mutations import mutate
from .target import ANSWERED_WITHIN, Misbehaved, Tracebacks, tracebacks

KINDS = ("bits", "bytes", "pages", "swapped", "cut", "header", "log", "log cut", "empty log")
USES = ("stores", "stores", "stores", "salvage", "export", "engine")
ROOT = Path(__file__).parents[2]


class Journals:
    """A journal's file, damaged: an input is the JSON of how, and of who opens it then."""

    every = 25

    def __init__(self, folder: Path, log: Tracebacks) -> None:
        self._folder, self._log = folder, log
        self._sound = (folder / "sound.db").read_bytes()
        self._wal = (folder / "sound.db-wal").read_bytes()

    def make(self, chance: Random) -> bytes:
        """Return how the file is damaged."""
        return json.dumps(
            {"kind": chance.choice(KINDS), "use": chance.choice(USES), "seed": chance.randrange(1 << 30)}
        ).encode()

    async def attempt(self, data: bytes) -> None:
        """Damage a copy of the file, and open it."""
        how = json.loads(data)
        path = self._folder / "work" / "journal.db"
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir()
        file, wal = self._damaged(how["kind"], Random(how["seed"]))
        path.write_bytes(file)
        if wal is not None:
            path.with_name("journal.db-wal").write_bytes(wal)
        try:
            async with asyncio.timeout(3 * ANSWERED_WITHIN):
                with contextlib.suppress(SegtapError):
                    await getattr(self, f"_{how['use']}")(path)
        except TimeoutError:
            raise Misbehaved(f"{how['use']} hangs") from None
        except Misbehaved:
            raise
        except Exception as error:
            raise Misbehaved(f"{how['use']} raised {error!r}") from error
        self._log.check()

    def _damaged(self, kind: str, chance: Random) -> tuple[bytes, bytes | None]:
        sound, wal = self._sound, self._wal
        page = damage.PAGE
        match kind:
            case "bits":
                return damage.flip(sound, chance.choice((1, 10, 100, 1_000)), chance), None
            case "bytes":
                changed = bytearray(sound)
                for _ in range(chance.choice((1, 5, 40))):
                    at = chance.randrange(len(changed))
                    some = chance.choice((b"\0", b"\xff", chance.randbytes(8), changed[:16]))
                    changed[at : at + len(some)] = some
                return bytes(changed), None
            case "pages":
                return damage.garbage(sound, chance.choice((0.02, 0.1, 0.5)), chance), None
            case "swapped":
                pages = [sound[at : at + page] for at in range(0, len(sound), page)]
                for _ in range(chance.choice((1, 3))):
                    one, other = chance.randrange(1, len(pages)), chance.randrange(1, len(pages))
                    pages[one], pages[other] = pages[other], pages[one]
                return b"".join(pages), None
            case "cut":
                return sound[: chance.randrange(len(sound))], None
            case "header":
                return mutate(sound[:100], chance, [sound[:100]])[:100].ljust(100, b"\0") + sound[100:], None
            case "log":
                return sound, damage.flip(wal, chance.choice((1, 10, 100)), chance)
            case "log cut":
                return sound, wal[: chance.randrange(len(wal))]
            case _:
                return sound, b""

    async def _stores(self, path: Path) -> None:
        journal = await stores.open(JournalSettings(path=str(path)))
        try:
            for ask in (
                lambda: journal.receipts.read(limit=1_000),
                lambda: journal.index.page(limit=1_000),
                lambda: journal.outbox.owed(limit=1_000),
                journal.index.counts,
                lambda: journal.index.seen([f"m-{n}-0" for n in range(50)], 0),
                lambda: journal.index.stale("x"),
                lambda: journal.index.values("event"),
                journal.index.snapshot,
                lambda: journal.outbox.deliveries_of([n << 20 for n in range(60)]),
                lambda: journal.receipts.append(a_receipt("new")),
                lambda: journal.clear(),
            ):
                with contextlib.suppress(SegtapError):
                    await ask()
        finally:
            await journal.close()

    async def _salvage(self, path: Path) -> None:
        settings = engine_settings(path.parent)
        await asyncio.to_thread(salvage, settings, str(path.with_name("new.db")), lambda part: None)
        await self._stores(path.with_name("new.db"))

    async def _export(self, path: Path) -> None:
        async for _ in export_lines(journal=JournalSettings(path=str(path)), filter="event:Event*"):
            pass

    async def _engine(self, path: Path) -> None:
        async with running_engine(engine_settings(path.parent)) as (engine, client):
            answer = await post(engine.url, track("m-new"))
            if answer.status_code not in (200, 503):
                raise Misbehaved(f"ingest answered {answer.status_code}")
            await self._ask(client)

    async def _ask(self, client: Client) -> None:
        for ask in (
            lambda: client.page(limit=1_000),
            lambda: client.page(filter="Event"),
            client.overview,
            client.users,
            client.groups,
            client.state,
            lambda: client.detail(1 << 20),
            lambda: client.replay([1 << 20]),
        ):
            with contextlib.suppress(SegtapError):
                await ask()

    async def settle(self) -> None:
        """Nothing is left over from an input."""


@contextlib.asynccontextmanager
async def journals(folder: Path) -> AsyncIterator[Journals]:
    """Make a journal, with a part of it in its log, for the target."""
    sound = folder / "sound.db"
    await damage.make(sound, 60)
    journal = await stores.open(JournalSettings(path=str(sound)))
    await damage.fill(journal, range(100, 130))
    wal = sound.with_name("sound.db-wal").read_bytes()
    file = sound.read_bytes()
    await journal.close()
    sound.write_bytes(file)
    sound.with_name("sound.db-wal").write_bytes(wal)
    logging.getLogger("segtap").setLevel(logging.ERROR)
    with tracebacks() as log:
        yield Journals(folder, log)


class SettingsFiles:
    """The text of segtap.toml."""

    every = 1_000

    def __init__(self, folder: Path) -> None:
        self._file = folder / "segtap.toml"
        self._seeds = [
            block.partition("```")[0].encode()
            for page in sorted(ROOT.glob("core/*/README.md"))
            for block in page.read_text().split("```toml\n")[1:]
        ]

    def make(self, chance: Random) -> bytes:
        """Return an example of the documentation, or two of them, changed somewhere."""
        data = b"\n".join(chance.sample(self._seeds, chance.choice((1, 1, 2))))
        lines = data.splitlines()
        if chance.random() < 0.5 and lines:
            at = chance.randrange(len(lines))
            name, equals, _ = lines[at].partition(b"=")
            if equals:
                lines[at] = name + b"= " + chance.choice(TOML_VALUES)
            return b"\n".join(lines)
        return mutate(data, chance, self._seeds, (b"[[", b"]]", b"\n[", b"= {", b'"""', b"'''", b"\n#"))

    async def attempt(self, data: bytes) -> None:
        """Read it."""
        self._file.write_bytes(data)
        try:
            config.load(environ={}, file=self._file)
        except SegtapError as error:
            if not str(error).strip():
                raise Misbehaved("an error without a word") from error
        except Exception as error:
            raise Misbehaved(f"raised {error!r}") from error

    async def settle(self) -> None:
        """Nothing is left over from an input."""


TOML_VALUES = (
    *(b"0", b"-1", b"1e400", b"nan", b"inf", b"true", b'""', b'" "', b"[]", b"{}", b"[[]]", b"[1, 'a']"),
    *(
        b"2026-11-24",
        b"2026-11-24T22:00:00Z",
        b"07:00:00",
        b"9223372036854775808",
        b'"\\u0000"',
        b"{ a = {} }",
    ),
    *(
        b'"' + b"a" * 3_000 + b'"',
        b"[" * 200 + b"]" * 200,
        b'["*"]',
        b'"x = "',
        b"[{}]",
        b"1.5",
        b'"\\uD7FF"',
    ),
)


@contextlib.asynccontextmanager
async def settings_files(folder: Path) -> AsyncIterator[SettingsFiles]:
    """Make the target."""
    yield SettingsFiles(folder)
