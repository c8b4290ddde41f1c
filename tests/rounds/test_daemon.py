"""Clerks that run unattended, on a real chain: whole rounds, lies, nodes that fail, blocks that are taken back."""

from __future__ import annotations

import json
import logging
import resource
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sda.agents.clerk import ClerkAgent
from sda.agents.daemon import STATE_FILE, Options
from sda.answers import AnswerBook
from sda.chain.devnet import Devnet, set_ether
from sda.chain.evidence import set_struct
from sda.chain.rpc import request
from sda.chain.settings import TOKEN
from sda.errors import ProofError
from sda.pairs import Pairs, pairs_file
from sda.round import State
from tests.adversary.forger import other_point
from tests.adversary.test_contributors import lie
from tests.chain.proxy import hostile_node
from tests.chain.stage import make_terms
from tests.rounds.attended import QUICK, attended, daemon_of, running, wait_until
from tests.rounds.cast import Cast


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path) -> Iterator[Cast]:
    cast = Cast(devnet, tmp_path)
    yield cast
    cast.relay.close()


def rows_are_there(cast: Cast, round_id: int) -> bool:
    return len(cast.rounds.rows(round_id)) == make_terms().n


def checked(cast: Cast, round_id: int) -> bool:
    """Whether every seat has computed its row."""
    view = cast.rounds.view(round_id)
    assert view.closed is not None
    books = [AnswerBook(agent.keys.directory) for agent in cast.committee(round_id)]
    return all(book.kept(view.round_hash, seat, view.closed.set_hash) for seat, book in enumerate(books))


def answering(cast: Cast) -> tuple[int, list[int]]:
    """A round whose rows are due, and what it adds up to."""
    round_id = cast.open()
    total = cast.contribute(round_id)
    cast.developer.snapshot(round_id)
    cast.past_complaints()
    return round_id, total


