"""Finds where an expression of Terraform's language ends, without evaluating it."""

from __future__ import annotations

import re

SPACE = re.compile(r"(?:[ \t\r]|//[^\n]*|#[^\n]*|/\*.*?\*/)+", re.DOTALL)
"""White space and comments within a line."""
HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*)[ \t]*\r?\n")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class Unclosed(Exception):
    """A bracket, string or heredoc that is not closed; its text says what is missing."""


def end_of_expression(text: str, at: int) -> int:
    """Return the end of the expression that begins at `at`: of its line, or at a comma or bracket around it.

    Raises Unclosed.
    """
    expected: list[str] = []
    while at < len(text):
        character = text[at]
        heredoc = HEREDOC.match(text, at)
        if character == '"':
            at = end_of_text(text, at + 1)
        elif heredoc is not None:
            at = end_of_heredoc(text, heredoc).end()
        elif character in _CLOSING:
            expected.append(_CLOSING[character])
            at += 1
        elif expected and character == expected[-1]:
            expected.pop()
            at += 1
        elif not expected and character in ",\n)]}":
            return at
        else:
            space = SPACE.match(text, at)
            at = at + 1 if space is None else space.end()
    if expected:
        raise Unclosed(expected[-1])
    return at


def end_of_text(text: str, at: int) -> int:
    """Return the place after the closing quote of a string that begins before `at`. Raises Unclosed."""
    within = 0
    while at < len(text) and text[at] != "\n":
        if text.startswith(("$${", "%%{"), at):
            at += 3
        elif text.startswith(("${", "%{"), at):
            within += 1
            at += 2
        elif within and text[at] == "}":
            within -= 1
            at += 1
        elif text[at] == '"':
            if not within:
                return at + 1
            at = end_of_text(text, at + 1)
        else:
            at += 2 if text[at] == "\\" else 1
    raise Unclosed('"')


def end_of_heredoc(text: str, opening: re.Match[str]) -> re.Match[str]:
    """Find the line that closes a heredoc. Raises Unclosed."""
    closing = re.compile(rf"^[ \t]*{re.escape(opening[2])}[ \t]*\r?$", re.MULTILINE)
    found = closing.search(text, opening.end())
    if found is None:
        raise Unclosed(opening[2])
    return found
