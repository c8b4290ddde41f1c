"""Rounds brought to the point where a test begins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sda.chain.devnet import Devnet
from tests.chain.stage import Stage


@pytest.fixture
def stage(devnet: Devnet, tmp_path: Path) -> Iterator[Stage]:
    """Eight clerks and a developer; nothing has been requested."""
    stage = Stage(devnet, tmp_path)
    yield stage
    stage.close_files()


@pytest.fixture
def collecting(stage: Stage) -> Stage:
    """A round with a committee."""
    stage.request()
    stage.draw()
    return stage


@pytest.fixture
def answering(collecting: Stage) -> Stage:
    """A round with six contributors that waits for rows."""
    collecting.contribute(6)
    collecting.snapshot()
    return collecting
