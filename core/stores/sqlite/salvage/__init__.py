"""Reading what is left of a damaged journal, without SQLite: from its bytes, page by page.

SQLite gives up where a page that leads to others is damaged. Here the pages are found one by one, in the
file and in its log, whatever leads to them. Nothing is ever written to the old file.

- `pages`: the file's pages, with those of the log over them
- `records`: the cells of a page, and the values in them
- `tables`: which rows of which table are on which page
- `routes`: what is owed to mirrors and archives
- `copying`: the rows that can be read go into a new journal
"""

from __future__ import annotations

from .copying import Copied, Copy

__all__ = ["Copied", "Copy"]
