"""`python -m segtap.tui` is `segtap`."""

from .cli import main

main()
