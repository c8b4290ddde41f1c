"""A whole training on a local chain: intents of a voice assistant, learned from people who keep what they said.

Beside it the same training in the clear, with the same cohorts, and what one who had everybody's data would get.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sda.agents import ClerkAgent, ContributorAgent, DeveloperAgent
from sda.chain.contracts import Contracts
from sda.chain.devnet import Devnet, named_account
from sda.chain.node import Anvil
from sda.chain.settings import TOKEN
from sda.contributor import Minima
from sda.demo.intents import load_corpus, simulate_people, together
from sda.demo.run import PASSWORD, Track
from sda.errors import ChainError
from sda.keys import ClerkKeys, Identity, Strength
from sda.learning.checkpoint import Report
from sda.learning.configuration import Configuration, RoundPlan, StopRules, UpdateRules
from sda.learning.device import LocalTraining
from sda.learning.examples import Examples
from sda.learning.member import Member, Part
from sda.learning.models import ModelForm, Score, Vector, evaluate
from sda.learning.noticeboard import Noticeboard
from sda.learning.plain import Cohort, Data, train_centrally, train_in_the_clear
from sda.learning.server import ServerOptimiser
from sda.learning.training import Training
from sda.messages import Domain
from sda.relay import LocalRelay
from sda.round import State

WIDTH = 128
CLERKS = 14
JUDGES, STRANGERS = 40, 60
"""People who do not train: those of the public set, by which training stops, and those of the figures."""

PERPLEXED = 20
"""One in so many has labels at random, and should notice."""

MINIMA = Minima(n=8, t=3, minimum=40)
HOUR = 3600


def configuration(intents: int) -> Configuration:
    """Of the demonstration."""
    return Configuration(
        name="voice-assistant intents",
        model=ModelForm("softmax", WIDTH, intents),
        update=UpdateRules(clip=2.0, slot_bits=16, perplexity=2.0, tolerance=0.5),
        round=RoundPlan(
            n=10,
            t=3,
            k=5,
            cohort=50,
            minimum=40,
            collect_window=HOUR,
            complaint_window=HOUR // 6,
            row_window=HOUR // 6,
            claim_window=24 * HOUR,
            flat_fee=TOKEN // 2,
            rate=TOKEN // 10**5,
            reward=TOKEN // 20,
        ),
        local=LocalTraining(epochs=5, batch=10, rate=0.5),
        server=ServerOptimiser("fedadam", rate=0.5, momentum=0.9, decay=0.99, tau=1e-3),
    )


@dataclass
class LearningStory:
    """What happened, for the tables and for `--json`.

    Attributes:
        contributors, intents, parameters: Of the training.
        perplexed: Contributors whose labels are at random.
        sat_out: How often one of them noticed and sat out, and how often anybody else did.
        reports: Of the rounds.
        reason: Why it stopped.
        private, clear, central: On people who did not train.
        difference_points: Between the first two, in points of a hundred.
        rounds_to_90: Counted rounds until the public set was right in nine of ten; None if never.
        claims, rewards: Rewards paid, and token units of them.
        clerks_paid: Token units.
        contribution_ms: Training, padding and sending, on average.
        seconds: Of everything.
    """

    contributors: int
    intents: int = 0
    parameters: int = 0
    perplexed: int = 0
    sat_out: tuple[int, int] = (0, 0)
    reports: list[Report] = field(default_factory=list)
    reason: str = ""
    private: Score | None = None
    clear: Score | None = None
    central: Score | None = None
    difference_points: float = 0.0
    rounds_to_90: int | None = None
    claims: int = 0
    rewards: int = 0
    clerks_paid: int = 0
    contribution_ms: float = 0.0
    seconds: float = 0.0


class LearningDemo:
    """Plays all roles on a chain of its own.

    Args:
        home: Empty directory.
        contributors: How many; at least 50.
        stop: When training ends.
        tell, track: As for `sda.demo.run.Demo`.
        seed: Of the simulated people.
    """

    def __init__(
        self, home: Path, contributors: int, stop: StopRules, tell: Callable[[str], None], track: Track, seed: int
    ) -> None:
        self.home, self.stop = home, stop
        self.tell, self.track = tell, track
        corpus = load_corpus(seed)
        people = simulate_people(corpus.training, contributors, WIDTH, seed + 1)
        self.people = [
            _perplexed(data, len(corpus.intents), i) if i % PERPLEXED == 0 else data for i, data in enumerate(people)
        ]
        self.public = Examples(*together(simulate_people(corpus.others, JUDGES, WIDTH, seed + 2)))
        self.strangers = together(simulate_people(corpus.others, STRANGERS, WIDTH, seed + 3))
        self.configuration = configuration(len(corpus.intents))
        self.story = LearningStory(contributors, len(corpus.intents), self.configuration.code.size)
        self.story.perplexed = len(range(0, contributors, PERPLEXED))
        self._sent: dict[int, list[int]] = {}
        self._seeds: dict[int, bytes] = {}
        self._busy = 0.0

    def run(self) -> LearningStory:
        """All of it, in order."""
        began = time.perf_counter()
        with Devnet(Anvil(), file=self.home / "deployment.json") as devnet:
            self.devnet = devnet
            self.contracts = Contracts.of(devnet.chain, devnet.deployment)
            domain = Domain(devnet.chain.chain_id, self.contracts.rounds.address)
            self.relay = LocalRelay(self.home / "relay.sqlite", domain, clock=self.contracts.chain.now)
            self._stake()
            self._train()
            self._claim()
        self._compare()
        self.story.seconds = time.perf_counter() - began
        return self.story

    # ------------------------------------------------------------------ people

    def _stake(self) -> None:
        names = [f"clerk-{number}" for number in range(1, CLERKS + 1)]
        self.devnet.fund([named_account(name).address for name in ("developer", *names)])
        self.clerks: list[ClerkAgent] = []
        for name in self.track("clerks stake", names, len(names)):
            keys = ClerkKeys(self.home / "keys" / name, PASSWORD, Strength.LIGHT)
            keys.create_account(named_account(name))
            agent = ClerkAgent(self.contracts, keys, self.relay)
            agent.register(200 * TOKEN)
            self.clerks.append(agent)

    def _train(self) -> None:
        identity = Identity.create(
            self.home / "keys" / "developer", PASSWORD, Strength.LIGHT, named_account("developer")
        )
        developer = DeveloperAgent(self.contracts, identity, self.relay, self.home / "developer", "serial")
        directory = self.home / "training"
        self.members: dict[int, Member] = {}
        board = Noticeboard(directory / "announcements")
        for number, data in enumerate(self.track("contributors enrol", self.people, len(self.people))):
            place = self.home / "contributors" / str(number)
            agent = ContributorAgent(self.contracts, Identity.generate(), self.relay, place, MINIMA)
            self.members[agent.enrol()] = Member(agent, *data, board)
        self.training = Training(developer, self.configuration, self.public, directory, self._rest)
        self.story.reason = self.training.run(self.stop, self._shown)
        self.story.reports = self.training.checkpoint.reports

    def _shown(self, report: Report) -> None:
        self.tell(
            f"update {report.number + 1}: {report.outcome}, {report.contributors} contributors,"
            f" accuracy {report.accuracy:.3f}"
        )

    # ------------------------------------------------------------------ what others do while the developer waits

    def _rest(self, round_id: int | None, state: State) -> None:
        if round_id is None:
            raise ChainError("nobody is enrolled")
        if state is State.REQUESTED:
            self.devnet.node.mine(self.contracts.deployment.settings.rounds.seed_delay + 1)
        elif state is State.COLLECTING:
            self._contribute(round_id)
        elif state is State.DISPUTING:
            self._serve(round_id)
            self._warp_to(self.contracts.rounds.deadlines(round_id).complaint_end)
        else:
            self._serve(round_id)

    def _contribute(self, round_id: int) -> None:
        view = self.contracts.rounds.view(round_id)
        invited = self.training.board.fetch(view.terms.query).invited(view.round_hash)
        self._seeds[round_id] = view.round_hash
        sent = self._sent.setdefault(round_id, [])
        for position in self.track("the cohort trains and sends", sorted(invited), len(invited)):
            began = time.perf_counter()
            part = self.members[position].take_part(round_id)
            self._busy += time.perf_counter() - began
            if part is Part.SENT:
                sent.append(position)
            else:
                perplexed, others = self.story.sat_out
                rightly = list(self.members).index(position) % PERPLEXED == 0
                self.story.sat_out = (perplexed + rightly, others + (not rightly))
        if len(sent) < self.configuration.round.cohort:  # somebody sat out: the window has to end
            self._warp_to(view.collect_end - 30)

    def _serve(self, round_id: int) -> None:
        seats = set(self.contracts.rounds.seats(round_id))
        for agent in self.clerks:
            if agent.clerk_id in seats:
                agent.run_once()

    def _claim(self) -> None:
        """Every contributor of every round is paid."""
        due = [(report.round_id, each) for report in self.story.reports for each in self._sent[report.round_id]]
        for round_id, position in self.track("contributors are paid", due, len(due)):
            reward, _ = self.members[position].agent.claim(round_id, self.training.agent.account)
            self.story.claims += 1
            self.story.rewards += reward
        for report in self.story.reports:
            accepted = self.contracts.rounds.events("RowAccepted", report.round_id)
            self.story.clerks_paid += sum(int(event["fee"]) for event in accepted)

    # ------------------------------------------------------------------ beside it

    def _compare(self) -> None:
        story, configuration = self.story, self.configuration
        counted = [report for report in story.reports if report.counted]
        cohorts: list[Cohort] = [(self._seeds[each.round_id], self._sent[each.round_id]) for each in counted]
        *_, clear = train_in_the_clear(configuration, dict(zip(self.members, self.people, strict=True)), cohorts)
        story.private = self._score(self.training.checkpoint.vector)
        story.clear = self._score(clear)
        story.central = self._score(train_centrally(configuration, *together(self.people), epochs=40, rate=5.0))
        story.difference_points = 100 * (story.private.accuracy - story.clear.accuracy)
        good = (number for number, report in enumerate(counted, 1) if report.accuracy >= 0.9)
        story.rounds_to_90 = next(good, None)
        story.contribution_ms = 1000 * self._busy / max(1, sum(map(len, self._sent.values())))

    def _score(self, vector: Vector) -> Score:
        model = self.configuration.model.make()
        model.vector = vector
        return evaluate(model, *self.strangers)

    def _warp_to(self, timestamp: int) -> None:
        self.devnet.node.increase_time(max(0, timestamp - self.contracts.chain.now()))


def _perplexed(data: Data, intents: int, number: int) -> Data:
    """The same sentences with labels at random."""
    features, labels = data
    return features, np.random.default_rng(number).integers(0, intents, len(labels))
