"""A developer's round, from its opening until its rows are there: looked at again and again, with nothing kept here."""

from __future__ import annotations

from collections.abc import Callable

from sda.agents.developer import DeveloperAgent
from sda.chain.structs import Outcome
from sda.errors import ContractError, ParameterError
from sda.round import State, Terms

CLOSING_SECONDS = 60
"""So long before a collection ends the snapshot is taken, if there are enough, or a quarter of a short window."""

DEAD = {State.MISSED, State.UNDRAWABLE, State.ABANDONED, State.FAILED, State.FRAUD}


class RoundWay:
    """Brings rounds on their way, whoever opened them and whenever.

    Args:
        agent: The developer's.
        rest: Called with round and state when there is nothing to do; returns when it is worth looking again.
        tell: Called with a line for people.
    """

    def __init__(
        self, agent: DeveloperAgent, rest: Callable[[int, State], None], tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._agent, self._rounds = agent, agent.rounds
        self._rest, self._tell = rest, tell
        self._expected: int | None = None

    def open(self, terms: Terms, searched: int) -> int:
        """The round with these terms that an earlier process opened, or a new one.

        Args:
            terms: Their query tells rounds apart.
            searched: No round below it is meant.
        """
        found = self._found(terms.query, searched)
        if found is None:
            self._withdraw()
            found, _ = self._agent.open(terms)
        return found

    def until_drawn(self, round_id: int) -> State:
        """Until contributors can send, or the round is dead."""
        return self._until(round_id, lambda state: state not in (State.REQUESTED, State.NONE))

    def until_rows(self, round_id: int, expected: int | None = None) -> State:
        """Until the sum can be revealed, or the round is dead.

        Args:
            round_id: Of the round.
            expected: Contributions with which the collection is closed at once; by default the maximum.
        """
        self._expected = expected
        return self._until(round_id, lambda state: self._has_rows(round_id, state))

    def _until(self, round_id: int, done: Callable[[State], bool]) -> State:
        while not done(state := self._rounds.state(round_id)) and state not in DEAD:
            if not self._advance(round_id, state):
                self._rest(round_id, state)
        return state

    def _found(self, query: bytes, searched: int) -> int | None:
        me = self._agent.account.address
        for round_id in range(searched, self._rounds.number()):
            if self._rounds.terms(round_id).query == query and self._rounds.round(round_id).developer == me:
                return round_id
        return None

    def _withdraw(self) -> None:
        """Take back what earlier rounds returned: it pays the next one."""
        if self._rounds.balance_of(self._agent.account.address):
            self._rounds.withdraw(self._agent.account, self._agent.account.address)

    def _advance(self, round_id: int, state: State) -> bool:
        """Do what the developer has to do in this state; whether anything was, by us or meanwhile by somebody else."""
        try:
            return self._act(round_id, state)
        except ContractError:
            if self._rounds.state(round_id) is state:
                raise
            return True

    def _act(self, round_id: int, state: State) -> bool:
        if state is State.REQUESTED:
            return self._draw(round_id)
        if state is State.COLLECTING:
            return self._close_collection(round_id)
        if state is State.DISPUTING:
            return bool(self._agent.answer_challenges(round_id))
        if state is State.ANSWERING:
            for line in self._agent.check_rows(round_id):
                self._tell(f"round {round_id}: {line}")
        return False

    def _draw(self, round_id: int) -> bool:
        if self._agent.contracts.chain.block_number() <= self._rounds.round(round_id).seed_block:
            return False
        # Draws happen in the order of their requests.
        for earlier in range(self._agent.contracts.registry.next_ticket(), round_id):
            if self._rounds.state(earlier) is State.REQUESTED:
                self._rounds.draw(self._agent.account, earlier)
        outcome, _ = self._agent.draw(round_id)
        if outcome is not Outcome.DRAWN:
            self._tell(f"round {round_id}: no committee ({outcome.name.lower().replace('_', ' ')})")
        return True

    def _close_collection(self, round_id: int) -> bool:
        """Take the snapshot once the cohort is complete, or at the end of the window if enough came."""
        view = self._rounds.view(round_id)
        self._agent.relay.open_round(view)
        count = self._agent.relay.count(view.round_hash)
        terms = view.terms
        left = view.collect_end - self._agent.contracts.chain.now()
        late = left <= min(CLOSING_SECONDS, terms.collect_window // 4)
        expected = terms.maximum if self._expected is None else max(self._expected, terms.minimum)
        if count < expected and not (late and count >= terms.minimum):
            return False
        try:
            self._agent.snapshot(round_id)
        except ParameterError as error:  # noise that may still come, or data that was not all good
            if not late:
                return False
            self._tell(f"round {round_id}: {error}; it is given up")
            self._rounds.abandon(self._agent.account, round_id)
        return True

    def _has_rows(self, round_id: int, state: State) -> bool:
        return state in (State.ANSWERING, State.COMPLETED) and self._agent.has_rows(round_id)
