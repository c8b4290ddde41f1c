"""Plays every scenario on Anvil and tells what became of everybody: docs/adversary.md is what this prints.

python -m tests.adversary.table            print it
python -m tests.adversary.table --write    rewrite docs/adversary.md
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sda.agents import ContributorAgent
from sda.chain.devnet import Devnet
from sda.chain.rpc import request
from sda.chain.settings import in_tokens
from sda.errors import EncodingError, ProofError, SDAError
from sda.round import State
from tests.adversary.dealers import DEALERS
from tests.adversary.pairs import PAIRS
from tests.adversary.relays import RELAYS
from tests.adversary.scenario import HONEST, Scenario
from tests.adversary.scenarios import ALONE
from tests.adversary.wide import WIDE
from tests.chain.stage import make_terms
from tests.rounds.cast import Cast

SCENARIOS = (*ALONE, *DEALERS, *RELAYS, *PAIRS, *WIDE)
DOCUMENT = Path(__file__).parents[2] / "docs" / "adversary.md"
COLUMNS = (
    "who",
    "what it does",
    "who is blamed",
    "round",
    "sum of the honest",
    "developer pays",
    "clerks lose",
    "clerks get",
    "burned",
    "honest contributors",
)
HEAD = """# What dishonest parties achieve

Each line is a round on a real chain: {honest} honest contributors, a committee of {n} (R = {r}), and one party that
cheats; everybody else runs the code of this repository. Written by `python -m tests.adversary.table --write`;
`make test` plays all of it again and compares. Amounts are tokens; in the test round: flat fee {flat}, bond {bond},
deposit {deposit}, reward {reward}.

"developer pays" is what the round cost it in the end, "clerks lose" what was taken from stakes, "clerks get" their
fees, finders' rewards, complaint fees and bonds for what they demanded, "burned" what exists no more, and "honest
contributors" how many of them were paid. After each line every token that a contract holds is somebody's, to the last
unit.

