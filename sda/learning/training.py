"""The developer's side of a training: one round after another, each a step of the model.

`Training.step` looks at chain and checkpoint and does what is due next; whatever was done before is found there, so
a process that was killed anywhere is followed by one that goes on. A round that fails leaves the model as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sda.agents.developer import DeveloperAgent
from sda.errors import ContractError, EncodingError, LearningError
from sda.learning.announcement import Announcement
from sda.learning.checkpoint import COUNTED, Checkpoint, Report
from sda.learning.configuration import Configuration, StopRules
from sda.learning.costs import gas_by_step, message_bytes, tokens_paid
from sda.learning.examples import Examples
from sda.learning.models import Score, Vector, check_data, evaluate
from sda.learning.noticeboard import Noticeboard
from sda.learning.way import DEAD, RoundWay
from sda.round import State

if TYPE_CHECKING:
    from sda.privacy.ledger import Ledger

Rest = Callable[[int | None, State], None]
"""Called with round and state when the developer has nothing to do; returns when it is worth looking again."""
Tell = Callable[[str], None]


class Training:
    """A training, from its checkpoint on.

    Args:
        agent: The developer's.
        configuration: As it was begun with.
        public: Judges every model.
        directory: Holds checkpoint and announcements; nothing in it is secret.
        rest: See `Rest`.
        tell: Called with a line for people at every step.
        ledger: The developer's; trainings with noise are counted in it.

    Raises:
        LearningError: The public set is not for this model, or the checkpoint is of another configuration.
    """

    def __init__(
        self,
        agent: DeveloperAgent,
        configuration: Configuration,
        public: Examples,
        directory: Path,
        rest: Rest,
        tell: Tell = lambda _: None,
        ledger: Ledger | None = None,
    ) -> None:
        if configuration.private is not None and ledger is None:
            raise LearningError("ledger: a training with noise is counted in one; this developer has none")
        self._spending = ledger if configuration.private is not None else None
        check_data(public.features, public.labels, configuration.model.inputs, configuration.model.classes)
        self.agent, self.rounds = agent, agent.rounds
        self.configuration = configuration
        self.public = public
        self.directory = directory
        self.board = Noticeboard(directory / "announcements")
        self._rest, self._tell = rest, tell
        self._way = RoundWay(agent, self._settle_and_rest, tell)
        kept = Checkpoint.load(directory, configuration)
        self.checkpoint = kept or Checkpoint.begin(configuration, self.rounds.number())

    # ------------------------------------------------------------------ the loop

    def run(self, stop: StopRules, shown: Callable[[Report], None] = lambda _: None) -> str:
        """Train until a rule says stop, then settle what is open; why it stopped.

        Args:
            stop: The rules.
            shown: Called with the report of each round.
        """
        while not (reason := self.reason_to_stop(stop)):
            shown(self.step())
        while not self.settle():
            unsettled = next(report.round_id for report in self.checkpoint.reports if not report.settled)
            self._rest(unsettled, self.rounds.state(unsettled))
        return reason

    def reason_to_stop(self, stop: StopRules) -> str:
        """Why training is over; empty while it is not. A round under way is always brought to its end."""
        if self.checkpoint.announced:
            return ""
        counted = [report for report in self.checkpoint.reports if report.counted]
        if self.checkpoint.attempt >= stop.failures:
            return f"{stop.failures} rounds failed in a row"
        if stop.accuracy and counted and counted[-1].accuracy >= stop.accuracy:
            return f"accuracy {counted[-1].accuracy:.4f} reached {stop.accuracy:g}"
        if len(counted) >= stop.rounds:
            return f"{stop.rounds} rounds are done"
        best = max(range(len(counted)), key=lambda index: counted[index].accuracy, default=0)
        if stop.patience and len(counted) - 1 - best >= stop.patience:
            return f"no better accuracy in {stop.patience} rounds"
        return ""

    def step(self) -> Report:
        """One round, from wherever it is to its end; its report."""
        announcement = self._announced()
        round_id = self._opened(announcement)
        if self._way.until_drawn(round_id) not in DEAD:
            self._reserve(announcement, round_id)
        state = self._way.until_rows(round_id)
        if state in DEAD:
            self._note_end(round_id)
            return self._end(self._report(round_id, f"the round is {state.name.lower()}"))
        return self._count(announcement, round_id)

    def _announced(self) -> Announcement:
        """The announcement of the round under way, or of the next one: on disk before anything is on chain."""
        checkpoint = self.checkpoint
        if checkpoint.announced:
            return self.board.fetch(bytes.fromhex(checkpoint.announced))
        while (enrolled := self.agent.relay.enrolled()) < self.configuration.round.minimum:
            self._rest(None, State.NONE)
        made = Announcement(
            self.configuration, checkpoint.number, checkpoint.attempt, enrolled, vector=checkpoint.vector
        )
        self.board.post(made)
        checkpoint.announced, checkpoint.searched = made.query.hex(), self.rounds.number()
        checkpoint.save(self.directory)
        return made

    def _opened(self, announcement: Announcement) -> int:
        """The round of an announcement: the one that an earlier process opened, or a new one."""
        checkpoint = self.checkpoint
        if checkpoint.round_id is None:
            terms = self.configuration.terms(announcement.hash)
            self._afford()
            checkpoint.round_id = self._way.open(terms, checkpoint.searched)
            checkpoint.save(self.directory)
            self._tell(f"round {checkpoint.round_id} asks for update {announcement.number + 1}")
        return checkpoint.round_id

    # ------------------------------------------------------------------ what it costs contributors

    def _afford(self) -> None:
        """Before anything is paid."""
        if self._spending is not None and self.configuration.private is not None:
            self._spending.afford(self.agent.account.address, self.configuration.private.loss)

    def _reserve(self, announcement: Announcement, round_id: int) -> None:
        """Before the collection is closed; again after a crash, which is harmless."""
        if self._spending is not None and self.configuration.private is not None:
            entry = self.configuration.private.entry(self.rounds.view(round_id), announcement.hash)
            self._spending.reserve(self.agent.account.address, entry)

    def _note_end(self, round_id: int) -> None:
        """A round that is dead stops counting, if no row can have been sent."""
        if self._spending is not None and self.rounds.round(round_id).drawn_at:
            from sda.privacy.counting import note_end  # its accountant is an extra

            note_end(self._spending, self.agent.account.address, self.rounds.view(round_id))

    # ------------------------------------------------------------------ its end

    def _count(self, announcement: Announcement, round_id: int) -> Report:
        """Reveal the sum and move the model; a sum that is none leaves the model as it was."""
        view = self.rounds.view(round_id)
        count = view.closed.counted if view.closed else 0
        if self._spending is not None:  # for good, whether the sum is of use or not
            self._spending.release(self.agent.account.address, view.round_hash)
        try:
            update = self.configuration.code.mean(self.agent.reveal(round_id), count, view.round_hash)
            vector, state = self.configuration.server.step(announcement.vector, update, self.checkpoint.state)
            self._check_harmless(vector)
        except (EncodingError, LearningError) as error:
            return self._end(self._report(round_id, f"its sum is of no use: {error}", count))
        report = self._report(round_id, COUNTED, count, vector)
        report.length = float(np.linalg.norm(update))
        self.checkpoint.vector, self.checkpoint.state = vector, state
        return self._end(report)

    def _check_harmless(self, vector: Vector) -> None:
        """Whoever spoilt a sum is not to be seen in it; that it was spoilt is, on the public set."""
        limit = self.configuration.update.tolerance
        before, after = self.score(self.checkpoint.vector).loss, self.score(vector).loss
        if limit and not after <= (1 + limit) * before:
            raise LearningError(f"it raises the loss on the public set from {before:.4g} to {after:.4g}")

    def _report(self, round_id: int, outcome: str, count: int = 0, vector: Vector | None = None) -> Report:
        score = self.score(self.checkpoint.vector if vector is None else vector)
        return Report(
            number=self.checkpoint.number,
            round_id=round_id,
            outcome=outcome,
            contributors=count,
            accuracy=score.accuracy,
            loss=score.loss,
            up=message_bytes(self.configuration.parameters),
            down=len(self._announced().encode()),
        )

    def score(self, vector: Vector) -> Score:
        """How these parameters do on the public set."""
        model = self.configuration.model.make()
        model.vector = vector
        return evaluate(model, self.public.features, self.public.labels)

    def _end(self, report: Report) -> Report:
        checkpoint = self.checkpoint
        checkpoint.reports.append(report)
        checkpoint.announced, checkpoint.round_id = "", None
        checkpoint.save(self.directory)
        return report

    def _settle_and_rest(self, round_id: int, state: State) -> None:
        self.settle()
        self._rest(round_id, state)

    def settle(self) -> bool:
        """Settle the rounds that are over, and note what they cost; whether all are."""
        for report in self.checkpoint.reports:
            if not report.settled and self._is_settled(report.round_id):
                report.gas = gas_by_step(self.agent.contracts, report.round_id)
                report.paid = tokens_paid(self.agent.contracts, report.round_id)
                report.settled = True
                self.checkpoint.save(self.directory)
        return all(report.settled for report in self.checkpoint.reports)

    def _is_settled(self, round_id: int) -> bool:
        facts = self.rounds.round(round_id)
        if facts.closed:
            return True
        ends, now = self.rounds.deadlines(round_id), self.agent.contracts.chain.now()
        given_up = self.rounds.state(round_id) in (State.MISSED, State.ABANDONED, State.FRAUD)
        if not (given_up or facts.all_resolved or (ends.row_end and now >= ends.row_end)):
            return False
        try:
            self.agent.close(round_id)
        except ContractError:  # anyone may, and a clerk was faster
            if not self.rounds.round(round_id).closed:
                raise
        return True
