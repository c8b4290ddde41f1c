"""The clerk registry: stakes, keys, weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sda.chain.addresses import from_text, to_text
from sda.chain.client import Chain, Receipt
from sda.chain.contract import Contract, Event
from sda.chain.points import key_struct, proof_struct, public_key
from sda.chain.settings import RegistrySettings
from sda.chain.structs import Clerk
from sda.chain.token import NO_PERMIT, Permit
from sda.crypto import schnorr
from sda.crypto.keys import PublicKey, SecretKey
from sda.crypto.tags import Tag
from sda.errors import ChainError
from sda.messages.account import AccountKey


class Registry:
    """`ClerkRegistry`. Amounts are in token units, times in unix seconds."""

    def __init__(self, chain: Chain, address: bytes, since: int = 0) -> None:
        self.chain = chain
        self.contract = Contract(chain, "ClerkRegistry", address, since)
        self.address = address
        self._operators: dict[int, bytes] = {}
        self._keys: dict[tuple[int, int], PublicKey] = {}

    # ------------------------------------------------------------------ clerks

    def register(
        self, sender: AccountKey, secret: SecretKey, amount: int, permit: Permit = NO_PERMIT
    ) -> tuple[int, Receipt]:
        """Register as a clerk with a stake and a key for the current epoch.

        Args:
            sender: The clerk's account.
            secret: Its key for the current epoch; proven, not sent.
            amount: Stake; the registration fee is taken on top.
            permit: For stake and fee.

        Returns:
            The clerk id.
        """
        proof = self.prove_key(sender.address, secret, self.epoch_now())
        receipt = self.contract.transact(
            sender, "register", key_struct(secret.public), proof_struct(proof), amount, permit.struct
        )
        event = self.contract.event_of(receipt, "Registered")
        if event is None:
            raise ChainError(f"transaction 0x{receipt.transaction.hex()}: registered nobody")
        return int(event["clerkId"]), receipt

    def prove_key(self, account: bytes, secret: SecretKey, epoch: int) -> schnorr.Proof:
        """The proof of possession that registers a key for an epoch (docs/FORMATS.md)."""
        subject = int.from_bytes(account, "big") << 32 | epoch
        return schnorr.prove(secret, Tag.CLERK_KEY, self.chain.chain_id, self.address, subject)

    def register_key(self, sender: AccountKey, secret: SecretKey, epoch: int) -> Receipt:
        """Register the key of the next epoch, or of the current one if it was missed."""
        proof = self.prove_key(sender.address, secret, epoch)
        return self.contract.transact(sender, "registerKey", epoch, key_struct(secret.public), proof_struct(proof))

    def add_stake(self, sender: AccountKey, amount: int, permit: Permit = NO_PERMIT) -> Receipt:
        """Add to the sender's stake."""
        return self.contract.transact(sender, "addStake", amount, permit.struct)

    def unbond(self, sender: AccountKey) -> Receipt:
        """Stop being drawn and start the wait."""
        return self.contract.transact(sender, "unbond")

    def withdraw(self, sender: AccountKey, to: bytes) -> Receipt:
        """Take the whole stake after the wait."""
        return self.contract.transact(sender, "withdraw", to_text(to))

    # ------------------------------------------------------------------ anyone

    def sync(self, sender: AccountKey, clerk_id: int) -> Receipt:
        """Bring a clerk's weight up to date."""
        return self.contract.transact(sender, "sync", clerk_id)

    def apply_queue(self, sender: AccountKey, limit: int) -> Receipt:
        """Apply queued weights."""
        return self.contract.transact(sender, "applyQueue", limit)

    def skip_expired(self, sender: AccountKey, limit: int) -> Receipt:
        """Move past draws whose window has closed."""
        return self.contract.transact(sender, "skipExpired", limit)

    def report_leak(self, sender: AccountKey, clerk_id: int, epoch: int, secret: SecretKey) -> Receipt:
        """Show that the sender knows a clerk's secret key, without publishing it."""
        subject = int.from_bytes(sender.address, "big") << 32 | clerk_id
        proof = schnorr.prove(secret, Tag.LEAKED_KEY, self.chain.chain_id, self.address, subject)
        return self.contract.transact(
            sender, "reportLeak", clerk_id, epoch, key_struct(secret.public), proof_struct(proof)
        )

    # ------------------------------------------------------------------ views

    def settings(self) -> RegistrySettings:
        """What was fixed at deployment."""
        return RegistrySettings(*self.contract.call("settings"))

    def clerk(self, clerk_id: int, *, block: int | None = None) -> Clerk:
        """One clerk, now or at a block; raises ContractError UnknownClerk."""
        return Clerk.of(self.contract.call("clerk", clerk_id, block=block))

    def clerk_of(self, account: bytes) -> int:
        """The account's clerk id, 0 if it has none."""
        return int(self.contract.call("clerkOf", to_text(account)))

    def key_hash(self, clerk_id: int, epoch: int) -> bytes:
        """Point hash of a clerk's key, zero if none is registered."""
        return bytes(self.contract.call("keyHash", clerk_id, epoch))

    def epoch_now(self, *, block: int | None = None) -> int:
        """The current epoch, or that of a block."""
        return int(self.contract.call("epochNow", block=block))

    def epoch_end(self, epoch: int) -> int:
        """When an epoch ends (exclusive)."""
        return int(self.contract.call("epochEnd", epoch))

    def seat_bond(self) -> int:
        """What is locked for every seat."""
        return int(self.contract.call("seatBond"))

    def pool_size(self) -> int:
        """Clerks with a positive weight."""
        return int(self.contract.call("poolSize"))

    def total_weight(self) -> int:
        """Sum of the weights in the tree."""
        return int(self.contract.call("totalWeight"))

    def draw_pending(self) -> bool:
        """Whether a seed is known and its draw not done: weights are queued."""
        return bool(self.contract.call("drawPending"))

    def queue_length(self) -> int:
        """Weights that wait."""
        return int(self.contract.call("queueLength"))

    def next_ticket(self, *, block: int | None = None) -> int:
        """The draw whose turn it is, or was at a block."""
        return int(self.contract.call("nextTicket", block=block))

    def operator_of(self, clerk_id: int, *, block: int) -> bytes:
        """The clerk's account, as all nodes say; ids are never reused, so it is asked once."""
        if clerk_id not in self._operators:
            answer = self.contract.agreed("operatorOf", clerk_id, block=block)
            self._operators[clerk_id] = from_text(answer)
        return self._operators[clerk_id]

    # ------------------------------------------------------------------ events

    def registered(self) -> list[Event]:
        """All registrations, in order."""
        return self.contract.events("Registered")

    def keys(self, clerk_ids: Iterable[int], epoch: int) -> Mapping[int, PublicKey]:
        """The clerks' keys of an epoch, from their registrations' events.

        A node may invent events: whoever relies on a key compares its hash with what the chain stores, as
        `RoundView` does by the round hash.

        Raises:
            ChainError: A clerk has no such key.
            MessageError: A key is not a point of the subgroup, or the identity.
        """
        wanted = set(clerk_ids)
        missing = sorted(clerk_id for clerk_id in wanted if (clerk_id, epoch) not in self._keys)
        if missing:
            for event in self.contract.events("KeyRegistered", clerkId=missing, epoch=epoch):
                self._keys[int(event["clerkId"]), epoch] = public_key(event["key"])
        for clerk_id in missing:
            if (clerk_id, epoch) not in self._keys:
                raise ChainError(f"clerk {clerk_id}: has no key for epoch {epoch}")
        return {clerk_id: self._keys[clerk_id, epoch] for clerk_id in wanted}
