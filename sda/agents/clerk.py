"""The clerk's agent: stakes, keeps its keys ahead of the epochs, answers for its seats, leaves.

`ClerkAgent.run_once` does whatever is due and can be run at any time, as often as one likes: what was done
before is seen on chain or in the clerk's own directory, and nothing is done twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sda.answers import AnswerBook
from sda.chain.client import Receipt
from sda.chain.contracts import Contracts
from sda.chain.settings import in_tokens
from sda.chain.structs import Clerk
from sda.chain.token import NO_PERMIT
from sda.clerk import Answer, SumMismatchError, answer, find_liar
from sda.crypto.hashes import ZERO_WORD
from sda.crypto.sumtree import Sums
from sda.errors import ChainError, ContractError, ProofError, RelayError, SDAError, UnreachableError
from sda.findings import BadShare, Finding, Withheld
from sda.keys import ClerkKeys
from sda.messages import AccountKey
from sda.opening import MissingError, OpenTree
from sda.pairs import Pairs, pairs_file
from sda.relay.interface import Relay
from sda.round import Closed, Exclusion, RoundView, Seat, Settled, Snapshot, State
from sda.settling import leaf_at, remaining_points
from sda.walk import Walk

QUEUE_BATCH = 16


@dataclass(frozen=True)
class Deed:
    """Something that `run_once` did, or could not do.

    Attributes:
        action: What, such as "key registered", "job checked", "row sent" or "round closed".
        round_id: For which round, if for one.
        detail: For people.
        failed: Whether it went wrong; what is still due is tried again by the next run.
    """

    action: str
    round_id: int | None = None
    detail: str = ""
    failed: bool = False


class ClerkAgent:
    """Acts for a clerk.

    Args:
        contracts: Of the deployment.
        keys: The clerk's directory with its account and epoch keys.
        relay: Serves the files of rounds; not believed.
    """

    def __init__(self, contracts: Contracts, keys: ClerkKeys, relay: Relay) -> None:
        self.contracts = contracts
        self.registry = contracts.registry
        self.rounds = contracts.rounds
        self.disputes = contracts.rounds.disputes
        self.keys = keys
        self.relay = relay
        self._book = AnswerBook(keys.directory)

    @property
    def account(self) -> AccountKey:
        """The clerk's account."""
        return self.keys.account

    @property
    def clerk_id(self) -> int:
        """The clerk's id.

        Raises:
            ProofError: The account is not registered.
        """
        clerk_id = self.registry.clerk_of(self.account.address)
        if clerk_id == 0:
            raise ProofError(f"0x{self.account.address.hex()}: is not registered as a clerk")
        return clerk_id

    # ------------------------------------------------------------------ stake

    def register(self, stake: int) -> tuple[int, Receipt]:
        """Register with a stake, in token units, and a fresh key for the current epoch.

        The key is on disk before it is on chain: a crash in between leaves a key to register with, never a
        registered key without its secret.
        """
        account = self.account  # a wrong password is noticed before a key is written under it
        epoch = self.registry.epoch_now()
        secret = self.keys.key(epoch) if epoch in self.keys.epochs() else self.keys.add_epoch(epoch)
        value = stake + self.registry.settings().registration_fee
        permit = self.contracts.token.permit(account, self.registry.address, value)
        return self.registry.register(account, secret, stake, permit)

    def add_stake(self, amount: int) -> Receipt:
        """Add to the stake, token units."""
        permit = self.contracts.token.permit(self.account, self.registry.address, amount)
        return self.registry.add_stake(self.account, amount, permit)

    def unbond(self) -> Receipt:
        """Stop being drawn and start the wait."""
        return self.registry.unbond(self.account)

    def withdraw(self, to: bytes | None = None) -> Receipt:
        """Take the stake after the wait, to the clerk's own account by default."""
        return self.registry.withdraw(self.account, to or self.account.address)

    def status(self) -> tuple[int, Clerk]:
        """Id and what the registry knows of the clerk."""
        clerk_id = self.clerk_id
        return clerk_id, self.registry.clerk(clerk_id)

    def open_seats(self) -> list[int]:
        """The rounds that are not over in which this clerk holds a seat."""
        clerk_id = self.clerk_id
        mine = [i for i in self._open_rounds() if clerk_id in self.rounds.seats(i)]
        return [i for i in mine if not self.rounds.round(i).closed]

    # ------------------------------------------------------------------ one pass

    def run_once(self) -> list[Deed]:
        """Do whatever is due for this clerk, once; raises as `deeds`."""
        return list(self.deeds())

    def deeds(self) -> Iterator[Deed]:
        """The same, one by one: whoever asks for no more of them ends the pass.

        Raises:
            ProofError: The account is not registered.
            UnreachableError: A node does not answer; run again.
        """
        clerk_id = self.clerk_id
        yield from self._keep_keys(clerk_id)
        yield from self._serve_rounds(clerk_id)
        yield from self._apply_queue()

    def _keep_keys(self, clerk_id: int) -> Iterator[Deed]:
        """Register this epoch's key if it was missed, the next one's in time; delete what is final."""
        now = self.registry.epoch_now()
        clerk = self.registry.clerk(clerk_id)
        second_half = self.registry.epoch_end(now) - self.registry.settings().epoch_length // 2
        wanted = [now, now + 1] if self.contracts.chain.now() >= second_half else [now]
        for epoch in wanted if clerk.withdrawable_at == 0 else []:
            if self.registry.key_hash(clerk_id, epoch) == ZERO_WORD:
                yield _attempt("key registered", None, partial(self._register_key, epoch))
        for epoch in self._final_epochs(clerk_id, [epoch for epoch in self.keys.epochs() if epoch < now]):
            self.keys.delete_epoch(epoch)
            self._pairs_file(epoch).unlink(missing_ok=True)
            yield Deed("key deleted", detail=f"epoch {epoch}: all its rounds are final")

    def _final_epochs(self, clerk_id: int, epochs: list[int]) -> list[int]:
        """Those of the epochs whose rounds are all over, and stay so if the chain is reorganised."""
        for block in (None, self.contracts.chain.finalised().number) if epochs else ():
            # In this order no request of an earlier epoch, and no draw, falls in between.
            try:
                now, awaited = self.registry.epoch_now(block=block), self._epochs_to_be_drawn(block)
                free = self.registry.clerk(clerk_id, block=block).seats == 0
            except UnreachableError:
                raise
            except ChainError:
                return []  # before the clerk, or the contract, was there
            epochs = [epoch for epoch in epochs if free and epoch < now and epoch not in awaited]
        return epochs

    def _epochs_to_be_drawn(self, block: int | None) -> set[int]:
        """Of the rounds that wait for their draw: it takes the keys of the epoch of the request."""
        waiting = range(self.registry.next_ticket(block=block), self.rounds.number(block=block))
        waiting_now = [i for i in waiting if self.rounds.state(i, block=block) is State.REQUESTED]
        return {self.rounds.round(i, block=block).epoch for i in waiting_now}

    def _register_key(self, epoch: int) -> str:
        secret = self.keys.key(epoch) if epoch in self.keys.epochs() else self.keys.add_epoch(epoch)
        self.registry.register_key(self.account, secret, epoch)
        return f"epoch {epoch}"

    def _serve_rounds(self, clerk_id: int) -> Iterator[Deed]:
        for round_id in self._open_rounds():
            if clerk_id in self.rounds.seats(round_id):
                try:
                    yield from self._serve(clerk_id, round_id)
                except UnreachableError:
                    raise
                except Exception as error:
                    # One round's trouble, whatever its relay and developer think up, is not the others'.
                    yield Deed("round looked at", round_id, f"{type(error).__name__}: {error}", failed=True)
        with suppress(OSError):  # the disk is full: the next pass looks at more rounds than it must
            self._advance()

    def _serve(self, clerk_id: int, round_id: int) -> Iterator[Deed]:
        """Check, answer or settle one round in which the clerk holds a seat."""
        view, facts = self.rounds.view(round_id), self.rounds.round(round_id)
        seat = next(seat for seat in view.seats if seat.clerk_id == clerk_id)
        owes = not facts.resolved >> seat.index & 1
        now = self.contracts.chain.now()
        if facts.closed:
            self._book.forget(view.round_hash)
            return
        rows_over = view.row_end and (now >= view.row_end or facts.all_resolved)
        if view.state is State.SETTLING:
            yield _attempt("exclusions settled", round_id, lambda: self._settle(view, seat))
        elif rows_over or view.state in (State.ABANDONED, State.FRAUD):
            yield _attempt("round closed", round_id, lambda: self._close(round_id))
        elif owes and view.state is State.DISPUTING:
            yield from self._look(view, seat)
        elif owes and view.state in (State.ANSWERING, State.COMPLETED):
            yield _attempt("row sent", round_id, lambda: self._answer(view, seat))

    def _look(self, view: RoundView, seat: Seat) -> Iterator[Deed]:
        """While complaints last: check the files, and show every lie that concerns this seat."""
        mine = [each for each in self.disputes.challenges(view.round_id) if each.seat == seat.index and each.deadline]
        for challenge in mine:
            if self.contracts.chain.now() < challenge.deadline:
                yield Deed("answer awaited", view.round_id, f"until {challenge.deadline}")
            else:
                yield _attempt("silence shown", view.round_id, partial(self._show_silence, challenge.id))
        if mine:
            return
        excluded = self.disputes.exclusions(view.round_id)
        if not excluded:
            yield _attempt("job checked", view.round_id, lambda: self._check(view, seat, rest=False))
            excluded = self.disputes.exclusions(view.round_id)
        if excluded and self.rounds.state(view.round_id) is State.DISPUTING:
            yield from self._show_the_others(view, seat, {each.index for each in excluded})
            yield _attempt("rest checked", view.round_id, lambda: self._check(view, seat, rest=True))

    def _foreseen(self, view: RoundView, seat: Seat) -> RoundView:
        """The round as it will be if nothing more is excluded: its row is computed and kept while complaints last."""
        snapshot, excluded, leaves = self._excluded(view, seat)
        settled = Settled(tuple(excluded), tuple(remaining_points(view, snapshot, leaves)))
        set_hash = settled.final_set(snapshot.closed_set).hash(view.round_hash)
        return replace(view, closed=Closed(snapshot.root, set_hash, snapshot.count, settled))

    def _show_the_others(self, view: RoundView, seat: Seat, excluded: set[int]) -> Iterator[Deed]:
        """After a first exclusion look at every leaf: lies that cancelled each other do no more (PROTOCOL §11.6)."""
        for finding in self._walk(view, seat).every_bad_leaf():
            if isinstance(finding, BadShare) and finding.place.index in excluded:
                continue
            yield _attempt("lie shown", view.round_id, partial(self._show, view, finding))
            if not isinstance(finding, BadShare):
                return  # the round is over, or an answer has to be awaited

    def _walk(self, view: RoundView, seat: Seat) -> Walk:
        self.relay.open_round(view)
        secret = self.keys.key(view.epoch)
        pairs = Pairs.load(self._pairs_file(view.epoch), secret)
        return find_liar(view, seat, self.relay, pairs, self.disputes.answers(view, seat.index))

    def _show(self, view: RoundView, finding: Finding) -> str:
        permit = NO_PERMIT
        if isinstance(finding, Withheld):
            bond = self.disputes.settings().challenge_bond
            permit = self.contracts.token.permit(self.account, self.disputes.address, bond)
        self.disputes.file(self.account, view, finding, secret=self.keys.key(view.epoch), permit=permit)
        return finding.words

    def _show_silence(self, challenge_id: int) -> str:
        self.disputes.unanswered(self.account, challenge_id)
        return "the developer did not show what was demanded"

    def _excluded(self, view: RoundView, seat: Seat) -> tuple[Snapshot, list[Exclusion], list[Sums]]:
        """The snapshot, what verdicts took out of it, and what that had committed to."""
        self.relay.open_round(view)
        snapshot = self.rounds.published_snapshot(view.round_id)
        excluded = self.disputes.exclusions(view.round_id)
        tree = OpenTree(view, self.relay, snapshot, self.disputes.answers(view, seat.index))
        return snapshot, excluded, [leaf_at(tree, each) for each in excluded]

    def _settle(self, view: RoundView, seat: Seat) -> str:
        snapshot, excluded, leaves = self._excluded(view, seat)
        points = remaining_points(view, snapshot, leaves)
        self.disputes.settle(self.account, view.round_id, snapshot.closed_set, points, excluded, leaves)
        return f"{len(excluded)} left out"

    def _check(self, view: RoundView, seat: Seat, *, rest: bool) -> str:
        """While complaints last, compute the row and keep it; show who lied; or say in time that it could not be had.

        A seat that is silent later is slashed, whoever withheld its files.
        """
        try:
            return self._compute_or_show(self._foreseen(view, seat) if rest else view, seat)
        except (RelayError, ContractError, MissingError) as error:
            # Withheld, not what stands on the chain, or without the tokens for a bond: it may be put right in time.
            patience = view.terms.complaint_window // 3
            if self.contracts.chain.now() < self.rounds.deadlines(view.round_id).complaint_end - patience:
                raise
            return self._declare_no_data(view, seat, error)

    def _compute_or_show(self, view: RoundView, seat: Seat) -> str:
        try:
            self._compute(view, seat)
        except SumMismatchError:
            if view.closed is None or view.closed.settled is not None:
                raise  # every leaf was looked at before
            return self._show(view, self._walk(view, seat).run())
        return f"seat {seat.index}: its sum opens the commitment"

    def _declare_no_data(self, view: RoundView, seat: Seat, reason: Exception) -> str:
        self.rounds.declare_no_data(self.account, view.round_id, seat.index)
        return f"seat {seat.index} declared no data: {reason}"

    def _answer(self, view: RoundView, seat: Seat) -> str:
        """Send the row, which is written down first: a seat answers one set and never a second."""
        found = self._compute(view, seat)
        self._book.record(view.round_hash, seat.index, found.closed_set.hash(view.round_hash), found.row)
        right, _ = self.rounds.submit_row(self.account, view.round_id, seat.index, found.closed_set, found.row)
        if not right:
            raise ProofError(f"seat {seat.index}: the contract found the row wrong")
        fee = view.terms.flat_fee + view.terms.rate * found.closed_set.count * view.terms.m
        return f"seat {seat.index}: earns {in_tokens(fee)} tokens when the round is settled"

    def _compute(self, view: RoundView, seat: Seat) -> Answer:
        """The answer to the set on chain, computed once."""
        if view.closed is None:
            raise ProofError(f"round {view.round_id}: has no snapshot")
        kept = self._book.kept(view.round_hash, seat.index, view.closed.set_hash)
        if kept is not None:
            return kept
        self.relay.open_round(view)
        secret = self.keys.key(view.epoch)
        pairs = Pairs.load(self._pairs_file(view.epoch), secret)
        try:
            settled = view.closed.settled is not None
            answers = self.disputes.answers(view, seat.index) if settled else None
            found = answer(view, seat, self.relay, secret, pairs, answers)
        finally:
            # Also after a failure: verified contributors need not be verified again.
            pairs.save(self._pairs_file(view.epoch))
        self._book.keep(view.round_hash, found)
        return found

    def _close(self, round_id: int) -> str:
        self.rounds.close(self.account, round_id)
        return self.rounds.state(round_id).name.lower()

    def _apply_queue(self) -> Iterator[Deed]:
        waiting = self.registry.queue_length()
        if waiting and not self.registry.draw_pending():
            yield _attempt("weights applied", None, lambda: self._apply(waiting))

    def _apply(self, waiting: int) -> str:
        self.registry.apply_queue(self.account, QUEUE_BATCH)
        return f"{min(waiting, QUEUE_BATCH)} of {waiting} in the queue"

    # ------------------------------------------------------------------ its own files

    def _pairs_file(self, epoch: int) -> Path:
        return pairs_file(self.keys.directory, epoch)

    @property
    def _progress_file(self) -> Path:
        chain = self.contracts.chain.chain_id
        return self.keys.directory / f"progress-{chain}-{self.rounds.address.hex()[:8]}.json"

    def _open_rounds(self) -> range:
        """Rounds that may still need this clerk; the ones before them are over."""
        first = 0
        with suppress(OSError, ValueError, KeyError, TypeError):  # none yet, or cut off: look at all of them again
            kept = json.loads(self._progress_file.read_text())
            # If the chain was put back to before that block, rounds that were over may be open again.
            if self.contracts.chain.block_hash(kept["block"]) == bytes.fromhex(kept["hash"]):
                first = int(kept["first_open_round"])
        return range(min(first, self.rounds.number()), self.rounds.number())

    def _advance(self) -> None:
        """Remember that the oldest rounds are over, so that a pass does not look at all that ever were."""
        open_rounds, final = self._open_rounds(), self.contracts.chain.finalised()
        first = next((i for i in open_rounds if not self._is_over(i, final.number)), open_rounds.stop)
        if first > open_rounds.start:
            draft = self._progress_file.with_suffix(".draft")
            draft.write_text(json.dumps({"first_open_round": first, "block": final.number, "hash": final.hash.hex()}))
            draft.replace(self._progress_file)

    def _is_over(self, round_id: int, final: int) -> bool:
        """Whether no clerk can have anything to do with a round any more; a missed one has none.

        It must have been so in the block that is not taken back.
        """
        for block in (None, final):
            try:
                over = self.rounds.round(round_id, block=block).closed
                over = over or self.rounds.state(round_id, block=block) is State.MISSED
            except UnreachableError:
                raise
            except ChainError:
                return False  # before the contract was there
            if not over:
                return False
        return True


def _attempt(action: str, round_id: int | None, act: Callable[[], str]) -> Deed:
    """Do something; what fails is told, and does not keep the clerk from its other duties."""
    try:
        return Deed(action, round_id, act())
    except UnreachableError:
        raise
    except SDAError as error:
        return Deed(action, round_id, f"{type(error).__name__}: {error}", failed=True)
