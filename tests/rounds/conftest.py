"""A stage for whole rounds of any parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sda.chain.devnet import Devnet
from sda.params import TEST, Parameters
from tests.chain.stage import Stage, make_terms

MakeStage = Callable[..., Stage]


@pytest.fixture
def make_stage(devnet: Devnet, tmp_path: Path) -> Iterator[MakeStage]:
    """`make_stage(parameters, **terms)`: enough clerks and a developer; nothing has been requested."""
    made: list[Stage] = []

    def make(parameters: Parameters = TEST, **changes: Any) -> Stage:
        directory = tmp_path / f"stage-{len(made)}"
        directory.mkdir()
        clerks = -(-4 * parameters.n // 3)
        made.append(Stage(devnet, directory, clerks=clerks, terms=make_terms(parameters, **changes)))
        return made[-1]

    yield make
    for stage in made:
        stage.close_files()
