"""Runs the stand-in Mixpanel by hand: `python -m segtap.core.stand_in --port 9000`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys

from .server import MixpanelServer


async def serve(port: int) -> None:
    """Serve until cancelled; the URL goes to stdout."""
    async with MixpanelServer(port=port) as server:
        print(json.dumps({"url": server.url}), flush=True)
        await asyncio.Event().wait()


def main() -> int:
    """Run by hand."""
    parser = argparse.ArgumentParser(description="A stand-in for Mixpanel's ingestion API.")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
