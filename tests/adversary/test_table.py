"""docs/adversary.md says what happens."""

from __future__ import annotations

from tests.adversary.table import DOCUMENT, table


def test_every_scenario__ends_as_the_document_says() -> None:
    assert table() == DOCUMENT.read_text(), "play them again: python -m tests.adversary.table --write"
