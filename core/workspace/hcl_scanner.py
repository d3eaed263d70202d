"""Takes signs and names from the text of a Terraform file, and says where something is wrong."""

from __future__ import annotations

import re

from ..errors import InputError
from .hcl_skip import SPACE

INSTEAD = "Export what Terraform makes of it instead: terraform show -json > workspace.json"
SPACE_AND_LINES = re.compile(r"(?:\s|//[^\n]*|#[^\n]*|/\*.*?\*/)+", re.DOTALL)
NAME = re.compile(r"[^\W\d][\w-]*")


class NotUnderstood(InputError):
    """An expression that is Terraform, and that segtap cannot evaluate."""


def _line_at(name: str, text: str, at: int) -> str:
    return f"{name}, line {text.count(chr(10), 0, at) + 1}"


class Scanner:
    """Text with a place in it, from which the next sign or name is taken."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text.removeprefix("\ufeff")
        self.name = name
        self.at = 0

    def fault(self, words: str) -> InputError:
        """Return the error for text that is not Terraform, with the line and what to do instead."""
        return InputError(f"{_line_at(self.name, self.text, self.at)}: {words}. {INSTEAD}")

    def beyond(self, words: str) -> NotUnderstood:
        """Return the error for an expression that is Terraform, and that segtap cannot evaluate."""
        return NotUnderstood(f"{_line_at(self.name, self.text, self.at)}: {words}")

    def skip(self, *, lines: bool) -> None:
        """Go past white space and comments, with `lines` over line ends too."""
        found = (SPACE_AND_LINES if lines else SPACE).match(self.text, self.at)
        self.at = found.end() if found else self.at

    def take(self, sign: str, *, lines: bool = True) -> bool:
        """Go past a sign if it comes next; return whether it did."""
        self.skip(lines=lines)
        if not self.text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True

    def need(self, sign: str) -> None:
        """Go past a sign. Raises InputError if something else comes next."""
        if not self.take(sign):
            raise self.fault(f"{sign} is missing before {self.next()}")

    def next(self) -> str:
        """Return the next few characters, for an error."""
        return repr(self.text[self.at : self.at + 12]) if self.at < len(self.text) else "the end"

    def name_of(self) -> str:
        """Read a name. Raises InputError if something else comes next."""
        self.skip(lines=True)
        found = NAME.match(self.text, self.at)
        if found is None:
            raise self.fault(f"a name is missing before {self.next()}")
        self.at = found.end()
        return found[0]
