"""The clerk's agent: stakes, keeps its keys ahead of the epochs, answers for its seats, leaves.

`ClerkAgent.run_once` does whatever is due and can be run at any time, as often as one likes: what was done
before is seen on chain or in the clerk's own directory, and nothing is done twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from sda.agents.deeds import Deed, attempt
from sda.agents.drafts import review_draft
from sda.agents.inspection import Inspection
from sda.agents.noise import Sampler, deal_noise
from sda.agents.posting import post_and_open, settle_wide
from sda.agents.seat import SeatDesk
from sda.answers import AnswerBook
from sda.chain.client import Receipt
from sda.chain.contracts import Contracts
from sda.chain.structs import Clerk
from sda.crypto.hashes import ZERO_WORD
from sda.dealt import NoiseBook
from sda.errors import ChainError, ProofError, UnreachableError
from sda.keys import ClerkKeys
from sda.messages import AccountKey
from sda.pairs import pairs_file
from sda.relay.interface import Relay
from sda.round import RoundView, State

QUEUE_BATCH = 16


class ClerkAgent:
    """Acts for a clerk.

    Args:
        contracts: Of the deployment.
        keys: The clerk's directory with its account and epoch keys.
        relay: Serves the files of rounds; not believed.
        sampler: Draws noise for private rounds; without one the clerk's seats there deal none.
    """

    def __init__(self, contracts: Contracts, keys: ClerkKeys, relay: Relay, sampler: Sampler | None = None) -> None:
        self.contracts = contracts
        self.registry = contracts.registry
        self.rounds = contracts.rounds
        self.keys = keys
        self.relay = relay
        self._sampler = sampler
        self._book = AnswerBook(keys.directory)
        self._dealt = NoiseBook(keys.directory)
        self._inspections: dict[bytes, Inspection] = {}

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
                yield attempt("key registered", None, partial(self._register_key, epoch))
        for epoch in self._final_epochs(clerk_id, [epoch for epoch in self.keys.epochs() if epoch < now]):
            self.keys.delete_epoch(epoch)
            pairs_file(self.keys.directory, epoch).unlink(missing_ok=True)
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
        desk = self.desk(view)
        seat = desk.seat
        owes = not facts.resolved >> seat.index & 1
        now = self.contracts.chain.now()
        if facts.closed:
            yield from self._reclaim(round_id)
            self._book.forget(view.round_hash)
            self._inspections.pop(view.round_hash, None)
            return
        rows_over = view.row_end and (now >= view.row_end or facts.all_resolved)
        if view.state is State.COLLECTING:
            yield from deal_noise(desk, self._dealt, self._sampler)
            yield from review_draft(desk)
        elif view.state is State.SETTLING and facts.wide:
            yield from settle_wide(desk)
        elif view.state is State.SETTLING:
            yield attempt("exclusions settled", round_id, desk.settle)
        elif rows_over or view.state in (State.ABANDONED, State.FRAUD):
            yield attempt("round closed", round_id, lambda: self._close(round_id))
        elif owes and view.state is State.DISPUTING:
            yield from self._inspections.setdefault(view.round_hash, Inspection()).look(desk)
        elif owes and facts.wide and view.state is State.ANSWERING:
            yield from post_and_open(desk)
        elif owes and view.state in (State.ANSWERING, State.COMPLETED):
            yield attempt("row sent", round_id, desk.answer)

    def _reclaim(self, round_id: int) -> Iterator[Deed]:
        """Take back the bonds of what this clerk demanded and needed."""
        for challenge_id in self._bonds(round_id):
            yield attempt("bond paid out", round_id, partial(self._paid_out, challenge_id))

    def _bonds(self, round_id: int) -> list[int]:
        """Demands of this clerk whose bond waits in the contract."""
        made = self.rounds.disputes.challenges(round_id)
        return [each.id for each in made if each.held and each.challenger == self.account.address]

    def _paid_out(self, challenge_id: int) -> str:
        self.rounds.disputes.reclaim(self.account, challenge_id)
        return f"of demand {challenge_id}"

    def desk(self, view: RoundView) -> SeatDesk:
        """Where this clerk works for its seat in a round."""
        return SeatDesk(self.contracts, self.keys, self.relay, self._book, view, self.clerk_id)

    def _close(self, round_id: int) -> str:
        self.rounds.close(self.account, round_id)
        return self.rounds.state(round_id).name.lower()

    def _apply_queue(self) -> Iterator[Deed]:
        waiting = self.registry.queue_length()
        if waiting and not self.registry.draw_pending():
            yield attempt("weights applied", None, lambda: self._apply(waiting))

    def _apply(self, waiting: int) -> str:
        self.registry.apply_queue(self.account, QUEUE_BATCH)
        return f"{min(waiting, QUEUE_BATCH)} of {waiting} in the queue"

    # ------------------------------------------------------------------ its own files

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
        """Whether this clerk cannot have anything to do with a round any more; nobody has with a missed one.

        It must have been so in the block that is not taken back.
        """
        for block in (None, final):
            try:
                over = self.rounds.round(round_id, block=block).closed and not self._bonds(round_id)
                over = over or self.rounds.state(round_id, block=block) is State.MISSED
            except UnreachableError:
                raise
            except ChainError:
                return False  # before the contract was there
            if not over:
                return False
        return True
