"""The Wire pane: the body exactly as it is sent, above what it decodes to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from textual.app import ComposeResult
from textual.content import Content

from ... import core
from ...core.api.models import MessageDetail
from ...core.masks import MASK
from ...core.places import in_body
from ...core.text import clean, size
from ..render.json import parse
from ..render.json_row import short_token
from .json_view import JsonView
from .request_pane import RequestPane, is_pasted
from .text_block import TextBlock
from .text_view import TextView, readable

if TYPE_CHECKING:
    from ...core import WireForm

TEXT_SHOWN = 256 * 1024
"""Bytes of a text as it came: more of it is of no use to a reader."""
SHAPES = {"json": "JSON", "form": "form", "base64": "base64"}


class WirePane(RequestPane):
    """One request at a time, as the Mixpanel pane: above as it is sent, below decoded."""

    TITLE = "Wire"
    DEFAULT_CSS = """
    WirePane {
        & > TextView { height: 1fr; }
        & > JsonView { height: 2fr; border-top: solid $border-blurred; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.note = TextBlock(classes="note")
        self.text = TextView()
        self.json = JsonView()
        self.json.rows.shorten_token = short_token

    def compose(self) -> ComposeResult:
        yield self.note
        yield self.text
        yield self.json

    def fill(self, detail: MessageDetail | None) -> None:
        """Show one request as it crosses the wire."""
        if detail is not None and detail.source_kind == "mixpanel":
            self._as_it_came(detail)
            return
        form = self.form()
        self.text.display = self.json.display = form is not None
        if form is None:
            self.note.put(Content.styled("Nothing is sent." if detail is not None else "", "$dim"))
            self.title("nothing sent" if detail is not None else "")
            return
        self.note.put(self._about(form))
        self.text.show(sent(form), json=form.shape == "json")
        self.json.show(parse(form.decoded), root=in_body(self.page), key=(self._of, self.page, form.decoded))
        self.title(self._what(form))

    def form(self) -> WireForm | None:
        """Return the shown request as it is sent, with its secrets masked; None if there is none."""
        if self.request is None:
            return None
        self.page %= len(self.operations)
        return None if self.shown is None else core.wire_form(self.shown)

    def copy_text(self) -> str:
        """Return the body as it is sent, before gzip; for a Mixpanel body the text received."""
        if self.detail is not None and self.detail.source_kind == "mixpanel":
            return readable(_as_received(self.detail))
        form = self.form()
        return "" if form is None else sent(form)

    def _as_it_came(self, detail: MessageDetail) -> None:
        """Show a Mixpanel body, or the request that a record came in, above its decoded form."""
        whole = _as_received(detail)
        text = readable(whole[:TEXT_SHOWN])
        self.text.display = self.json.display = True
        shown = min(TEXT_SHOWN, len(whole))
        part = f", the first {size(shown)}" if shown < max(len(whole), detail.receipt.body_bytes) else ""
        below = "below decoded" if is_pasted(detail) else "below this record decoded"
        self.note.put(Content.styled(f"As received{part}; {below}.", "$dim"))
        self.text.show(text, json=text.lstrip()[:1] in ("{", "["))
        self.json.show(parse(detail.document), root=in_body(0), key=(detail.summary.id, 0, detail.document))
        self.title(f"as received, {size(detail.receipt.body_bytes or len(whole))}")

    def _what(self, form: WireForm) -> str:
        parts = [SHAPES[form.shape]]
        if form.content_encoding:
            parts += [form.content_encoding, f"{size(form.raw_size)} → {size(form.size)}"]
        else:
            parts.append(size(form.size))
        forms = len(self.operations)
        of = f" · {self.page + 1} of {forms}" if forms > 1 else ""
        return ", ".join(parts) + of

    def _about(self, form: WireForm) -> Content:
        where = {
            "json": "the JSON text; gzip is applied to it" if form.content_encoding else "the JSON text",
            "form": "the form field data, percent-encoded",
            "base64": "base64 in the field data",
        }[form.shape]
        to = form.url.partition("?")[0] if self.elsewhere else form.path
        return Content.assemble(
            (f"{form.method} ", "bold $accent"),
            (clean(to), "$foreground"),
            (f"  {where}", "$dim"),
            *([(f"\n{self._credentials()}", "$dim")] if self.account else []),
        )

    def _credentials(self) -> str:
        """Describe the credentials that segtap sends in place of Segment's own."""
        assert self.account is not None
        account = f"Basic {self.account.user}:{MASK} and project_id={self.account.project_id}"
        return f"Authorization  {clean(account)}\n{self.account_note}"


def _as_received(detail: MessageDetail) -> bytes:
    """Return the text that was pasted, or the body, of a GET the query, that a record came in."""
    if is_pasted(detail):
        return detail.original
    return detail.receipt.body or detail.receipt.query.encode() or detail.original


def sent(form: WireForm) -> str:
    """Return the text that is sent; the dots of a masked secret stay dots in any encoding."""
    return form.text.decode("utf-8", "replace").replace(quote(MASK), MASK)
