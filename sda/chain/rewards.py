"""The rewards contract: contributors are paid for the leaves of a completed round."""

from __future__ import annotations

from collections.abc import Sequence

from sda.chain.client import Chain, Receipt
from sda.chain.contract import Contract
from sda.chain.evidence import leaf_struct
from sda.chain.structs import Pot
from sda.crypto.sumtree import Step
from sda.messages import AccountKey, Enrolment, Leaf


class Rewards:
    """`Rewards`; the rounds contract made it and names it.

    Args:
        chain: Where it is.
        address: 20 bytes.
        since: Block of its deployment.
    """

    def __init__(self, chain: Chain, address: bytes, since: int = 0) -> None:
        self.contract = Contract(chain, "Rewards", address, since)
        self.address = address

    def claim(
        self,
        sender: AccountKey,
        round_id: int,
        index: int,
        leaf: Leaf,
        enrolment: Enrolment,
        path: Sequence[Step],
    ) -> Receipt:
        """Pay a contributor's reward to the payout address in its leaf.

        Args:
            sender: Anyone.
            round_id: Of the round.
            index: Of the leaf.
            leaf: What the contributor sent.
            enrolment: The contributor's.
            path: From the leaf up.
        """
        struct = leaf_struct(leaf, enrolment)
        steps = [(step.sibling, step.body) for step in path]
        return self.contract.transact(sender, "claim", round_id, index, struct, steps)

    def sweep(self, sender: AccountKey, round_id: int) -> Receipt:
        """Pay unclaimed rewards to the round's developer once the claim window is over. Anyone may."""
        return self.contract.transact(sender, "sweep", round_id)

    def pot(self, round_id: int) -> Pot:
        """The rewards of a round; all zero unless it was completed, paid for and closed."""
        return Pot(*self.contract.call("pot", round_id))

    def is_claimed(self, round_id: int, index: int) -> bool:
        """Whether the reward of a leaf has been paid."""
        return bool(self.contract.call("isClaimed", round_id, index))
