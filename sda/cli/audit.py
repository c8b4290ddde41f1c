"""`sda audit`: anyone re-verifies a round from the chain and the relay's public data."""

from __future__ import annotations

import click

from sda.audit import audit as run_audit
from sda.cli.output import Answer, command, progress_console, table
from sda.cli.session import Session, pass_session
from sda.cli.values import ROUND_ID


@click.group()
def group() -> None:
    """Holds the command until `sda.cli.main` takes it."""


@command(group, "audit", example="sda audit 0\nsda audit 0 --json")
@click.argument("round_id", metavar="ROUND", type=ROUND_ID)
@pass_session
def audit(session: Session, round_id: int) -> Answer:
    """Verify tree, commitments, rows and payments of a round; exits with 1 if a check fails."""
    rounds = session.contracts.rounds
    with progress_console.status("verifying every leaf"):
        view = rounds.view(round_id)
        session.relay.open_round(view)
        checks = run_audit(view, session.relay, rounds.audit_events(round_id))
    ok = all(check.ok for check in checks)
    rows = [("ok" if check.ok else "FAILED", check.name, check.detail) for check in checks]
    return Answer({"round": round_id, "ok": ok, "checks": checks}, table(("", "check", "detail"), rows), ok)
