"""The run itself, step by step; a step that was done before a crash is not done again."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.scale import people
from bench.scale.crowd import Crowd
from bench.scale.jobs import in_own_process
from bench.scale.place import Facts, Place, clerk_keys
from bench.scale.relays import HOUSES, LocalHouse
from sda.agents import ClerkAgent
from sda.chain.contracts import Contracts
from sda.chain.devnet import Devnet, named_account
from sda.chain.node import Anvil
from sda.chain.settings import TOKEN
from sda.chain.structs import Outcome
from sda.contributor import ContributorKey, check_counted, contribute
from sda.crypto.hashes import keccak
from sda.params import EVENTS_250K, Parameters
from sda.round import State, Terms

HOUR = 3600
CLAIMS = 3
"""Contributors that claim their reward: their transactions cost the same whoever it is."""


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes:
        contributors: How many.
        clerks: How many stake.
        home: Directory for all runs.
        processes: At once, for whatever runs in parallel.
        executor: The developer's.
        relay: Name of the relay, of `relays.HOUSES`.
    """

    contributors: int
    clerks: int
    home: Path
    processes: int
    executor: str
    relay: str = "local"

    @property
    def directory(self) -> Path:
        """Of this run."""
        return self.home / f"round-{self.contributors}"

    @property
    def parameters(self) -> Parameters:
        """The same for every number of contributors, so that only that differs."""
        return EVENTS_250K


def tell(line: str) -> None:
    """Progress, for people."""
    print(line, file=sys.stderr, flush=True)


