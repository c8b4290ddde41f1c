"""The ledger: a round counts before it is sent to, a budget refuses the next one, and nothing is counted too little."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sda.errors import ParameterError
from sda.keys import KeyFileError
from sda.privacy.ledger import FILE_NAME, Budget, BudgetError, Entry, Ledger, LedgerError, Status
from sda.privacy.noise.accounting import Loss, epsilon_of

ALICE, BOB = b"a" * 20, b"b" * 20


def entry(number: int, loss: Loss | None = None, query: bytes = b"{}") -> Entry:
    return Entry(number.to_bytes(32, "big"), number, query, loss or Loss(None, 1.0, 0.0))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger")


def test_ledger__rounds__add_up_as_they_compose(ledger: Ledger) -> None:
    losses = [Loss(3.0, 1e-9, 2.0**-64), Loss(None, 0.4, 2.0**-64), Loss(5.0, 0.0, 0.0)]
    for number, loss in enumerate(losses):
        ledger.reserve(ALICE, entry(number, loss))
    assert [each.loss for each in ledger.entries(ALICE)] == losses
    assert ledger.spent(ALICE) == epsilon_of(losses, 1e-5)
    assert ledger.spent(ALICE, 1e-3) == epsilon_of(losses, 1e-3)
    assert ledger.spent(BOB) == 0


def test_budget__the_round_that_exceeds_it__is_refused_and_leaves_nothing(ledger: Ledger) -> None:
    ledger.set_budget(ALICE, Budget(2.5, 1e-6))
    ledger.reserve(ALICE, entry(1))
    ledger.reserve(ALICE, entry(2))
    message = "round 3: would bring ε to 3 at δ = 1e-06, and the budget is 2.5: 2 is spent in 2 rounds"
    with pytest.raises(BudgetError, match=message):
        ledger.reserve(ALICE, entry(3))
    with pytest.raises(BudgetError, match="this round: would bring"):
        ledger.afford(ALICE, Loss(None, 1.0, 0.0))
    ledger.afford(ALICE, Loss(None, 0.5, 0.0))
    assert [each.round_id for each in ledger.entries(ALICE)] == [1, 2]
    ledger.reserve(BOB, entry(3))


def test_budget__delta_below_what_rounds_have__refuses_every_one(ledger: Ledger) -> None:
    ledger.set_budget(ALICE, Budget(10, 1e-9))
    with pytest.raises(BudgetError, match="ε to inf"):
        ledger.reserve(ALICE, entry(1, Loss(None, 0.1, 1e-8)))


def test_budget__lowered__keeps_what_was_counted(ledger: Ledger) -> None:
    ledger.reserve(ALICE, entry(1))
    ledger.set_budget(ALICE, Budget(0.5))
    assert ledger.spent(ALICE) == 1
    assert ledger.budget(ALICE) == Budget(0.5)
    ledger.reserve(ALICE, entry(1))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0, 0.1), r"epsilon = 0: must be in \(0, 50\]"),
        ((-1, 0.1), "epsilon = -1"),
        ((51, 0.1), "epsilon = 51"),
        ((float("nan"), 0.1), "epsilon = nan"),
        ((1, 0), r"delta = 0: must be in \(0, 1\)"),
        ((1, 1), "delta = 1"),
        ((1, float("nan")), "delta = nan"),
    ],
)
def test_budget__that_cannot_be__is_refused(values: tuple[float, float], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Budget(*values)


def test_reserve__again__is_harmless_and_with_another_cost_refused(ledger: Ledger) -> None:
    ledger.reserve(ALICE, entry(1))
    ledger.reserve(ALICE, entry(1))
    assert len(ledger.entries(ALICE)) == 1
    for other in (entry(1, Loss(None, 0.5, 0.0)), entry(1, query=b"other")):
        with pytest.raises(LedgerError, match="round 1: is counted with another query or cost"):
            ledger.reserve(ALICE, other)


def test_discard__no_row_can_have_been_sent__stops_counting(ledger: Ledger) -> None:
    ledger.reserve(ALICE, entry(1))
    ledger.discard(ALICE, entry(1).round_hash)
    ledger.discard(ALICE, entry(1).round_hash)
    assert ledger.spent(ALICE) == 0
    assert ledger.entries(ALICE)[0].status is Status.UNUSED
    with pytest.raises(LedgerError, match="given up as unused"):
        ledger.reserve(ALICE, entry(1))


def test_release__counts_for_good__also_what_was_discarded(ledger: Ledger) -> None:
    ledger.reserve(ALICE, entry(1))
    ledger.discard(ALICE, entry(1).round_hash)
    ledger.release(ALICE, entry(1).round_hash)
    assert ledger.spent(ALICE) == 1
    with pytest.raises(LedgerError, match="round 1: is released, cannot become unused"):
        ledger.discard(ALICE, entry(1).round_hash)


def test_release__of_a_round_that_is_not_in_it__is_an_error(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="is not in the ledger"):
        ledger.release(ALICE, bytes(32))


def test_ledger__another_process__sees_the_same(ledger: Ledger, tmp_path: Path) -> None:
    ledger.set_budget(ALICE, Budget(5, 1e-4))
    ledger.reserve(ALICE, entry(1))
    again = Ledger(tmp_path / "ledger")
    assert again.entries(ALICE) == ledger.entries(ALICE)
    assert again.budget(ALICE) == Budget(5, 1e-4)


def test_ledger__many_at_once__never_exceed_the_budget(ledger: Ledger, tmp_path: Path) -> None:
    """Each in a connection of its own, as processes would: five fit, whoever they are."""
    ledger.set_budget(ALICE, Budget(5.0))

    def reserve(number: int) -> bool:
        try:
            Ledger(tmp_path / "ledger").reserve(ALICE, entry(number, Loss(None, 1.0, 0.0)))
        except BudgetError:
            return False
        return True

    numbers = list(range(16))
    Random(1).shuffle(numbers)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(reserve, numbers)) == 5
    assert ledger.spent(ALICE) <= 5


def test_ledger__killed_within_a_step__is_as_before(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.reserve(ALICE, entry(1))

    class KilledError(BaseException):
        pass

    def die(*_: Any) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("sda.privacy.ledger._require_affordable", die)
        with pytest.raises(KilledError):
            ledger.reserve(ALICE, entry(2))
    assert [each.round_id for each in ledger.entries(ALICE)] == [1]
    ledger.reserve(ALICE, entry(2))


def test_ledger__file_that_is_none__is_one_clear_error(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "ledger" / FILE_NAME).write_bytes(b"not a database" * 100)
    with pytest.raises(LedgerError, match="cannot be read or written"):
        ledger.reserve(ALICE, entry(1))


def test_ledger__is_the_owners_alone(ledger: Ledger, tmp_path: Path) -> None:
    del ledger
    assert stat.S_IMODE((tmp_path / "ledger" / FILE_NAME).stat().st_mode) == 0o600
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(KeyFileError):
        Ledger(tmp_path / "open")
