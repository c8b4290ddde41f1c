"""`sda round`: asking for a sum, paying for it, and getting it."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from sda.agents import DeveloperAgent
from sda.chain.addresses import to_text
from sda.chain.client import Chain
from sda.chain.rounds import Rounds
from sda.chain.settings import TOKEN, in_tokens
from sda.chain.structs import Outcome
from sda.cli.output import Answer, command, example_epilog, facts, progress_console, table
from sda.cli.session import Session, pass_session
from sda.cli.values import AMOUNT, ROUND_ID, UINT32
from sda.crypto.hashes import keccak
from sda.errors import ChainError
from sda.messages import AccountKey, Review
from sda.params import PROFILES, Parameters, profile
from sda.round import State, Terms

any_key_option = click.option("--key", default="developer", show_default=True, help="Name of any key: pays the gas.")
key_option = click.option("--key", default="developer", show_default=True, help="Name of the developer's key.")
round_argument = click.argument("round_id", metavar="ROUND", type=ROUND_ID)

executor_option = click.option(
    "--executor",
    default="processes",
    show_default="processes, one for each core",
    metavar="NAME",
    help="Where to compute: serial, processes, processes:COUNT, or a Dask cluster: dask://HOST:PORT (extra: dask).",
)

_SEED_BLOCK_SECONDS = 600
_WATCH_SECONDS = 2
_DEFAULT_DATA_FEE = 2 * TOKEN
_CHANGES = ("n", "t", "k", "length", "bits", "maximum", "offset")


@click.group("round", epilog=example_epilog("sda round open --minimum 100"))
def group() -> None:
    """Request rounds, close their collection, reveal their sums."""


def agreed_options(function: Any) -> Any:
    """Windows and money of a round, by the names of `Terms.for_parameters`."""
    rate = "Tokens per row, contributor and element; by default 2 tokens a row at most."
    options = (
        click.option("--collect-window", type=UINT32, default=3600, show_default=True, help="Seconds to contribute."),
        click.option("--complaint-window", type=UINT32, default=600, show_default=True, help="Seconds to check."),
        click.option("--row-window", type=UINT32, default=600, show_default=True, help="Seconds to answer."),
        click.option("--claim-window", type=UINT32, default=86_400, show_default=True, help="Seconds to claim."),
        click.option("--flat-fee", type=AMOUNT, default="0.5", show_default=True, help="Tokens per right row."),
        click.option("--rate", type=AMOUNT, help=rate),
        click.option("--reward", type=AMOUNT, default="0.01", show_default=True, help="Tokens per contributor."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def default_rate(parameters: Parameters) -> int:
    """Token units per row, contributor and element, so that a row costs two tokens at most."""
    return _DEFAULT_DATA_FEE // (parameters.maximum * parameters.row_length)


def _changes(function: Any) -> Any:
    """Options that change single parameters of a profile."""
    for name in reversed(_CHANGES):
        option = click.option(f"--{name}", type=int, help=f"Instead of the profile's {name}.")
        function = option(function)
    return function


@command(
    group,
    "open",
    example="sda round open --profile demo --minimum 100 --rate 0.0001\n"
    "sda round open --length 24 --bits 4 --query 'uses per hour'",
)
@key_option
@click.option("--profile", "profile_name", type=click.Choice(list(PROFILES)), default="demo", show_default=True)
@_changes
@click.option("--minimum", type=UINT32, default=100, show_default=True, help="Contributors at least.")
@click.option("--query", default="", help="What is asked; its hash is in the terms that contributors sign.")
@agreed_options
@click.option("--max-payment", type=AMOUNT, help="Refuse to pay more; by default what is quoted.")
@click.option("--draw/--no-draw", default=True, show_default=True, help="Wait for the seed block and draw.")
@pass_session
def open_round(
    session: Session,
    /,
    key: str,
    profile_name: str,
    minimum: int,
    query: str,
    max_payment: int | None,
    draw: bool,
    **options: Any,
) -> Answer:
    """Request a round and pay for it; by default also draw its committee."""
    changed = {name: options.pop(name) for name in _CHANGES}
    parameters = replace(profile(profile_name), **{k: v for k, v in changed.items() if v is not None})
    if options["rate"] is None:
        options["rate"] = default_rate(parameters)
    terms = Terms.for_parameters(parameters, minimum=minimum, query=keccak(query.encode()), **options)
    agent = session.developer(key)
    quote = agent.rounds.quote(terms)
    round_id, receipt = agent.open(terms, max_payment)
    data: dict[str, Any] = {
        "round": round_id,
        "escrow_units": quote.escrow,
        "deposit_units": quote.deposit,
        "transaction": receipt.transaction,
    }
    lines = [
        f"round {round_id}: paid {in_tokens(quote.escrow)} tokens into escrow, {in_tokens(quote.deposit)} as deposit",
        f"{parameters.n} seats; any {parameters.reconstruction} rows complete it; with up to {parameters.t}"
        " corrupt clerks nothing but the sum is learned",
    ]
    if draw:
        outcome = draw_committee(session, agent.account, round_id)
        data["outcome"] = outcome
        lines.append(told(outcome, round_id))
    return Answer(data, "\n".join(lines), ok=not draw or outcome is Outcome.DRAWN)


@command(group, "draw", example="sda round draw 0 --key clerk-1")
@any_key_option
@round_argument
@pass_session
def draw_round(session: Session, key: str, round_id: int) -> Answer:
    """Draw a round's committee, once its seed block is mined; whoever draws gets the bounty."""
    outcome = draw_committee(session, session.account(key), round_id)
    return Answer({"round": round_id, "outcome": outcome}, told(outcome, round_id), outcome is Outcome.DRAWN)


