"""The page on connection modes, as `segtap help modes` prints it."""

from __future__ import annotations

from segtap.core.sources.guide import modes_guide


def test_the_page_has_a_line_for_each_of_mixpanels_sdks() -> None:
    text = modes_guide()
    for words in ("mixpanel.set_config({ api_host:", "protocol: 'http' })", "Consumer(events_url="):
        assert words in text
