"""Wide rounds on Anvil: rows posted as roots, served, checked, doubted, opened; paid as narrow ones are, by their data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sda.chain.devnet import Devnet
from sda.params import TEST
from sda.round import State, Terms
from tests.chain.stage import make_terms
from tests.rounds.cast import Cast


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path) -> Iterator[Cast]:
    cast = Cast(devnet, tmp_path)
    yield cast
    cast.relay.close()


def wide_terms(**changes: int) -> Terms:
    """Of five chunks of three packed columns."""
    parameters = replace(TEST, length=13 * TEST.k * TEST.slots_per_element, chunk=4)
    return make_terms(parameters, **changes)


def past_rows(cast: Cast) -> None:
    """The three row windows of a wide round pass."""
    cast.node.increase_time(3 * make_terms().row_window + 1)


def test_a_wide_round__from_the_request_to_the_last_payment(cast: Cast) -> None:
    round_id = cast.open(wide_terms())
    total = cast.contribute(round_id)
    cast.developer.snapshot(round_id)
    cast.run_all()
    cast.past_complaints()
    deeds = cast.run_all()
    assert [deed for deed in deeds if deed.failed] == []
    assert cast.rounds.state(round_id) is State.ANSWERING
    assert cast.developer.check_rows(round_id) == []
    assert cast.developer.reveal(round_id) == total
    past_rows(cast)
    assert cast.rounds.state(round_id) is State.COMPLETED
    cast.run_all()
    assert cast.rounds.round(round_id).closed
