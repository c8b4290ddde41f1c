"""`sda dispute`: what was decided about a round, in words, and what a developer owes an answer to."""

from __future__ import annotations

from typing import Any

import click

from sda.chain.addresses import to_text
from sda.chain.contract import Event
from sda.chain.settings import in_tokens
from sda.cli.contributor import round_argument
from sda.cli.output import Answer, command, example_epilog, table
from sda.cli.rounds import key_option
from sda.cli.session import Session, pass_session

FRAUDS = (
    "a node of the developer's tree counts other contributors than its children",
    "a node of the developer's tree is not the sum of its children",
    "the developer counted a contribution over other commitments than were signed",
    "the developer counted a contribution that its account did not sign",
    "the developer counted a key without a proof of possession",
    "the developer counted one contributor twice",
    "the developer's leaves are not in the order of their positions",
    "a leaf of the developer's tree is not what belongs at its index",
    "the developer's roster and its leaves disagree",
    "the developer counted an account or key that did not enrol there",
    "the developer counted a contribution with a point outside of the group",
)
"""`IFrauds.Fraud`, in its order."""


@click.group("dispute", epilog=example_epilog("sda dispute show 0"))
def group() -> None:
    """Who lied, and what was decided."""


@command(group, "show", example="sda dispute show 0\nsda dispute show 0 --json")
@round_argument
@pass_session
def show(session: Session, round_id: int) -> Answer:
    """Explain every verdict on a round, and why."""
    rounds = session.contracts.rounds
    state = rounds.state(round_id)
    verdicts = [(event, _words(session, event)) for event in rounds.disputes.history(round_id)]
    shown = [*((event.block, words) for event, words in verdicts), ("now", f"the round is {state.name.lower()}")]
    data = {
        "round": round_id,
        "state": state,
        "verdicts": [
            {"event": event.name, "block": event.block, "transaction": event.transaction, "words": words}
            for event, words in verdicts
        ],
    }
    return Answer(data, table(("block", "what was decided"), shown))


def _words(session: Session, event: Event) -> str:
    values: Any = event.values
    disputes = session.contracts.rounds.disputes
    match event.name:
        case "Excluded":
            until = disputes.aside_until(values["account"])
            return (
                f"seat {values['seat']} showed that {to_text(values['account'])} committed to another share than it "
                f"sent: its leaf {values['index']} is left out and earns nothing, it is put aside until {until}, "
                "and the complaint was paid from the escrow"
            )
        case "Settled":
            return f"the leaves that were left out are settled: {values['count']:,} contributors remain in the sum"
        case "Challenged":
            return (
                f"seat {values['seat']} could not get what is under node ({values['level']}, {values['index']}) and "
                f"demanded it for a bond of {in_tokens(disputes.settings().challenge_bond)} tokens"
            )
        case "Answered":
            return "the developer posted what was demanded, and got the bond"
        case "Withheld":
            return f"the developer did not post what was demanded: {to_text(values['finder'])} was rewarded"
        case _:
            return f"{FRAUDS[values['fraud']]}: {to_text(values['finder'])} showed it, and the round ended"


@command(group, "answer", example="sda dispute answer 0")
@key_option
@round_argument
@pass_session
def answer(session: Session, key: str, round_id: int) -> Answer:
    """Post the nodes that seats demanded and did not get from the relay; a developer that does not is convicted."""
    answered = session.developer(key).answer_challenges(round_id)
    return Answer({"round": round_id, "answered": answered}, f"round {round_id}: {len(answered)} demands answered")
