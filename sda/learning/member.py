"""The contributor's side of a training: check what is announced, train on the own data, send, and be paid.

The data stays in this object; what leaves it is one padded vector per round.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sda.agents.contributor import ContributorAgent
from sda.contributor import check_round
from sda.errors import LearningError
from sda.learning.announcement import Announcement
from sda.learning.device import perplexity
from sda.learning.models import Labels, Matrix, check_data
from sda.learning.noticeboard import Noticeboard
from sda.round import RoundView

if TYPE_CHECKING:
    from sda.privacy.ledger import Ledger


class Part(StrEnum):
    """What a contributor did in a round."""

    SENT = "sent"
    NOT_INVITED = "not invited"
    SAT_OUT = "sat out: the model is led astray by this data, or the data is"


@dataclass
class Member:
    """A contributor to trainings.

    Attributes:
        agent: Its account, keys and minima.
        features, labels: Its own data.
        board: Where announcements are.
        ledger: Opens the device's; trainings with noise are counted in it before anything is sent.
    """

    agent: ContributorAgent
    features: Matrix = field(repr=False)
    labels: Labels = field(repr=False)
    board: Noticeboard
    ledger: Callable[[], Ledger] | None = None

    def take_part(self, round_id: int) -> Part:
        """Train and send, if this contributor is invited; sending again after a crash sends the same bytes.

        Raises:
            LearningError: The announcement is not the one on chain, the round is not for its updates, or the data does
                not fit the model.
            ParameterError: The terms are below this contributor's minima.
            BudgetError: The device's privacy budget does not allow the round; nothing was sent.
            RefusedError: The relay refused.
        """
        view = self.agent.contracts.rounds.view(round_id)
        self.agent.relay.open_round(view)
        stored = self.agent.outbox.stored(view, self.agent.key.account.address)
        if stored is not None:  # its randomness is gone: what was made is what is sent
            self.agent.relay.submit(stored.encode())
            return Part.SENT
        announcement = self.board.fetch(view.terms.query)
        if self.agent.enrol() not in announcement.invited(view.round_hash):
            return Part.NOT_INVITED
        vector = self.make_vector(view, announcement)
        if vector is None:
            return Part.SAT_OUT
        self._count(view, announcement)
        self.agent.contribute(round_id, vector)
        return Part.SENT

    def _count(self, view: RoundView, announcement: Announcement) -> None:
        """In the privacy ledger, once it is sure that the round is one to send to."""
        private = announcement.configuration.private
        if private is None:
            return
        if self.ledger is None:
            raise LearningError("ledger: a training with noise is counted in one; this contributor has none")
        check_round(view, self.agent.pinned, self.agent.minima, self.agent.contracts.chain.now())
        self.ledger().reserve(self.agent.key.account.address, private.entry(view, announcement.hash))

    def make_vector(self, view: RoundView, announcement: Announcement) -> list[int] | None:
        """The update as the round takes it; None if this contributor sits out."""
        configuration = announcement.configuration
        form, code = configuration.model, configuration.code
        check_data(self.features, self.labels, form.inputs, form.classes)
        code.check_round(view.parameters)
        model = announcement.model()
        limit = configuration.update.perplexity * form.classes
        if limit and perplexity(model, self.features, self.labels) > limit:
            return None
        order = order_seed(view.round_hash, self.agent.enrol())
        update = configuration.local.update(model, self.features, self.labels, order)
        return code.encode(update, view.round_hash, secrets.token_bytes(32))


def order_seed(round_hash: bytes, position: int) -> list[int]:
    """In which order a contributor takes its examples in a round: no secret, the examples are."""
    return [int.from_bytes(round_hash, "big"), position]