@pytest.mark.parametrize("skew", [0.0, 10 * 365 * 86_400.0])
def test_honest_round__is_served_from_draw_to_close(cast: Cast, monkeypatch: pytest.MonkeyPatch, skew: float) -> None:
    """Whatever this machine's clock says: the chain's counts."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + skew)
    with attended(cast):
        round_id = cast.open()
        total = cast.contribute(round_id)
        met = cast.committee(round_id)[0].keys
        wait_until(cast, lambda: len(Pairs.load(pairs_file(met.directory, 0), met.key(0))) == 4)
        cast.developer.snapshot(round_id)
        wait_until(cast, lambda: checked(cast, round_id), ticking=False)
        cast.past_complaints()
        wait_until(cast, lambda: rows_are_there(cast, round_id), ticking=False)
        assert cast.developer.reveal(round_id) == total
        wait_until(cast, lambda: cast.rounds.round(round_id).closed)
    assert cast.rounds.state(round_id) is State.COMPLETED
    state = json.loads((met.directory / STATE_FILE).read_text())
    assert state["due"] > state["chain_time"]


def test_bad_share__is_shown_excluded_and_settled(cast: Cast) -> None:
    with attended(cast):
        round_id = cast.open()
        total = cast.contribute(round_id, 3)
        lie(cast, round_id, "liar", other_point(1))
        cast.developer.snapshot(round_id)
        wait_until(cast, lambda: len(cast.rounds.disputes.exclusions(round_id)) == 1)
        cast.node.increase_time(make_terms().complaint_window)
        wait_until(cast, lambda: rows_are_there(cast, round_id))
    assert cast.developer.reveal(round_id) == total


def test_rows_taken_back_by_a_reorganisation__are_sent_again_as_they_were(cast: Cast) -> None:
    round_id, total = answering(cast)
    url = cast.node.url
    before = request(url, "evm_snapshot", [])
    with attended(cast):
        wait_until(cast, lambda: rows_are_there(cast, round_id), ticking=False)
        rows = cast.rounds.rows(round_id)
        wait_until(cast, lambda: cast.rounds.round(round_id).closed)
        assert request(url, "evm_revert", [before])
        assert not cast.rounds.rows(round_id)
        cast.node.mine()
        wait_until(cast, lambda: rows_are_there(cast, round_id), ticking=False)
    assert cast.rounds.rows(round_id) == rows
    assert cast.developer.reveal(round_id) == total


def test_round_reopened_by_a_deep_reorganisation__is_served_by_the_next_process(cast: Cast) -> None:
    """The clerk had put the round behind it for good, as no chain takes back what is final; this one does."""
    round_id, total = answering(cast)
    before = request(cast.node.url, "evm_snapshot", [])
    cast.run_all()
    cast.settle()
    cast.node.mine(70)
    cast.run_all()
    agents = cast.committee(round_id)
    assert all(not cast.restarted(agent).open_seats() for agent in agents)
    assert request(cast.node.url, "evm_revert", [before])
    cast.node.mine(2)
    with attended(cast):
        wait_until(cast, lambda: rows_are_there(cast, round_id), ticking=False)
    assert cast.developer.reveal(round_id) == total


def test_flapping_node__delays_and_nothing_more(cast: Cast) -> None:
    """It answers for a while, and then a few times not, or nonsense, in four ways."""
    round_id, total = answering(cast)
    random, asked_before = Random(5), count()
    spoilt: list[str] = []

    def flap(asked: dict[str, Any], answer: dict[str, Any]) -> Any:
        if next(asked_before) % 300 < 294:  # counted, not timed: a slow machine is no worse a node
            return answer
        spoilt.append(asked["method"])
        nonsense = {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32000, "message": "busy"}}
        return random.choice([b"", b"<html>502</html>", {**answer, "result": None}, nonsense])

    with hostile_node(cast.node.url, flap) as url, attended(cast, url):
        wait_until(cast, lambda: rows_are_there(cast, round_id) and len(spoilt) > 20, ticking=False)
    assert cast.developer.reveal(round_id) == total


def test_two_nodes__one_of_which_lies__nothing_is_done_until_they_agree(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    round_id, total = answering(cast)
    lying = True

    def hide_rounds(asked: dict[str, Any], answer: dict[str, Any]) -> Any:
        """As if there were none: a clerk that believed it would stay silent and be slashed."""
        if lying and asked["method"] == "eth_call" and asked["params"][0]["data"] == selector:
            return {**answer, "result": "0x" + bytes(32).hex()}
        return answer

    selector = "0x" + cast.rounds.contract.data("rounds").hex()
    caplog.set_level(logging.INFO, "sda.clerk")
    with hostile_node(cast.node.url, hide_rounds) as liar, attended(cast, liar, cast.node.url):
        wait_until(cast, lambda: caplog.text.count("trouble") >= len(cast.clerks), ticking=False)
        assert not cast.rounds.rows(round_id)
        lying = False
        wait_until(cast, lambda: rows_are_there(cast, round_id), ticking=False)
    assert any("disagree" in getattr(record, "detail", "") for record in caplog.records)
    assert cast.developer.reveal(round_id) == total


def test_the_same_trouble__is_told_once(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sda.clerk")
    agent = next(iter(cast.clerks.values()))
    refused = 0

    def refuse(asked: dict[str, Any], answer: dict[str, Any]) -> Any:
        nonlocal refused
        if "started" not in caplog.text or not (agent.keys.directory / STATE_FILE).exists():
            return answer
        refused += 1
        return b"no"

    with hostile_node(cast.node.url, refuse) as url, running(daemon_of(cast, agent, url)):
        wait_until(cast, lambda: refused > 3, ticking=False)
    assert caplog.text.count("trouble") == 1


def test_not_registered__is_no_daemon(cast: Cast) -> None:
    newcomer = cast.clerk("newcomer", new=True)
    with pytest.raises(ProofError, match="is not registered as a clerk"):
        daemon_of(cast, newcomer).run()


def test_transaction_from_before_a_restart__is_waited_for(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    """Killed between sending and mining, the clerk does not pay for its row twice."""
    caplog.set_level(logging.INFO, "sda.clerk")
    round_id, _ = answering(cast)
    agent = cast.committee(round_id)[0]
    request(cast.node.url, "evm_setAutomine", [False])
    try:
        chain, view = agent.contracts.chain, cast.rounds.view(round_id)
        row = agent.desk(view).compute()
        call = cast.rounds.contract.data("submitRow", round_id, 0, set_struct(row.closed_set), row.row)
        chain.send(agent.account, cast.rounds.address, call)
        nonce = chain.nonce(agent.account.address)
        with running(daemon_of(cast, agent)):
            wait_until(cast, lambda: "transaction awaited" in caplog.text, ticking=False)
            time.sleep(0.5)
            assert chain.nonce(agent.account.address) == nonce
    finally:
        request(cast.node.url, "evm_setAutomine", [True])
    cast.node.mine()
    assert 0 in cast.rounds.rows(round_id)


def test_short_of_ether__is_told(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    agent = next(iter(cast.clerks.values()))
    set_ether(cast.contracts.chain, [agent.account.address], 10**15)
    with running(daemon_of(cast, agent)):
        wait_until(cast, lambda: "ether short" in caplog.text, ticking=False)


def test_pay_and_stake__are_taken_if_asked_for(cast: Cast) -> None:
    round_id, _ = answering(cast)
    agent = cast.committee(round_id)[0]
    token, address = cast.contracts.token, agent.account.address
    before, terms = token.balance_of(address), make_terms()
    fee = terms.flat_fee + terms.rate * 4 * terms.m
    agent.unbond()
    leaving = daemon_of(cast, agent, options=Options(QUICK.interval, collect=fee, leave=True))
    others = [daemon_of(cast, each) for each in cast.committee(round_id)[1:]]
    with running(leaving, *others):
        wait_until(cast, lambda: token.balance_of(address) == before + fee)
        cast.node.increase_time(agent.status()[1].withdrawable_at - cast.contracts.chain.now())
        wait_until(cast, lambda: token.balance_of(address) == before + fee + 100 * TOKEN)
        assert leaving._stop.wait(10), "there is nothing left to do"


def test_full_disk__nothing_is_sent_that_is_not_written_down(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    with attended(cast):
        round_id = cast.open()
        total = cast.contribute(round_id)
        cast.developer.snapshot(round_id)
        wait_until(cast, lambda: checked(cast, round_id), ticking=False)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # no file can be written beyond its first page
        try:
            cast.past_complaints()
            told = "cannot be written down"
            wait_until(cast, lambda: any(told in getattr(each, "detail", "") for each in caplog.records), ticking=False)
            assert not cast.rounds.rows(round_id)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        wait_until(cast, lambda: rows_are_there(cast, round_id), ticking=False)
    assert cast.developer.reveal(round_id) == total


def test_corrupt_memory__is_made_again(cast: Cast) -> None:
    round_id, total = answering(cast)
    for agent in cast.committee(round_id):
        _spoil(agent)
    with attended(cast):
        wait_until(cast, lambda: rows_are_there(cast, round_id), ticking=False)
    assert cast.developer.reveal(round_id) == total


def _spoil(agent: ClerkAgent) -> None:
    for path in agent.keys.directory.glob("*.sqlite"):
        if path.name != "answers.sqlite":
            path.write_bytes(b"SQLite format 3\0" + bytes(5000))
    pairs_file(agent.keys.directory, 0).write_bytes(b"garbage")
