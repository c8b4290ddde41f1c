"""`sda learn`, typed: a training from the first command to the curve, and what is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sda.chain.addresses import from_text
from sda.chain.devnet import Devnet
from sda.learning.noticeboard import Noticeboard
from sda.round import State
from tests.cli.shell import Shell
from tests.learning.school import School, make_data
from tests.rounds.cast import Cast

CONFIGURATION = """
name = "school"
[model]
kind = "softmax"
inputs = 2
classes = 2
[server]
name = "fedavg"
rate = 1.0
[update]
clip = 1.0
slot_bits = 24
[round]
n = 3
t = 1
k = 1
cohort = 4
minimum = 3
collect_window = 600
complaint_window = 60
row_window = 300
claim_window = 3600
[stop]
rounds = 1
"""
MINIMA = "--min-seats 2 --min-threshold 1 --min-contributors 2"


@pytest.fixture
def school(devnet: Devnet, tmp_path: Path) -> Iterator[School]:
    """Four clerks, and contributors of whom the last one types its commands."""
    cast = Cast(devnet, tmp_path, clerks=4)
    yield School(cast, members=3)
    cast.relay.close()


@pytest.fixture
def sda(devnet: Devnet, school: School) -> Shell:
    """A home with keys for a developer and a contributor, and the files of a training."""
    shell = Shell(school.cast.home, devnet.node.url)
    devnet.deployment.save(shell.home / "deployment.json")
    made = [shell.json("keys new boss --role developer"), shell.json("keys new alice --role contributor")]
    devnet.fund([from_text(key["address"]) for key in made])
    (shell.home / "school.toml").write_text(CONFIGURATION)
    for name, seed in (("public", 99), ("mine", 3)):
        features, labels = make_data(seed)
        np.savez(shell.home / f"{name}.npz", features=features, labels=labels)
    return shell


def test_learn__from_enrolment_to_curve__and_again(school: School, sda: Shell) -> None:
    """The developer's command runs by itself; a contributor types hers, and the others do as they always do."""
    home, password = sda.home, sda.write("password", sda.password + "\n")
    place = home / "learning" / "school"
    board = Noticeboard(place / "announcements")
    for member in school.members:
        member.board = board
    assert sda.json("learn enrol --key alice")["position"] == 3
    run = f"learn run {home}/school.toml --public {home}/public.npz --key boss --interval 0.05"
    join = f"learn join 0 --key alice --data {home}/mine.npz --announcements {place}/announcements {MINIMA}"
    rounds = school.cast.rounds
    with ThreadPoolExecutor(1) as thread:
        training = thread.submit(sda.process, "--password-file", str(password), *run.split(), "--json")
        while not training.done():
            time.sleep(0.1)
            state = rounds.state(0) if rounds.number() else State.NONE
            if state is State.REQUESTED:
                assert "is served by process" in sda.refuses(run)
            if state is State.COLLECTING:
                assert sda.json(join) == {"round": 0, "part": "sent"}
            if state in (State.REQUESTED, State.COLLECTING, State.DISPUTING, State.ANSWERING, State.COMPLETED):
                school.rest(0, state)
    done = training.result()
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["stopped"] == "1 rounds are done"
    (report,) = told["rounds"]
    assert (report["outcome"], report["contributors"], report["settled"]) == ("counted", 4, True)
    assert report["accuracy"] == told["accuracy"] > 0.9

    assert sda.json("claim 0 --key alice")["units"] == 5 * 10**16
    assert sda.json(run)["rounds"] == told["rounds"], "there was nothing left to do"
    assert "counted" in sda(f"learn curve {home}/school.toml")
    assert (place / "curve.svg").read_text().startswith("<?xml")
    (home / "school.toml").write_text(CONFIGURATION.replace("clip = 1.0", "clip = 2.0"))
    assert "update.clip: was 1.0, is 2.0" in sda.refuses(run)


def test_learn__wrong_files__are_refused_in_one_line(sda: Shell) -> None:
    config, public = sda.home / "school.toml", sda.home / "public.npz"
    assert "`features` and `labels`" in sda.refuses(f"learn run {config} --public {config} --key boss")
    assert "cannot be read as a configuration" in sda.refuses(f"learn run {public} --public {public} --key boss")
    assert "of a training that was begun" in sda.refuses(f"learn curve {config}")
    np.savez(sda.home / "wide.npz", features=np.zeros((3, 5)), labels=np.zeros(3, dtype=int))
    assert "must be (examples, 2)" in sda.refuses(f"learn run {config} --public {sda.home}/wide.npz --key boss")
    assert "does not exist" in sda.misuse(f"learn run {sda.home}/nothing.toml --public {public}")
    assert "no committee" in sda.refuses(f"learn join 0 --key alice --data {public} --announcements /nowhere")
