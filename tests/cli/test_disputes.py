"""`sda dispute`: verdicts in words."""

from __future__ import annotations

from tests.cli.shell import Shell
from tests.cli.steps import collecting, contributed


def test_show__nothing_was_decided(sda: Shell) -> None:
    collecting(sda)
    assert sda.json("dispute show 0") == {"round": 0, "state": "collecting", "verdicts": []}
    assert "the round is collecting" in sda("dispute show 0")


def test_answer__nothing_is_demanded(sda: Shell) -> None:
    contributed(sda)
    sda("round snapshot 0")
    assert sda.json("dispute answer 0") == {"round": 0, "answered": []}