class Round:
    """One run.

    Args:
        plan: What to run.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.home = plan.directory
        self.home.mkdir(parents=True, exist_ok=True)
        self.facts = Facts(self.home / "facts.json")

    def run(self) -> dict[str, Any]:
        """All of it; what was measured."""
        self._copy_chain()
        with _devnet(self.home / "chain") as devnet:
            self.devnet = devnet
            self.contracts = Contracts.of(devnet.chain, devnet.deployment)
            deployment = self.home / "chain" / "deployment.json"
            with HOUSES[self.plan.relay](self.home, devnet.node.url, deployment) as house:
                self._play(Place(self.home, devnet.node.url, house))
        return self.facts.values

    def _play(self, place: Place) -> None:
        self.place = place
        round_id = self.facts.once("round", self._open)
        self._contribute(round_id)
        self._collect(round_id)
        self._serve(round_id)
        self._reveal(round_id)
        self._settle(round_id)
        self.facts.once("gas", lambda: self._gas(round_id))
        self.facts.once("relay", lambda: {"words": place.house.words, "disk_bytes": place.house.disk_bytes()})

    # ------------------------------------------------------------------ clerks stake

    def _copy_chain(self) -> None:
        """A chain on which the clerks stake, made once for runs of any size."""
        staked = self.plan.home / f"staked-{self.plan.clerks}"
        if not (staked / "done").exists():
            with _devnet(staked) as devnet:
                _stake(devnet, staked, self.plan.clerks)
            (staked / "done").touch()
        if not (self.home / "chain").exists():
            draft = self.home / "chain.draft"
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(staked, draft)
            draft.replace(self.home / "chain")

    # ------------------------------------------------------------------ the round

    def _open(self) -> int:
        agent = self.place.developer(self.contracts)
        self.devnet.fund([agent.account.address], tokens=500_000 * TOKEN)
        terms = Terms.for_parameters(
            self.plan.parameters,
            minimum=self.plan.contributors,
            query=keccak(b"which of 100 events happened to you?"),
            collect_window=24 * HOUR,
            complaint_window=6 * HOUR,
            row_window=6 * HOUR,
            claim_window=24 * HOUR,
            flat_fee=TOKEN // 2,
            rate=TOKEN // 1_000_000,
            reward=TOKEN // 2000,  # with the fees no more than the bonds of the seats that a failed round slashes
        )
        round_id, _ = agent.open(terms)
        self.devnet.node.mine(self.contracts.deployment.settings.rounds.seed_delay + 1)
        outcome, _ = agent.draw(round_id)
        if outcome is not Outcome.DRAWN:
            raise RuntimeError(f"draw: {outcome.name.lower()}")
        return round_id

    def _contribute(self, round_id: int) -> None:
        crowd = Crowd(self.place, round_id, self.plan.contributors)

        def send() -> dict[str, float]:
            crowd.send(self.plan.processes, lambda done: tell(f"sent {done:,} of {self.plan.contributors:,}"))
            return crowd.measured()

        self.facts.once("contributors", send)

    def _collect(self, round_id: int) -> None:
        tell("the developer checks every contribution and builds the tree")
        place, executor = self.place, self.plan.executor
        self.facts.once("collecting", lambda: in_own_process("collecting", place, round_id, executor))
        self.facts.once("growing", lambda: in_own_process("growing", place, round_id, executor))
        if self.contracts.rounds.state(round_id) is State.COLLECTING:
            place.developer(self.contracts, executor).snapshot(round_id)

    def _serve(self, round_id: int) -> None:
        """Every clerk checks its job while complaints last, and sends its row when rows are due."""
        rounds = self.contracts.rounds
        clerks = self._numbers(rounds.seats(round_id))
        place = self.place
        if rounds.state(round_id) is State.DISPUTING:
            self._each("checks", clerks, lambda number: in_own_process("serving", place, number))
            self._warp(rounds.deadlines(round_id).complaint_end)
        if rounds.state(round_id) in (State.ANSWERING, State.COMPLETED):
            self._each("rows", clerks, lambda number: in_own_process("serving", place, number))
            self._each("again", clerks, lambda number: in_own_process("again", place, number, round_id))

    def _each(self, what: str, clerks: Iterable[int], act: Callable[[int], Any]) -> None:
        """One after the other in each of several processes; every clerk's outcome is a fact of its own."""

        def one(number: int) -> None:
            self.facts.once(f"{what} {number}", lambda: act(number))

        with ThreadPoolExecutor(self.plan.processes) as threads:
            list(threads.map(one, clerks))

    def _numbers(self, clerk_ids: Iterable[int]) -> list[int]:
        """The numbers in the names of clerks: they registered in that order."""
        registry = self.contracts.registry
        by_address = {named_account(f"clerk-{number}").address: number for number in range(1, self.plan.clerks + 1)}
        return [by_address[registry.operator_of(each, block=self.contracts.chain.block_number())] for each in clerk_ids]

    def _reveal(self, round_id: int) -> None:
        def reveal() -> dict[str, Any]:
            sums = self.place.developer(self.contracts).reveal(round_id)
            plain = people.plain_sum(self.plan.contributors, self.plan.parameters.length)
            if sums != plain:
                raise RuntimeError("the revealed sum is not the plain sum")
            return {"sums": sums, "equal": True}

        self.facts.once("sum", reveal)
        tell("the revealed sum is the plain sum of all vectors")

    def _settle(self, round_id: int) -> None:
        rounds = self.contracts.rounds
        if not rounds.round(round_id).closed:
            self._warp(rounds.deadlines(round_id).row_end)
            self.place.developer(self.contracts).close(round_id)
        self.facts.once("claims", lambda: self._claim(round_id))

    def _claim(self, round_id: int) -> int:
        """A few contributors, spread over the crowd, check that they were counted and take their reward."""
        rounds, developer = self.contracts.rounds, self.place.developer(self.contracts)
        view = rounds.view(round_id)
        relay = self.place.house.open(self.contracts)
        relay.open_round(view)
        for index in range(0, self.plan.contributors, self.plan.contributors // CLAIMS + 1):
            identity = people.identity(index)
            key = ContributorKey(identity.account, identity.key(view.chain_id, view.contract))
            position = relay.position_of(identity.account.address)
            assert position is not None
            values = people.vector(index, view.terms.length).tolist()
            nonce = people.nonce(index, view.round_hash)
            contribution = contribute(view, key, position, values, key.account.address, nonce)
            proof = relay.claim_proof(view.round_hash, identity.account.address)
            enrolment = key.enrol(view.domain)
            check_counted(view, contribution.leaf, enrolment, proof)
            rounds.claim(developer.account, round_id, proof.index, contribution.leaf, enrolment, proof.path)
        return CLAIMS

    def _gas(self, round_id: int) -> dict[str, float]:
        """Of each step, from its transactions; of rows and claims the mean."""
        steps = {
            "request": "Requested",
            "draw": "Drawn",
            "snapshot": "SnapshotTaken",
            "row": "RowAccepted",
            "close": "Closed",
            "claim": "Claimed",
        }
        gas = {}
        for step, name in steps.items():
            events = self.contracts.rounds.events(name, round_id)
            used = [self.contracts.chain.wait(event.transaction).gas_used for event in events]
            gas[step] = sum(used) / len(used)
        gas["rows"] = len(self.contracts.rounds.rows(round_id))
        return gas

    def _warp(self, timestamp: int) -> None:
        self.devnet.node.increase_time(max(0, timestamp - self.contracts.chain.now()))


def _devnet(directory: Path) -> Devnet:
    directory.mkdir(parents=True, exist_ok=True)
    node = Anvil(state=directory / "state.json", history=False, log=directory / "anvil.log")
    return Devnet(node, file=directory / "deployment.json")


def _stake(devnet: Devnet, directory: Path, count: int) -> None:
    """Clerks with unequal stakes register; those that did before are passed over."""
    contracts = Contracts.of(devnet.chain, devnet.deployment)
    relay = LocalHouse(directory / "relay.sqlite").open(contracts)  # not used before there is a round
    for number in range(1, count + 1):
        agent = ClerkAgent(contracts, clerk_keys(directory, number), relay)
        address = agent.account.address
        if contracts.registry.clerk_of(address) == 0:
            if contracts.chain.balance(address) == 0:
                devnet.fund([address])
            agent.register((100 + number % 700) * TOKEN)
        if number % 50 == 0:
            tell(f"{number:,} of {count:,} clerks stake")