def draw_committee(session: Session, account: AccountKey, round_id: int) -> Outcome:
    """Wait for the seed block, draw whatever is due before, then this round."""
    contracts = session.contracts
    _require_round(contracts.rounds, round_id)
    _wait_for_block(contracts.chain, contracts.rounds.round(round_id).seed_block + 1)
    # Draws happen in the order of their requests; whoever is next in the way pays a bounty too.
    for earlier in range(contracts.registry.next_ticket(), round_id):
        if contracts.rounds.state(earlier) is State.REQUESTED:
            contracts.rounds.draw(account, earlier)
    outcome, _ = contracts.rounds.draw(account, round_id)
    return outcome


def _wait_for_block(chain: Chain, number: int) -> None:
    until = time.monotonic() + _SEED_BLOCK_SECONDS
    with progress_console.status(f"waiting for block {number}"):
        while chain.block_number() < number:
            if time.monotonic() > until:
                raise ChainError(f"block {number} did not come within {_SEED_BLOCK_SECONDS} s; draw later")
            time.sleep(0.2)


def told(outcome: Outcome, round_id: int) -> str:
    """What a draw came to, in words."""
    if outcome is Outcome.DRAWN:
        return f"committee drawn: contributors can send to round {round_id}"
    return f"no committee ({outcome.name.lower().replace('_', ' ')}): all but the bounty was refunded"


