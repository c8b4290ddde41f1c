"""The cast of a round, ready to be betrayed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sda.chain.devnet import Devnet
from tests.rounds.cast import Cast


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path) -> Iterator[Cast]:
    """Eight clerks and a developer with files of their own."""
    cast = Cast(devnet, tmp_path)
    yield cast
    cast.relay.close()
