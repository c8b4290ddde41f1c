"""`sda clerk run` and `sda clerk status`: doing what is due, once or unattended, and how that goes."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from sda.agents import ClerkAgent
from sda.agents.daemon import STATE_FILE, ClerkDaemon, Options
from sda.agents.lock import served_by, served_by_us
from sda.agents.means import Means
from sda.chain.addresses import to_text
from sda.chain.settings import in_tokens
from sda.cli import logs
from sda.cli.clerk import group, key_option, time_text
from sda.cli.output import Answer, command, facts, progress_console, table
from sda.cli.session import Session, pass_session
from sda.cli.supervisor import notify
from sda.cli.values import AMOUNT
from sda.pairing import telling

__all__ = ["group"]


@command(group, "run", example="sda clerk run --key clerk-1\nsda clerk run --key clerk-1 --daemon --collect 10")
@key_option
@click.option("--daemon/--once", default=False, help="Serve until stopped, or do what is due now (the default).")
@click.option("--interval", type=click.FloatRange(0.1, 60), default=4, show_default=True, help="Seconds between looks.")
@click.option("--collect", type=AMOUNT, help="With --daemon: take what rounds owe once it is so many tokens.")
@click.option("--leave", is_flag=True, help="With --daemon: withdraw the stake when unbonding is over, and end.")
@click.option("--log", "form", type=click.Choice(logs.FORMATS), default="text", show_default=True, help="On stderr.")
@pass_session
def run(
    session: Session, key: str, daemon: bool, interval: float, collect: int | None, leave: bool, form: str
) -> Answer:
    """Do whatever is due: keys, jobs, disputes, rows, settlements.

    Once, to be run again as often as you like, or with --daemon unattended. Killed at any instant, it goes on where
    it was. It fails while there is too little ether for the gas of what may be due at once.
    """
    with served_by_us(session.directory(key)):
        if daemon:
            return _serve(session, key, Options(interval, collect, leave), form)
        agent = session.clerk(key)
        with _progress():
            deeds = [*agent.run_once(), *Means.of(agent).shortages()]
    rows = [("failed" if deed.failed else "done", deed.action, _round(deed.round_id), deed.detail) for deed in deeds]
    return Answer(
        {"deeds": [vars(deed) for deed in deeds]},
        table(("", "what", "round", "detail"), rows) if rows else "nothing is due",
        ok=not any(deed.failed for deed in deeds),
    )


def _serve(session: Session, key: str, options: Options, form: str) -> Answer:
    keys = session.clerk_keys(key)
    _ = keys.account  # a wrong password is noticed now
    logs.set_up(form)

    def connect() -> ClerkAgent:
        fresh = replace(session)  # its connections, and what they remember, are new
        return ClerkAgent(fresh.contracts, keys, fresh.relay)

    daemon = ClerkDaemon(connect, keys.directory, options)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: daemon.stop())
    notify("READY=1")
    daemon.run()
    notify("STOPPING=1")
    return Answer({"stopped": True}, f"{key} is not served any more")


@contextmanager
def _progress() -> Iterator[None]:
    """A bar, if there is something long to do."""
    with Progress(console=progress_console, transient=True) as bar:
        task = bar.add_task("contributors met for the first time", visible=False)
        with telling(lambda done, total: bar.update(task, completed=done, total=total, visible=True)):
            yield


@command(group, "status", example="sda clerk status --key clerk-1 --json")
@key_option
@pass_session
def status(session: Session, key: str) -> Answer:
    """Show stake, weight, keys, gas, the rounds that are served, and who serves them."""
    agent = session.clerk(key)
    clerk_id, clerk = agent.status()
    total, epoch = agent.registry.total_weight(), agent.registry.epoch_now()
    share = clerk.weight / total if total else 0.0
    credit, means = agent.rounds.balance_of(agent.account.address), Means.of(agent)
    rounds, daemon = [_seat(agent, clerk_id, round_id) for round_id in agent.open_seats()], _daemon(session, key)
    data = {
        "clerk_id": clerk_id,
        **vars(clerk),
        "share_of_weight": share,
        "credited_units": credit,
        "epoch": epoch,
        "ether_wei": means.ether,
        "ether_needed_wei": means.ether_needed,
        "short_of": [deed.action for deed in means.shortages()],
        "rounds": rounds,
        "daemon": daemon,
    }
    text = facts(
        {
            "clerk": f"{clerk_id} ({to_text(clerk.operator)})",
            "stake": f"{in_tokens(clerk.stake)} tokens",
            "weight": f"{clerk.weight:,} of {total:,} ({share:.2%} of each draw)",
            "seats held": clerk.seats,
            "keys": f"up to epoch {clerk.key_epoch}; now is epoch {epoch}",
            "credited": f"{in_tokens(credit)} tokens (sda collect takes them)",
            "ether": f"{means.ether / 10**18:.4f}, of which {means.ether_needed / 10**18:.4f} may be due at once",
            "leaving": time_text(clerk.withdrawable_at) if clerk.withdrawable_at else "no",
            "key leaked": "yes: the bonds burn as their rounds end" if clerk.leaked else "no",
            "served by": _daemon_text(daemon),
            **{f"round {each['round_id']}": _seat_text(each) for each in rounds},
            "short of": ", ".join(data["short_of"]) or "nothing",
        }
    )
    return Answer(data, text)


def _seat(agent: ClerkAgent, clerk_id: int, round_id: int) -> dict[str, Any]:
    facts_, ends = agent.rounds.round(round_id), agent.rounds.deadlines(round_id)
    seat = agent.rounds.seats(round_id).index(clerk_id)
    return {
        "round_id": round_id,
        "seat": seat,
        "state": agent.rounds.state(round_id),
        "answered": bool(facts_.answered >> seat & 1),
        "owes": not facts_.resolved >> seat & 1,
        "collect_end": ends.collect_end,
        "complaint_end": ends.complaint_end,
        "row_end": ends.row_end,
    }


def _seat_text(seat: dict[str, Any]) -> str:
    last = seat["row_end"] or seat["collect_end"]
    owes = "answered" if seat["answered"] else "owes its row" if seat["owes"] else "owes nothing"
    return f"seat {seat['seat']}, {seat['state'].name.lower()}, {owes}; ends {time_text(last)}"


def _daemon(session: Session, key: str) -> dict[str, Any] | None:
    """The process that serves this clerk, and what it wrote down last."""
    pid = served_by(session.directory(key))
    if pid is None:
        return None
    file = session.directory(key) / STATE_FILE
    kept = _read_json(file)
    return {"looked_at": None, "chain_time": None, "due": None, **(kept if kept.get("pid") == pid else {}), "pid": pid}


def _read_json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _daemon_text(daemon: dict[str, Any] | None) -> str:
    if daemon is None:
        return "nobody (sda clerk run --daemon)"
    if daemon["due"] is None:
        return f"process {daemon['pid']}"
    return f"process {daemon['pid']}; last pass {time_text(daemon['looked_at'])}, next by {time_text(daemon['due'])}"


def _round(round_id: int | None) -> str:
    return "" if round_id is None else str(round_id)
