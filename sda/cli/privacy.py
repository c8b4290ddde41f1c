"""`sda privacy`: what was released about a contributor, or by a developer, and how much more may be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click
from rich.console import Group
from rich.text import Text

from sda.cli.analytics import EXTRA
from sda.cli.extras import extra
from sda.cli.output import Answer, command, example_epilog, facts, table
from sda.cli.session import Session, pass_session
from sda.cli.values import ADDRESS
from sda.errors import ChainError, ParameterError, ProofError

if TYPE_CHECKING:
    from sda.privacy.ledger import Entry, Ledger
    from sda.privacy.noise.promise import Promise

key_option = click.option("--key", required=True, help="Name of the contributor's or developer's key.")


@click.group("privacy", epilog=example_epilog("sda privacy ledger --key alice"))
def group() -> None:
    """The privacy ledger: what rounds have cost, and the budget."""


@command(group, "ledger", example="sda privacy ledger --key alice\nsda privacy ledger --key alice --audit")
@key_option
@click.option("--audit", is_flag=True, help="Compare every entry with its round on chain, and note how it ended.")
@pass_session
def ledger(session: Session, key: str, audit: bool) -> Answer:
    """Show every round that counts, and what is left of the budget."""
    book, owner = _open(session, key)
    found = [_audit(session, book, owner, entry) for entry in book.entries(owner)] if audit else []
    entries, budget, spent = book.entries(owner), book.budget(owner), book.spent(owner)
    data: dict[str, Any] = {
        "budget": vars(budget),
        "spent_epsilon": spent,
        "left_epsilon": max(0.0, budget.epsilon - spent),
        "rounds": [_described(entry) for entry in entries],
    }
    if audit:
        data["audit"] = found
    words = [each["found"] for each in found] or [""] * len(entries)
    rows = [(e.round_id, _title(e), str(e.status), _cost(e), word) for e, word in zip(entries, words, strict=True)]
    shown = {"spent": f"ε = {spent:.4g} of {budget.epsilon:g} at δ = {budget.delta:g}", "rounds": len(entries)}
    text = Group(table(("round", "query", "status", "cost", "audit"), rows), Text(""), facts(shown))
    return Answer(data, text, all(each["ok"] for each in found))


@command(group, "budget", example="sda privacy budget --key alice --epsilon 5 --delta 1e-6")
@key_option
@click.option("--epsilon", type=float, required=True, help="ε of all rounds together, at most.")
@click.option("--delta", type=float, default=1e-5, show_default=True, help="The δ at which it is counted.")
@pass_session
def set_budget(session: Session, key: str, epsilon: float, delta: float) -> Answer:
    """Set the budget; a round that would exceed it is refused before anything is sent."""
    book, owner = _open(session, key)
    from sda.privacy.ledger import Budget

    book.set_budget(owner, Budget(epsilon, delta))
    spent = book.spent(owner)
    data = {"epsilon": epsilon, "delta": delta, "spent_epsilon": spent}
    return Answer(data, f"{key}: ε = {epsilon:g} at δ = {delta:g} from now on; {spent:.4g} of it is spent")


@command(group, "rounds", example="sda privacy rounds 0x5AEDA56215b167893e80B4fE645BA6d5Bab767DE")
@click.argument("developer", type=ADDRESS)
@click.option("--delta", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=1e-5, show_default=True)
@pass_session
def rounds_of(session: Session, developer: bytes, delta: float) -> Answer:
    """Add up what a developer's rounds announce on chain; nobody's keys, ledger or queries are needed.

    The total is that of somebody who took part in all of them.
    """
    with extra(EXTRA):
        from sda.privacy.counting import Announced, announced_epsilon
    rounds = session.contracts.rounds
    found = []
    for round_id in rounds.requested_by(developer):
        released = rounds.round(round_id).snapshot_at > 0
        found.append(Announced.of(round_id, rounds.state(round_id), rounds.terms(round_id), released))
    total = announced_epsilon(found, delta)
    rows = [
        (each.round_id, each.state.name.lower(), _announced(each.promise), "yes" if each.released else "")
        for each in found
    ]
    data = {
        "epsilon": total if math.isfinite(total) else None,
        "delta": delta,
        "rounds": [
            {
                "round": each.round_id,
                "state": each.state.name.lower(),
                "epsilon": each.promise and each.promise.epsilon,
                "delta": each.promise and each.promise.delta,
                "released": each.released,
            }
            for each in found
        ],
    }
    words = f"ε = {total:.4g}" if math.isfinite(total) else "no ε"
    shown = {"all that were released": f"{words} at δ = {delta:g}"}
    text = Group(table(("round", "state", "announces", "released"), rows), Text(""), facts(shown))
    return Answer(data, text)


def _announced(promise: Promise | None) -> str:
    if promise is None:
        return "nothing: no noise that is told of"
    return f"ε = {promise.epsilon:.6g}, δ = {promise.delta:.6g} ({promise.mechanism.name.lower()})"


def _open(session: Session, key: str) -> tuple[Ledger, bytes]:
    """The ledger in the directory of a key. It is told apart by account, which stands in a key file in the clear."""
    with extra(EXTRA):
        from sda.privacy.ledger import Ledger
    return Ledger(session.directory(key)), session.account(key).address


def _audit(session: Session, book: Ledger, owner: bytes, entry: Entry) -> dict[str, Any]:
    """What the chain says of an entry."""
    from sda.privacy.counting import check_entry, note_end

    try:
        view = session.contracts.rounds.view(entry.round_id)
        check_entry(entry, view)
        note_end(book, owner, view)
    except (ParameterError, ProofError, ChainError) as error:
        return {"round": entry.round_id, "ok": False, "found": str(error)}
    return {"round": entry.round_id, "ok": True, "found": f"as on chain ({view.state.name.lower()})"}


def _described(entry: Entry) -> dict[str, Any]:
    loss = {"multiplier": entry.loss.multiplier, "epsilon": entry.loss.epsilon, "delta": entry.loss.delta}
    return {
        "round": entry.round_id,
        "round_hash": entry.round_hash,
        "query": entry.query.decode(),
        "status": str(entry.status),
        "counts": entry.counts,
        **loss,
    }


def _title(entry: Entry) -> str:
    from sda.privacy.query import Query

    return Query.from_yaml(entry.query).title


def _cost(entry: Entry) -> str:
    loss = entry.loss
    return f"ε = {loss.epsilon:.4g}" if loss.multiplier is None else f"ρ = {loss.rho:.4g}"