@command(group, "status", example="sda round status 0\nsda round status 0 --json")
@round_argument
@pass_session
def status(session: Session, round_id: int) -> Answer:
    """Show a round's state, deadlines, committee and money."""
    rounds = session.contracts.rounds
    _require_round(rounds, round_id)
    state, round_facts = rounds.state(round_id), rounds.round(round_id)
    ends, terms = rounds.deadlines(round_id), rounds.terms(round_id)
    clerk_ids, pot = rounds.seats(round_id), rounds.pot(round_id)
    seats = [
        {
            "seat": seat,
            "clerk_id": clerk_id,
            "answered": bool(round_facts.answered >> seat & 1),
            "resolved": bool(round_facts.resolved >> seat & 1),
        }
        for seat, clerk_id in enumerate(clerk_ids)
    ]
    data = {
        "round": round_id,
        "state": state,
        "facts": vars(round_facts),
        "deadlines": vars(ends),
        "seats": seats,
        "rewards": {"each": pot.reward, "claimed": pot.claimed, "waiting": pot.waiting},
    }
    shown = {
        "round": f"{round_id}: {state.name.lower()}{', settled' if round_facts.closed else ''}",
        "developer": to_text(round_facts.developer),
        "contributors": f"{round_facts.count:,} (from {terms.minimum:,} to {terms.maximum:,})",
        "rows": f"{round_facts.answered.bit_count()} of {terms.n}, {terms.t + terms.k} complete it",
        "held": f"{in_tokens(round_facts.held)} tokens, {in_tokens(round_facts.deposit)} of them deposit",
        "rewards": f"{pot.claimed:,} of {pot.count:,} gone, {in_tokens(pot.waiting)} tokens wait",
        **{
            label: datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            for label, end in (
                ("collects until", ends.collect_end),
                ("complaints until", ends.complaint_end),
                ("rows until", ends.row_end),
                ("claims until", ends.claim_end),
            )
            if end
        },
        "clerks": ", ".join(_seat_words(seat) for seat in seats) or "not drawn",
    }
    return Answer(data, facts(shown))


def _require_round(rounds: Rounds, round_id: int) -> None:
    number = rounds.number()
    if round_id >= number:
        there_are = f"rounds are 0 to {number - 1}" if number else "no round was requested yet"
        raise ChainError(f"round {round_id}: there is none; {there_are}")


def _seat_words(seat: dict[str, Any]) -> str:
    if seat["answered"]:
        return f"{seat['clerk_id']} answered"
    return f"{seat['clerk_id']} {'out' if seat['resolved'] else 'waits'}"


@command(group, "draft", example="sda round draft 0\nsda round draft 0 --wait 300")
@key_option
@executor_option
@round_argument
@click.option("--wait", type=UINT32, default=0, show_default=True, help="Seconds to wait for all seats' reviews.")
@pass_session
def draft(session: Session, key: str, executor: str, round_id: int, wait: int) -> Answer:
    """Show the committee the tree before it is on chain: it says which contributions to leave out.

    The relay takes no more contributions from here on. `sda round snapshot` follows the reviews.
    """
    agent = session.developer(key, executor)
    with progress_console.status("checking contributions and building the tree") as status:
        collected = agent.draft(round_id, lambda done: status.update(f"checked {done:,} contributions"))
    reviews = _wait_for_reviews(agent, round_id, collected.root, wait)
    seats = agent.rounds.terms(round_id).n
    lines = [f"round {round_id}: a draft of {collected.snapshot.count:,} contributions, root 0x{collected.root.hex()}"]
    lines.append(f"{len(reviews)} of {seats} seats have reviewed it")
    lines += [f"seat {each.seat} names leaves {', '.join(map(str, each.leaves))}" for each in reviews if each.leaves]
    return Answer(
        {
            "round": round_id,
            "count": collected.snapshot.count,
            "root": collected.root,
            "reviews": [{"seat": each.seat, "leaves": list(each.leaves)} for each in reviews],
        },
        "\n".join(lines),
    )


def _wait_for_reviews(agent: DeveloperAgent, round_id: int, root: bytes, seconds: int) -> list[Review]:
    seats, until = agent.rounds.terms(round_id).n, time.monotonic() + seconds
    with progress_console.status("waiting for the committee's reviews"):
        while True:
            found = [each for each in agent.reviews(round_id) if each.root == root]
            if len(found) == seats or time.monotonic() >= until:
                return found
            time.sleep(1)


