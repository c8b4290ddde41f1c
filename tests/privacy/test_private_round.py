"""A query from asking to results on a real chain: clerks draw by the terms, contributors and developer keep ledgers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sda.chain.devnet import Devnet
from sda.errors import EncodingError, ParameterError, ProofError
from sda.privacy import asking, taking_part
from sda.privacy.counting import Announced, announced_epsilon, check_entry, entry_of, note_end
from sda.privacy.ledger import Budget, BudgetError, Ledger, Status
from sda.privacy.noise.dealing import draw
from sda.privacy.noise.promise import Promise
from sda.privacy.plan import Committee, Plan
from sda.privacy.query import Query
from sda.round import State, Terms
from tests.chain.stage import make_terms
from tests.privacy.queries import METRICS, people, query
from tests.rounds.cast import Cast

COMMITTEE = Committee(n=5, t=2, k=2, silent=1)
ASKED = query(METRICS["count"], METRICS["mean"], METRICS["quantiles by histogram"])
PLAN = Plan.make(ASKED, COMMITTEE, 50)
PEOPLE = people(4)
CHEAP = {
    name: getattr(make_terms(), name)
    for name in (
        *("minimum", "collect_window", "complaint_window", "row_window", "claim_window"),
        *("flat_fee", "rate", "reward"),
    )
}


class Play(Cast):
    """Clerks that draw as clerks do."""

    def draw(self, terms: Terms) -> list[int]:
        self.noise.append(draw(terms))
        return self.noise[-1]


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path) -> Iterator[Cast]:
    cast = Play(devnet, tmp_path)
    yield cast
    cast.relay.close()


@pytest.fixture
def book(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "developer-ledger")


def collecting(cast: Cast, book: Ledger, plan: Plan = PLAN) -> int:
    round_id = asking.ask(cast.developer, book, plan, **CHEAP)
    cast.node.mine(cast.rounds.settings().seed_delay + 1)
    asking.draw(cast.developer, book, plan.query, round_id)
    return round_id


def contribute_all(cast: Cast, round_id: int) -> list[tuple[Ledger, bytes]]:
    ledgers = []
    for number, point in enumerate(PEOPLE):
        agent = cast.contributor(f"person-{number}")
        ledger = Ledger(cast.home / f"person-{number}")
        taking_part.contribute(agent, ledger, ASKED, round_id, point)
        ledgers.append((ledger, agent.key.account.address))
    return ledgers


def test_query__asked_and_answered__gives_results_and_every_ledger_counts_it(cast: Cast, book: Ledger) -> None:
    round_id = collecting(cast, book)
    ledgers = contribute_all(cast, round_id)
    cast.silent = {cast.rounds.seats(round_id)[0]}
    cast.run_all()
    assert len(cast.noise) == 4, "one seat deals nothing, as s = 1 allows"
    asking.close_collection(cast.developer, book, ASKED, round_id)
    cast.past_complaints()
    cast.run_all()
    results = asking.results(cast.developer, book, ASKED, round_id)

    vectors = [PLAN.encode(point) for point in PEOPLE]
    plain = [sum(column) for column in zip(*vectors, strict=True)]
    assert results == PLAN.decode(cast.with_noise(plain), len(PEOPLE), 4)
    assert (results.count, results.dealers) == (4, 4)

    view = cast.rounds.view(round_id)
    for ledger, owner in [*ledgers, (book, cast.developer.account.address)]:
        (entry,) = ledger.entries(owner)
        check_entry(entry, view)
        note_end(ledger, owner, view)
        assert ledger.entries(owner)[0].status is Status.RELEASED
        assert ledger.spent(owner, 1e-6) == pytest.approx(1, rel=1e-6)


def test_audit__by_anyone__needs_no_query(cast: Cast, book: Ledger) -> None:
    round_id = collecting(cast, book)
    contribute_all(cast, round_id)
    cast.run_all()
    assert cast.rounds.requested_by(cast.developer.account.address) == [round_id]
    assert cast.rounds.requested_by(bytes(20)) == []

    def announced() -> Announced:
        released = cast.rounds.round(round_id).snapshot_at > 0
        return Announced.of(round_id, cast.rounds.state(round_id), cast.rounds.terms(round_id), released)

    assert announced_epsilon([announced()], 1e-5) == 0, "nothing was released yet"
    asking.close_collection(cast.developer, book, ASKED, round_id)
    assert announced().promise == Promise.make(1.0, 1e-6)
    assert announced_epsilon([announced()], 1e-5) == pytest.approx(1, rel=1e-6)


def test_announced__many_rounds__compose_and_silence_is_not_privacy() -> None:
    def one(word: bytes, sigma: int = 1, released: bool = True) -> Announced:
        terms = replace(PLAN.terms(**CHEAP), query=word, sigma=sigma)
        return Announced.of(1, State.COMPLETED, terms, released)

    pure = Promise.make(0.5, 0).word(b"")
    assert announced_epsilon([one(pure)] * 3, 1e-12) == pytest.approx(1.5, rel=1e-3)
    assert announced_epsilon([one(pure)] * 100, 1e-5) < 40
    loose = Promise.make(0.5, 1e-6).word(b"")
    assert announced_epsilon([one(loose)] * 20, 1e-5) == float("inf")
    assert announced_epsilon([one(pure), one(pure, sigma=0)], 1e-5) == float("inf")
    assert announced_epsilon([one(pure), one(bytes(32))], 1e-5) == float("inf")
    assert announced_epsilon([one(pure), one(bytes(32), released=False)], 1e-5) == 0.5


def test_contribute__another_query_than_was_shown__sends_and_counts_nothing(cast: Cast, book: Ledger) -> None:
    round_id = collecting(cast, book)
    agent, ledger = cast.contributor("person"), Ledger(cast.home / "person")
    shown = Query.from_mapping(ASKED.describe() | {"title": "something else"})
    with pytest.raises(ParameterError, match="the query that was shown"):
        taking_part.contribute(agent, ledger, shown, round_id, {})
    with pytest.raises(EncodingError, match="unknown name 'onn'"):
        taking_part.contribute(agent, ledger, ASKED, round_id, {"onn": 1.0})
    assert ledger.entries(agent.key.account.address) == []
    assert cast.relay.count(cast.rounds.view(round_id).round_hash) == 0


def test_contribute__beyond_the_budget__sends_nothing(cast: Cast, book: Ledger) -> None:
    round_id = collecting(cast, book)
    agent, ledger = cast.contributor("person"), Ledger(cast.home / "person")
    ledger.set_budget(agent.key.account.address, Budget(0.5))
    with pytest.raises(BudgetError, match=r"and the budget is 0\.5: 0 is spent in 0 rounds"):
        taking_part.contribute(agent, ledger, ASKED, round_id, PEOPLE[0])
    assert cast.relay.count(cast.rounds.view(round_id).round_hash) == 0
    ledger.set_budget(agent.key.account.address, Budget(1.5))
    first = taking_part.contribute(agent, ledger, ASKED, round_id, PEOPLE[0])
    assert taking_part.contribute(agent, ledger, ASKED, round_id, PEOPLE[0]) == first
    assert len(ledger.entries(agent.key.account.address)) == 1


def test_ask__beyond_the_developers_budget__pays_nothing(cast: Cast, book: Ledger) -> None:
    owner = cast.developer.account.address
    book.set_budget(owner, Budget(1.1, 1e-6))
    collecting(cast, book)
    before = cast.contracts.token.balance_of(owner)
    with pytest.raises(BudgetError, match="this round: would bring"):
        asking.ask(cast.developer, book, PLAN, **CHEAP)
    assert cast.contracts.token.balance_of(owner) == before
    assert cast.rounds.number() == 1


def test_round__that_ended_without_a_snapshot__stops_counting(cast: Cast, book: Ledger) -> None:
    owner, round_id = cast.developer.account.address, collecting(cast, book)
    note_end(book, owner, cast.rounds.view(round_id))
    assert book.entries(owner)[0].counts, "it still collects"
    cast.node.increase_time(CHEAP["collect_window"] + 1)
    view = cast.rounds.view(round_id)
    assert view.state is State.ABANDONED
    note_end(book, owner, view)
    assert not book.entries(owner)[0].counts
    with pytest.raises(ProofError, match="takes no snapshot"):
        cast.developer.snapshot(round_id)


def test_round__that_ended_after_its_snapshot__goes_on_counting(cast: Cast, book: Ledger) -> None:
    owner, round_id = cast.developer.account.address, collecting(cast, book)
    contribute_all(cast, round_id)
    cast.run_all()
    asking.close_collection(cast.developer, book, ASKED, round_id)
    convicted = replace(cast.rounds.view(round_id), state=State.FRAUD)
    note_end(book, owner, convicted)
    assert book.entries(owner)[0].status is Status.RESERVED
    cast.past_complaints()
    cast.node.increase_time(CHEAP["row_window"] + 1)
    failed = cast.rounds.view(round_id)
    assert failed.state is State.FAILED
    note_end(book, owner, failed)
    assert book.entries(owner)[0].status is Status.RELEASED


def test_check_entry__of_another_round_or_cost__is_refused(cast: Cast, book: Ledger) -> None:
    view = cast.rounds.view(collecting(cast, book))
    entry = entry_of(view, PLAN)
    check_entry(entry, view)
    with pytest.raises(ParameterError, match="another chain or contract"):
        check_entry(replace(entry, round_hash=bytes(32)), view)
    with pytest.raises(ParameterError, match="as the terms on chain have it"):
        check_entry(replace(entry, loss=replace(entry.loss, delta=0.0)), view)
