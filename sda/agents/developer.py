"""The developer's agent: opens rounds, closes their collection, reveals their sums, settles them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path

from sda.agents.closed import closed_snapshot
from sda.agents.drafts import leaves_to_leave_out, reviews
from sda.agents.rowcheck import RowCheck
from sda.chain.client import Receipt
from sda.chain.contracts import Contracts
from sda.chain.structs import Outcome
from sda.crypto.keys import SecretKey
from sda.developer import Collected, PaddedSum, collect, reveal, without_excluded
from sda.engine import Engine, WorkFiles, check_name, open_engine
from sda.errors import ProofError
from sda.findings import OpenLeaf
from sda.keys import Identity, make_private_directory
from sda.messages import AccountKey, Review
from sda.opening import OpenTree
from sda.relay.interface import Relay
from sda.round import RoundView, State, Terms


class DeveloperAgent:
    """Acts for a developer.

    Args:
        contracts: Of the deployment.
        identity: Account that pays, and the master secret from which the round key follows.
        relay: Where contributions arrive.
        directory: Private; keeps padded sums until they are revealed, and work under way.
        executor: Name of the engine on which rounds are collected, see `sda.engine.open_engine`.

    Raises:
        ParameterError: No such engine.
    """

    def __init__(
        self,
        contracts: Contracts,
        identity: Identity,
        relay: Relay,
        directory: Path,
        executor: str = "processes",
    ) -> None:
        self.contracts = contracts
        self.rounds = contracts.rounds
        self.identity = identity
        self.relay = relay
        self._directory = directory
        self._executor = check_name(executor)
        self._row_checks: dict[bytes, RowCheck] = {}

    @property
    def account(self) -> AccountKey:
        """The account that pays and is refunded."""
        return self.identity.account

    @property
    def round_key(self) -> SecretKey:
        """The key under which contributors mask their vectors.

        One per contract: contributors then share one point with the developer for all its rounds.
        """
        return self.identity.key(self.contracts.chain.chain_id, self.rounds.address)

    def open(self, terms: Terms, payment: int | None = None) -> tuple[int, Receipt]:
        """Request a round, paying with a permit.

        Args:
            terms: What is asked.
            payment: The most to pay, token units; by default what the contract quotes.

        Returns:
            Round id and receipt.
        """
        if payment is None:
            payment = self.rounds.quote(terms).total
        permit = self.contracts.token.permit(self.account, self.rounds.address, payment)
        return self.rounds.request(self.account, terms, self.round_key, payment, permit)

    def draw(self, round_id: int) -> tuple[Outcome, Receipt]:
        """Draw the committee, and announce the round at the relay if there is one."""
        outcome, receipt = self.rounds.draw(self.account, round_id)
        if outcome is Outcome.DRAWN:
            self.announce(round_id)
        return outcome, receipt

    def announce(self, round_id: int) -> None:
        """Tell the relay of a drawn round; harmless to repeat."""
        self.relay.open_round(self.rounds.view(round_id))

    def draft(self, round_id: int, progress: Callable[[int], None] = lambda _: None) -> Collected:
        """Close the collection at the relay, and show the committee the tree before anything of it is on chain.

        Args:
            round_id: Of a round that collects.
            progress: Called with the number of messages done.

        Raises:
            EngineError: Processes or cluster broke down.
            ProofError: The round does not collect now.
            ParameterError: Too few contributions.
        """
        view = self._collecting(round_id)
        with open_engine(self._executor) as engine:
            collected = self._collect(view, engine, progress)
        self.relay.publish(view.round_hash, collected.publication)
        return collected

    def reviews(self, round_id: int) -> list[Review]:
        """What seats found in the draft, by seat."""
        view = self._collecting(round_id)
        return reviews(view, self.relay.reviews(view.round_hash))

    def snapshot(self, round_id: int, progress: Callable[[int], None] = lambda _: None) -> tuple[Collected, Receipt]:
        """Close the collection: at the relay, then on chain, without the leaves that seats found wrong in the draft.

        What was collected is written down before the chain hears of it, and collecting again gives the same:
        after a crash anywhere in between, run it again; what was finished is not computed again.

        Args:
            round_id: Of a round that collects.
            progress: Called with the number of messages done.

        Raises:
            EngineError: Processes or cluster broke down.
            ProofError: The round does not collect now.
            ParameterError: Too few contributions.
            ContractError: The contract refused.
        """
        view = self._collecting(round_id)
        with open_engine(self._executor) as engine:
            collected = self._collect(view, engine, progress)
            left_out = self._left_out(view, collected)
            if any(left_out):
                collected = self._collect(view, engine, progress, *left_out)
        self._write(self._padded_sum_file(round_id), collected.padded_sum.to_json())
        self.relay.publish(view.round_hash, collected.publication)
        receipt = self.rounds.snapshot(self.account, round_id, collected.snapshot)
        self.work_files(round_id).clear()
        self.announce(round_id)
        return collected, receipt

    def work_files(self, round_id: int) -> WorkFiles:
        """What was finished of a collection under way."""
        return WorkFiles(self._file("work", round_id))

    def reveal(self, round_id: int) -> list[int]:
        """The sum of the contributors' vectors, from R right rows and the padded sum kept here.

        The rows of a wide round need not be final: they are checked here, all of them.

        Raises:
            ProofError: Too few rows, or no padded sum of this set was kept here.
        """
        view = self.rounds.view(round_id)
        self.relay.open_round(view)
        padded_sum = self._padded_sum(view)
        wide = view.parameters.chunks > 1
        return reveal(view, padded_sum, self._row_check(view).rows(view) if wide else self.rounds.rows(round_id))

    def has_rows(self, round_id: int) -> bool:
        """Whether R right rows are there: the sum can be revealed."""
        facts, terms = self.rounds.round(round_id), self.rounds.terms(round_id)
        enough = terms.t + terms.k
        if not facts.wide:
            return facts.answered.bit_count() >= enough
        if len(self.rounds.checks.posted(round_id)) < enough:
            return False
        view = self.rounds.view(round_id)
        return len(self._row_check(view).rows(view)) >= enough

    def check_rows(self, round_id: int) -> list[str]:
        """Look at the rows of a wide round: show those that are wrong, doubt those that are withheld.

        Returns:
            What was done, in words; nothing in a narrow round, whose rows the contract checks.

        Raises:
            ProofError: No padded sum of this set was kept here.
        """
        view = self.rounds.view(round_id)
        if view.parameters.chunks == 1 or view.state is not State.ANSWERING:
            return []
        self.relay.open_round(view)
        return self._row_check(view).act(view)

    def _row_check(self, view: RoundView) -> RowCheck:
        if view.round_hash not in self._row_checks:
            check = RowCheck(self.contracts, self.account, self.relay, self._padded_sum(view))
            self._row_checks[view.round_hash] = check
        return self._row_checks[view.round_hash]

    def _padded_sum(self, view: RoundView) -> PaddedSum:
        """Of the set that rows answer."""
        path = self._padded_sum_file(view.round_id)
        if not path.exists():
            raise ProofError(f"round {view.round_id}: {path} is not there; the snapshot was not taken from here")
        return without_excluded(view, PaddedSum.from_json(path.read_text()), self.relay, self.round_key)

    def answer_challenges(self, round_id: int) -> list[int]:
        """Post what seats demanded and did not get from the relay; whoever is silent here is convicted.

        Returns:
            The ids of the challenges that were answered now.
        """
        view = self.rounds.view(round_id)
        self.relay.open_round(view)
        disputes = self.rounds.disputes
        _, snapshot = closed_snapshot(self.rounds, self.relay, view)
        tree = OpenTree(view, self.relay, snapshot)
        answered = []
        for challenge in disputes.challenges(round_id):
            if challenge.deadline == 0:
                continue
            here = tree.at(challenge.level, challenge.index)
            if isinstance(here.node, OpenLeaf):
                disputes.answer_leaf(self.account, challenge, here.node)
            else:
                nodes = [here.node, *(child.node for child in tree.children(here))]
                disputes.answer_node(self.account, challenge, nodes)
            answered.append(challenge.id)
        return answered

    def close(self, round_id: int) -> Receipt:
        """Settle a round that is over, and have the bonds of demands and doubts paid out to whom they belong."""
        receipt = self.rounds.close(self.account, round_id)
        self.reclaim(round_id)
        self.work_files(round_id).clear()
        return receipt

    def reclaim(self, round_id: int) -> None:
        """Have the bonds of demands and doubts of a round that is over paid out to whom they belong."""
        for doubt in self.rounds.checks.doubts(round_id):
            if not doubt.settled:
                self.rounds.checks.reclaim(self.account, round_id, doubt.seat, doubt.chunk)
        for challenge in self.rounds.disputes.challenges(round_id):
            if challenge.held:
                self.rounds.disputes.reclaim(self.account, challenge.id)

    def _collecting(self, round_id: int) -> RoundView:
        view = self.rounds.view(round_id)
        if view.state is not State.COLLECTING:
            raise ProofError(f"round {round_id}: is {view.state.name.lower()}, takes no snapshot")
        self.relay.open_round(view)
        return view

    def _collect(
        self,
        view: RoundView,
        engine: Engine,
        progress: Callable[[int], None],
        left_out: Collection[int] = (),
        without_noise: Collection[int] = (),
    ) -> Collected:
        make_private_directory(self._directory)
        kept = self.work_files(view.round_id)
        return collect(
            view, self.relay, self.round_key, left_out, without_noise, engine=engine, kept=kept, progress=progress
        )

    def _left_out(self, view: RoundView, draft: Collected) -> tuple[list[int], list[int]]:
        """Positions, and seats' noise, to leave out; decided once: a snapshot that may be on its way is never made
        otherwise.
        """
        path = self._file("left-out", view.round_id).with_suffix(".json")
        if not path.exists():
            found = reviews(view, self.relay.reviews(view.round_hash))
            count, first = draft.snapshot.count, view.parameters.n
            named = sorted(leaves_to_leave_out(found, draft.root, count))
            positions = draft.positions
            chosen = [positions[index - first] for index in named if first <= index < first + count]
            self._write(path, json.dumps({"positions": chosen, "noise": [seat for seat in named if seat < first]}))
        decided = json.loads(path.read_text())
        return decided["positions"], decided["noise"]

    def _write(self, path: Path, text: str) -> None:
        draft = path.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(text)
        draft.replace(path)

    def _padded_sum_file(self, round_id: int) -> Path:
        return self._file("padded-sum", round_id).with_suffix(".json")

    def _file(self, name: str, round_id: int) -> Path:
        contract = self.rounds.address.hex()[:8]
        return self._directory / f"{name}-{self.contracts.chain.chain_id}-{contract}-{round_id}"