@command(
    group,
    "snapshot",
    example="sda round snapshot 0\nsda round snapshot 0 --executor dask://scheduler:8786",
)
@key_option
@executor_option
@round_argument
@pass_session
def snapshot(session: Session, key: str, executor: str, round_id: int) -> Answer:
    """Close the collection: build the tree, publish it at the relay, commit to it on chain.

    After a crash run it again: what was finished is not computed again.
    """
    agent = session.developer(key, executor)
    with progress_console.status("checking contributions and building the tree") as status:
        collected, receipt = agent.snapshot(
            round_id, lambda done: status.update(f"checked {done:,} contributions, building the tree")
        )
    dropped = [
        {"kind": each.kind.name.lower(), "position": each.position, "reason": each.reason} for each in collected.dropped
    ]
    text = f"round {round_id}: {collected.snapshot.count:,} contributions, root 0x{collected.root.hex()}"
    for each in dropped:
        text += f"\nleft out: {each['kind']} of position {each['position']}: {each['reason']}"
    return Answer(
        {
            "round": round_id,
            "count": collected.snapshot.count,
            "root": collected.root,
            "dropped": dropped,
            "transaction": receipt.transaction,
        },
        text,
    )


@command(group, "check", example="sda round check 0\nsda round check 0 --watch")
@key_option
@round_argument
@click.option("--watch", is_flag=True, help="Go on until all windows for rows are over.")
@pass_session
def check(session: Session, key: str, round_id: int, watch: bool) -> Answer:
    """Check the rows of a wide round: wrong ones are shown to the contract, withheld ones doubted, for a bond.

    A narrow round needs none of it: the contract checks its rows.
    """
    agent, done = session.developer(key), []
    while True:
        done += agent.check_rows(round_id)
        if not watch or agent.rounds.state(round_id) is not State.ANSWERING:
            break
        time.sleep(_WATCH_SECONDS)
    enough = agent.has_rows(round_id)
    words = "enough right rows are there: the sum can be revealed" if enough else "not enough right rows yet"
    data = {"round": round_id, "done": done, "enough": enough}
    return Answer(data, "\n".join([*done, f"round {round_id}: {words}"]))


@command(group, "reveal", example="sda round reveal 0\nsda round reveal 0 --csv sums.csv")
@key_option
@round_argument
@click.option("--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), help="Also write it here.")
@pass_session
def reveal(session: Session, key: str, round_id: int, csv_file: Path | None) -> Answer:
    """Compute the sum, once enough rows are accepted."""
    sums = session.developer(key).reveal(round_id)
    if csv_file is not None:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(("coordinate", "sum"))
        writer.writerows(enumerate(sums))
        csv_file.write_text(out.getvalue())
    return Answer({"round": round_id, "sums": sums}, table(("coordinate", "sum"), list(enumerate(sums))))


@command(group, "finalise", example="sda round finalise 0")
@any_key_option
@round_argument
@pass_session
def finalise(session: Session, key: str, round_id: int) -> Answer:
    """Settle a round that is over; once its claims are over too, return unclaimed rewards. Anyone may."""
    rounds, account = session.contracts.rounds, session.account(key)
    if rounds.round(round_id).closed:
        receipt = rounds.sweep(account, round_id)
        action = "unclaimed rewards returned to the developer"
    else:
        receipt = rounds.close(account, round_id)
        action = rounds.state(round_id).name.lower() + ", settled"
    return Answer(
        {"round": round_id, "action": action, "transaction": receipt.transaction},
        f"round {round_id}: {action}",
    )


@command(group, "abandon", example="sda round abandon 0")
@key_option
@round_argument
@pass_session
def abandon(session: Session, key: str, round_id: int) -> Answer:
    """Give a round up before its snapshot: costs the committee's flat fees and a burn."""
    agent = session.developer(key)
    receipt = agent.rounds.abandon(agent.account, round_id)
    return Answer(
        {"round": round_id, "transaction": receipt.transaction},
        f"round {round_id}: abandoned; the committee has its flat fees, the rest is credited to the developer",
    )
