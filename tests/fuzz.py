"""Fuzzes one part of segtap: `python tests/fuzz.py TARGET --seconds N --seed S --findings FOLDER`.

Inputs are the captures of SDKs and the examples of the documentation, changed at random; the same seed makes
the same ones. What segtap must never do (crash, hang, answer 500, lose what it acknowledged, take memory
without end) is written to the folder, with the input, and the run goes on; it ends with 1 then.
Inputs that are worth keeping belong to `tests/data/fuzz/TARGET`, which `test_fuzz_corpus.py` replays.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import hashlib
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from random import Random

from fuzzing.answers import answers
from fuzzing.control import control
from fuzzing.files import journals, settings_files
from fuzzing.ingest import ingest
from fuzzing.target import Misbehaved, Target

TARGETS: dict[str, Callable[[Path], AbstractAsyncContextManager[Target]]] = {
    "ingest": ingest,
    "control": control,
    "answers": answers,
    "journal": journals,
    "settings": settings_files,
}
STUCK = 300.0
"""Seconds without an input after which the process says where it hangs, and ends."""
MOST_FINDINGS = 50


async def fuzz(name: str, seconds: float, most: int, seed: int, findings: Path, folder: Path) -> int:
    """Give a target inputs for so many seconds, `most` at most; how many of them found something."""
    found, tried, chance = 0, 0, Random(seed)
    async with TARGETS[name](folder) as target:
        end = time.monotonic() + seconds
        while time.monotonic() < end and tried < most and found < MOST_FINDINGS:
            faulthandler.dump_traceback_later(STUCK, exit=True)
            data = target.make(chance)
            (findings / f"{name}.now").write_bytes(data)
            tried += 1
            try:
                await target.attempt(data)
                if tried % target.every == 0:
                    await target.settle()
            except Misbehaved:
                found += 1
                keep(findings, name, data, traceback.format_exc())
    faulthandler.cancel_dump_traceback_later()
    (findings / f"{name}.now").unlink(missing_ok=True)
    print(f"{name}: {tried:,} inputs from seed {seed}, {found} found something", flush=True)
    return found


def keep(findings: Path, name: str, data: bytes, words: str) -> None:
    """Write down an input, and what came of it."""
    digest = hashlib.sha256(data).hexdigest()[:12]
    (findings / f"{name}-{digest}").write_bytes(data)
    (findings / f"{name}-{digest}.txt").write_text(words)
    print(f"{name}-{digest}: {words.strip().splitlines()[-1][:300]}", flush=True)


def main() -> None:
    """Run the command line above."""
    parser = argparse.ArgumentParser(description="Fuzz one part of segtap.")
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--inputs", type=int, default=sys.maxsize, help="at most so many inputs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--findings", type=Path, default=Path("findings"))
    given = parser.parse_args()
    given.findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"HOME": folder, "XDG_STATE_HOME": folder, "XDG_CONFIG_HOME": folder}
        asked = given.target, given.seconds, given.inputs, given.seed, given.findings, Path(folder)
        found = asyncio.run(fuzz(*asked))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
