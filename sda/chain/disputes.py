"""The disputes and frauds contracts: findings become transactions, verdicts become words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sda.chain.addresses import from_text, to_text
from sda.chain.client import Chain, Receipt, sensible_answers
from sda.chain.contract import Contract, Event
from sda.chain.evidence import (
    body_words,
    chunk_struct,
    fraud_call,
    leaf_of,
    nodes_of,
    opening_struct,
    place_struct,
    set_struct,
    signed_struct,
)
from sda.chain.points import key_struct, point_struct, proof_struct
from sda.chain.settings import DisputesSettings
from sda.chain.token import NO_PERMIT, Permit
from sda.closed import ClosedSet, Exclusion
from sda.crypto import dleq
from sda.crypto.curve import decompress, to_bytes128
from sda.crypto.hashes import keccak, word
from sda.crypto.keys import SecretKey, shared_point
from sda.crypto.sumtree import Sums
from sda.findings import BadShare, Finding, OpenLeaf, OpenNode, Withheld
from sda.messages import AccountKey
from sda.round import RoundView, Seat


@dataclass(frozen=True)
class Challenge:
    """`IDisputes.Challenge`.

    Attributes:
        id: Counts over all rounds.
        round_id: Of the round.
        challenger: 20 bytes.
        seat: Which.
        deadline: Unix seconds; 0 once it was answered or decided.
        held: Whether the bond waits in the contract still.
        level, index: Of the node.
        chunk: Of columns that is asked for.
    """

    id: int
    round_id: int
    challenger: bytes
    seat: int
    deadline: int
    held: bool
    level: int
    index: int
    chunk: int


class Disputes:
    """`Disputes` and `Frauds`.

    Args:
        chain: Where they are.
        address: Of the disputes contract, 20 bytes.
        since: Block of its deployment.
    """

    def __init__(self, chain: Chain, address: bytes, since: int = 0) -> None:
        self.chain = chain
        self.address = address
        self.contract = Contract(chain, "Disputes", address, since)
        self.frauds = Contract(chain, "Frauds", from_text(self.contract.call("frauds")), since)

    # ------------------------------------------------------------------ findings

    def file(
        self, sender: AccountKey, view: RoundView, finding: Finding, *, secret: SecretKey, permit: Permit = NO_PERMIT
    ) -> Receipt:
        """Show a finding to the contract.

        Args:
            sender: The clerk, for a bad share and a challenge; anyone otherwise.
            view: Of the round.
            finding: From the walk.
            secret: The clerk's key of the epoch: a bad share reveals the point shared with its contributor.
            permit: For the bond of a challenge.

        Raises:
            ContractError: The contract does not see it so; nothing is lost but gas.
        """
        match finding:
            case BadShare():
                return self.contract.transact(
                    sender, "badShare", view.round_id, self._complaint(sender, view, finding, secret)
                )
            case Withheld():
                seat = next(seat for seat in view.seats if seat.operator == sender.address)
                return self.challenge(sender, view, seat, finding, permit)
            case _:
                function, arguments = fraud_call(finding)
                return self.frauds.transact(sender, function, view.round_id, *arguments)

    def _complaint(self, sender: AccountKey, view: RoundView, finding: BadShare, secret: SecretKey) -> Any:
        opened, seat = finding.opened, finding.seat
        other = opened.enrolment.key
        subject = keccak(b"".join((view.round_hash, word(seat), sender.address.rjust(32, b"\0"), finding.opened.hash)))
        proof = dleq.prove(secret, other, self.chain.chain_id, self.address, subject)
        shared = point_struct(to_bytes128(decompress(shared_point(secret, other), subgroup=False)))
        sums = opened.sums.chunk(finding.chunk)
        late = seat - len(sums.points)
        return (
            seat,
            place_struct(finding.place),
            signed_struct(opened),
            body_words(sums),
            (key_struct(secret.public), key_struct(other), shared, proof_struct(proof)),
            [point_struct(to_bytes128(point)) for point in sums.points] if late >= 0 else [],
            list(sums.corrections[late]) if late >= 0 else [],
            chunk_struct(opened.sums, finding.chunk),
        )

    # ------------------------------------------------------------------ settling

    def exclusions(self, round_id: int) -> list[Exclusion]:
        """The leaves that verdicts took out, in order."""
        events = self.contract.events("Excluded", roundId=round_id)
        return [Exclusion(event["index"], event["noise"], bytes(event["body"])) for event in events]

    def settle(
        self,
        sender: AccountKey,
        round_id: int,
        closed_set: ClosedSet,
        points: Sequence[bytes],
        exclusions: Sequence[Exclusion],
        leaves: Sequence[Sums],
    ) -> Receipt:
        """Put the set without the excluded leaves in the closed one's place.

        Args:
            sender: Anyone.
            round_id: Of the round.
            closed_set: On chain now.
            points: D_0 … D_{n-1} of what is left, 128 bytes each; none in a wide round.
            exclusions: All verdicts on the round, in order.
            leaves: What the excluded leaves committed to; none in a wide round.
        """
        excluded = [
            ([point_struct(to_bytes128(point)) for point in sums.points], list(sums.correction_hashes))
            for sums in leaves
        ]
        queue = [(each.index, each.noise, each.body) for each in exclusions]
        after = [point_struct(point) for point in points]
        return self.contract.transact(sender, "settle", round_id, set_struct(closed_set), after, queue, excluded)

    def settled_points(self, round_id: int) -> tuple[bytes, ...] | None:
        """The points of the final set, from the transaction that settled it; None before. From one node, unchecked."""
        found = self.contract.events("Settled", roundId=round_id)
        if not found:
            return None
        _, arguments = self.contract.arguments(self.chain.input_of(found[-1].transaction))
        return tuple(b"".join(map(bytes, point.values())) for point in arguments["points"])

    # ------------------------------------------------------------------ challenges

    def challenge(
        self, sender: AccountKey, view: RoundView, seat: Seat, finding: Withheld, permit: Permit = NO_PERMIT
    ) -> Receipt:
        """Demand what is under a node, for a bond."""
        place = place_struct(finding.place)
        return self.contract.transact(
            sender, "challenge", view.round_id, seat.index, place, finding.hash, finding.chunk, permit.struct
        )

    def challenges(self, round_id: int) -> list[Challenge]:
        """All challenges of a round, in order."""
        return [
            self._challenge(event["challengeId"], event["level"], event["index"], event["chunk"])
            for event in self.contract.events("Challenged", roundId=round_id)
        ]

    def _challenge(self, challenge_id: int, level: int, index: int, chunk: int) -> Challenge:
        round_id, challenger, seat, deadline, held, *_ = self.contract.call("challengeOf", challenge_id)
        return Challenge(challenge_id, round_id, from_text(challenger), seat, deadline, held, level, index, chunk)

    def answers(self, view: RoundView, seat: int) -> dict[tuple[int, int, int], OpenNode]:
        """What was posted for a seat, by chunk, level and index. Whoever uses it checks it against the hashes above."""
        places = {
            each.id: (each.chunk, each.level, each.index)
            for each in self.challenges(view.round_id)
            if each.seat == seat
        }
        found: dict[tuple[int, int, int], OpenNode] = {}
        for event in self.contract.events("Answered", roundId=view.round_id):
            if event["challengeId"] in places:
                chunk, level, index = places[event["challengeId"]]
                function, arguments = self.contract.arguments(self.chain.input_of(event.transaction))
                with sensible_answers():
                    if function == "answerNode":
                        nodes = nodes_of(arguments, view.parameters, seat)
                        found |= {(chunk, level, index): nodes[0]}
                        found |= {(chunk, level - 1, 2 * index + side): nodes[1 + side] for side in (0, 1)}
                    else:
                        found[chunk, level, index] = leaf_of(arguments, view, seat)
        return found

    def answer_node(self, sender: AccountKey, challenge: Challenge, nodes: Sequence[OpenNode]) -> Receipt:
        """Post a node and its two children, with what the challenging seat needs of them."""
        sums = [node.sums.chunk(challenge.chunk) for node in nodes]
        late = challenge.seat - len(sums[0].points)
        return self.contract.transact(
            sender,
            "answerNode",
            challenge.id,
            [opening_struct(node, challenge.chunk) for node in nodes],
            [[point_struct(to_bytes128(point)) for point in each.points] for each in sums],
            [each.value_of(challenge.seat) if late >= 0 else b"" for each in sums],
        )

    def answer_leaf(self, sender: AccountKey, challenge: Challenge, opened: OpenLeaf) -> Receipt:
        """Post a leaf."""
        sums = opened.sums.chunk(challenge.chunk)
        late = challenge.seat - len(sums.points)
        return self.contract.transact(
            sender,
            "answerLeaf",
            challenge.id,
            signed_struct(opened),
            key_struct(opened.enrolment.key),
            [point_struct(to_bytes128(point)) for point in sums.points],
            list(sums.correction_hashes),
            list(sums.corrections[late]) if late >= 0 else [],
            chunk_struct(opened.sums, challenge.chunk),
        )

    def unanswered(self, sender: AccountKey, challenge_id: int) -> Receipt:
        """Convict a developer that did not answer in time."""
        return self.contract.transact(sender, "unanswered", challenge_id)

    def reclaim(self, sender: AccountKey, challenge_id: int) -> Receipt:
        """Pay out the bond of a challenge once complaints are over: to whom, the contract decides."""
        return self.contract.transact(sender, "reclaim", challenge_id)

    # ------------------------------------------------------------------ views

    def settings(self) -> DisputesSettings:
        """What was fixed at deployment."""
        return DisputesSettings(*self.contract.call("settings"))

    def balance_of(self, account: bytes) -> int:
        """Bonds credited to an account, token units."""
        return int(self.contract.call("balanceOf", to_text(account)))

    def withdraw(self, sender: AccountKey, to: bytes) -> Receipt:
        """Take all bonds credited to the sender."""
        return self.contract.transact(sender, "withdraw", to_text(to))

    def aside_until(self, account: bytes) -> int:
        """Until when a contributor is put aside, unix seconds; 0 if it never was."""
        events = self.contract.events("PutAside", account=to_text(account))
        return max((int(event["until"]) for event in events), default=0)

    def is_retired(self, key_hash: bytes) -> bool:
        """Whether a share under this key was revealed: it must not be used any more."""
        return bool(self.contract.events("KeyRetired", key=key_hash))

    def history(self, round_id: int) -> list[Event]:
        """Everything that was decided about a round, in order; from one node."""
        found = [
            event
            for contract in (self.contract, self.frauds)
            for name in contract.event_names("roundId")
            for event in contract.events(name, roundId=round_id)
        ]
        return sorted(found, key=lambda event: (event.block, event.index))