"""


@dataclass(frozen=True)
class Outcome:
    """What became of a round; amounts in token units."""

    blamed: str
    state: State
    right: bool | None
    developer: int
    lost: int
    earned: int
    burned: int
    paid: int

    def cells(self) -> tuple[str, ...]:
        """For the table."""
        sums = {True: "comes out", False: "lost, unnoticed", None: "nobody learns it"}
        return (
            self.blamed,
            self.state.name.lower(),
            sums[self.right],
            in_tokens(self.developer),
            in_tokens(self.lost),
            in_tokens(self.earned),
            in_tokens(self.burned),
            f"{self.paid} of {HONEST} paid",
        )


def play(devnet: Devnet, home: Path, scenario: Scenario) -> Outcome:
    """One scenario, from the request to the last claim."""
    cast = Cast(devnet, home)
    developer, token = cast.developer.account.address, cast.contracts.token
    accounts = [agent.account.address for agent in cast.clerks.values()]
    stakes, supply = _stakes(cast), token.total_supply()
    before, clerks_before = _wealth(cast, [developer]), _wealth(cast, accounts)
    round_id = cast.open(scenario.terms)
    total = cast.contribute(round_id, HONEST)
    honest = list(cast.contributors)
    scenario.play(cast, round_id)
    go_on(cast, round_id)
    right = learn(cast, round_id, cast.with_noise(total))
    paid = sum(claims(cast, agent, round_id) for agent in honest)
    outcome = Outcome(
        _blamed(cast, round_id, spoilt=scenario.spoils),
        cast.rounds.state(round_id),
        right,
        before - _wealth(cast, [developer]),
        stakes - _stakes(cast),
        _wealth(cast, accounts) - clerks_before,
        supply - token.total_supply(),
        paid,
    )
    check_accounts(cast, round_id)
    cast.relay.close()
    return outcome


def go_on(cast: Cast, round_id: int) -> None:
    """Everybody honest does what is due, until the round is over."""
    rounds, disputes = cast.rounds, cast.rounds.disputes
    for _ in range(4):
        if rounds.round(round_id).closed:
            break
        if rounds.state(round_id) is State.DISPUTING:
            cast.take_turns()
        else:
            cast.run_all()
        if any(each.deadline for each in disputes.challenges(round_id)):
            cast.node.increase_time(disputes.settings().challenge_window)
        elif rounds.state(round_id) is State.DISPUTING:
            cast.past_complaints()
        elif rounds.state(round_id) is State.SETTLING:
            cast.node.increase_time(make_terms().complaint_window // 2)
        elif rounds.state(round_id) is State.COLLECTING:
            cast.node.increase_time(make_terms().collect_window)
    if rounds.round(round_id).wide:
        check_rows(cast, round_id)
    cast.settle()
    if not rounds.round(round_id).closed:
        cast.developer.close(round_id)
    cast.silent = set()
    cast.run_all()
    cast.developer.reclaim(round_id)


def check_rows(cast: Cast, round_id: int) -> None:
    """The developer, if it has a padded sum, checks what was posted; clerks open what it doubts."""
    for _ in range(2):
        with suppress(ProofError):
            cast.developer.check_rows(round_id)
        cast.run_all()
        cast.node.increase_time(make_terms().row_window)


def learn(cast: Cast, round_id: int, total: list[int]) -> bool | None:
    """Whether the developer learns the right sum; None if it learns none."""
    try:
        sums = cast.developer.reveal(round_id)
    except EncodingError:
        return False
    except SDAError:
        return None
    # Liars that were not excluded sent ones.
    return any(sums == [value + liars for value in total] for liars in range(4))


def claims(cast: Cast, agent: ContributorAgent, round_id: int) -> bool:
    """Whether a contributor is paid."""
    try:
        agent.claim(round_id, cast.developer.account)
    except SDAError:
        return False
    return True


def check_accounts(cast: Cast, last_round: int) -> None:
    """Every token that a contract holds is credited to somebody, staked by somebody, or waits to be claimed."""
    token, rounds, disputes = cast.contracts.token, cast.rounds, cast.rounds.disputes
    accounts = [agent.account.address for agent in (*cast.clerks.values(), cast.developer)]
    assert token.balance_of(rounds.address) == sum(map(rounds.balance_of, accounts))
    held = sum(challenge.held for each in range(last_round + 1) for challenge in disputes.challenges(each))
    bonds = held * disputes.settings().challenge_bond
    assert token.balance_of(disputes.address) == sum(map(disputes.balance_of, accounts)) + bonds
    checks = rounds.checks
    doubted = sum(not doubt.settled for each in range(last_round + 1) for doubt in checks.doubts(each))
    assert token.balance_of(checks.address) == sum(map(checks.balance_of, accounts)) + doubted * checks.bond()
    assert token.balance_of(cast.registry.address) == _stakes(cast)
    waiting = sum(rounds.pot(each).waiting for each in range(last_round + 1))
    assert token.balance_of(rounds.rewards_address) == waiting


def _stakes(cast: Cast) -> int:
    return sum(cast.registry.clerk(clerk_id).stake for clerk_id in cast.clerks)


def _wealth(cast: Cast, accounts: list[bytes]) -> int:
    """What accounts hold and may withdraw, stakes not counted."""
    rounds = cast.rounds
    holders = (cast.contracts.token, rounds, rounds.disputes, rounds.checks)
    return sum(holder.balance_of(account) for account in accounts for holder in holders)


def _blamed(cast: Cast, round_id: int, *, spoilt: bool) -> str:
    names = {event.name for event in cast.rounds.disputes.history(round_id)}
    names |= {event.name for event in cast.rounds.history(round_id)}
    if names & {"Convicted", "Withheld"}:
        return "the developer"
    leaked = any(cast.registry.clerk(each).leaked for each in cast.clerks)
    at_fault = {
        "the contributor": any(not each.noise for each in cast.rounds.disputes.exclusions(round_id)),
        "the clerk": leaked or bool(names & {"RowRejected", "NoiseRejected", "Silent"}),
    }
    if any(at_fault.values()):
        return " and ".join(who for who, proven in at_fault.items() if proven)
    if "Abandoned" in names:
        return "the developer, which gave up"
    if "NoData" in names:
        return "nobody: clerk and developer burn a little"
    return "nobody: nothing notices" if spoilt else "nobody: it achieves nothing"


def table() -> str:
    """The whole document."""
    terms, lines = make_terms(), []
    with Devnet() as devnet, tempfile.TemporaryDirectory() as directory:
        cast_free = request(devnet.node.url, "evm_snapshot", [])
        for number, scenario in enumerate(SCENARIOS):
            home = Path(directory) / str(number)
            home.mkdir()
            cells = play(devnet, home, scenario).cells()
            lines.append(f"| {' | '.join((scenario.role, scenario.act, *cells))} |\n")
            assert request(devnet.node.url, "evm_revert", [cast_free])
            cast_free = request(devnet.node.url, "evm_snapshot", [])
        settings = devnet.settings
    bond = settings.registry.minimum_stake // settings.registry.maximum_seats
    head = HEAD.format(
        honest=HONEST,
        n=terms.n,
        r=terms.t + terms.k,
        flat=in_tokens(terms.flat_fee),
        bond=in_tokens(bond),
        deposit=in_tokens(4 * (terms.n * terms.flat_fee + settings.rounds.abort_burn)),
        reward=in_tokens(terms.reward),
    )
    rule = "| " + " | ".join("---" for _ in COLUMNS) + " |\n"
    return head + f"| {' | '.join(COLUMNS)} |\n" + rule + "".join(lines)


if __name__ == "__main__":
    made = table()
    print(made)
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(made)
