"""A whole round, by commands alone: from the request to the last balance."""

from __future__ import annotations

import csv
import json

from sda.chain.settings import DEVNET, TOKEN
from tests.cli.shell import Shell
from tests.cli.steps import MINIMA, OPEN, SUMS, VECTORS, deadlines, run_clerks, seated


def test_round__by_commands__gives_the_sum_and_pays_everybody(sda: Shell) -> None:
    # The developer asks, and anyone draws.
    opened = sda.json(f"{OPEN} --query 'how often?'")
    assert opened.keys() == {"round", "escrow_units", "deposit_units", "transaction"}
    assert (opened["round"], opened["deposit_units"]) == (0, 4 * DEVNET.rounds.abort_burn + 10 * TOKEN)
    sda.mine(3)
    assert sda.json("round draw 0 --key clerk-1") == {"round": 0, "outcome": "drawn"}

    # Contributors send, from CSV and from JSON, from files and from standard input.
    alice, bob, carol = VECTORS.values()
    files = {
        "alice": sda.write("alice.csv", ",".join(map(str, alice)) + "\n"),
        "bob": sda.write("bob.json", json.dumps(bob)),
    }
    for position, (name, file) in enumerate(files.items()):
        sent = sda.json(f"contribute 0 --key {name} --vector {file} {MINIMA}")
        assert sent.keys() == {"round", "id", "position", "bytes"}
        assert (sent["position"], sent["id"][:2]) == (position, "0x")
    sda.json(f"contribute 0 --key carol --vector - {MINIMA}", typed="\n".join(map(str, carol)))

    # The developer shows a draft, and the committee finds nothing wrong in it.
    draft = sda.json("round draft 0")
    assert (draft["count"], draft["reviews"]) == (3, [])
    assert {deed["action"] for deed in run_clerks(sda)} == {"draft reviewed"}
    reviews = sda.json("round draft 0")["reviews"]
    assert reviews == [{"seat": seat, "leaves": []} for seat in range(5)]

    # The developer closes the collection; the committee checks, waits, and answers.
    snapshot = sda.json("round snapshot 0")
    assert snapshot.keys() == {"round", "count", "root", "dropped", "transaction"}
    assert (snapshot["count"], snapshot["dropped"]) == (3, [])
    assert snapshot["root"] == draft["root"]
    assert {deed["action"] for deed in run_clerks(sda)} == {"job checked"}
    sda.wait_until(deadlines(sda)["complaint_end"])
    deeds = run_clerks(sda)
    assert [deed["action"] for deed in deeds].count("row sent") == 5
    assert not any(deed["failed"] for deed in deeds)

    # The sum is the plain one.
    assert sda.json("round reveal 0") == {"round": 0, "sums": SUMS}

    # Whoever runs next after the last row settles it; here it was a clerk or is the developer.
    status = sda.json("round status 0")
    if not status["facts"]["closed"]:
        finalised = sda.json("round finalise 0")
        assert finalised.keys() == {"round", "action", "transaction"}
        assert finalised["action"] == "completed, settled"

    # Contributors are paid half a token each, clerks their fees.
    for name in VECTORS:
        claimed = sda.json(f"claim 0 --key {name}")
        assert claimed.keys() == {"round", "units", "transaction"}
        assert sda.json(f"balance {name}")["token_units"] == 10_000 * TOKEN + TOKEN // 100
    for name in seated(sda):
        assert sda.json(f"balance {name}")["credited_units"] >= TOKEN // 2
        assert sda.json(f"collect --key {name}")["units"] >= TOKEN // 2

    # Anyone verifies all of it.
    audit = sda.json("audit 0")
    assert audit.keys() == {"round", "ok", "checks"}
    assert audit["ok"]
    assert all(check.keys() == {"name", "ok", "detail"} and check["ok"] for check in audit["checks"])

    # A clerk leaves with its stake.
    before = sda.json("balance clerk-1")["token_units"]
    sda.wait_until(sda.json("clerk unbond --key clerk-1")["withdrawable_at"])
    assert sda.json("clerk withdraw --key clerk-1")["units"] == 100 * TOKEN
    assert sda.json("balance clerk-1")["token_units"] == before + 100 * TOKEN


def test_round__by_commands__reads_well(sda: Shell) -> None:
    assert "round 0: paid " in sda(OPEN)
    sda.mine(3)
    assert sda("round draw 0") == "committee drawn: contributors can send to round 0\n"
    for name, values in VECTORS.items():
        said = sda(f"contribute 0 --key {name} --vector - {MINIMA}", typed=json.dumps(values))
        assert said.startswith("round 0: sent ")
    assert "collecting" in sda("round status 0")
    assert sda("round snapshot 0").startswith("round 0: 3 contributions, root 0x")
    first = seated(sda)[0]
    assert "job checked" in sda(f"clerk run --key {first}")
    sda.wait_until(deadlines(sda)["complaint_end"])
    assert "row sent" in sda(f"clerk run --key {first}")
    assert f"{first.removeprefix('clerk-')} answered" in sda("round status 0")
    run_clerks(sda)
    file = sda.home.parent / "sums.csv"
    shown = sda(f"round reveal 0 --csv {file}")
    assert [int(line.split()[1]) for line in shown.splitlines()[1:]] == SUMS
    assert [int(row["sum"]) for row in csv.DictReader(file.open())] == SUMS
    if not sda.json("round status 0")["facts"]["closed"]:
        assert sda("round finalise 0") == "round 0: completed, settled\n"
    assert sda("claim 0 --key alice").startswith("round 0: 0.01 tokens paid for 0x")
    assert "FAILED" not in sda("audit 0")
    assert "tokens sent to 0x" in sda(f"collect --key {first}")
