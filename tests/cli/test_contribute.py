"""`sda contribute`: what is a vector, and what is sent at most once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cli.shell import REFUSED, Shell
from tests.cli.steps import MINIMA, VECTORS, collecting, send

CONTRIBUTE = f"contribute 0 --key alice {MINIMA} --vector"


@pytest.fixture(scope="module")
def stage(town: Shell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A round that collects."""
    with town.branch(tmp_path_factory.mktemp("collecting")) as sda:
        yield collecting(sda)


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3,4,5,6,7",
        "[1, 2, 3, 4, 5, 6, 7]",
        "1\n2\n3\n4\n5\n6\n7\n",
        "1,2,3,\n4,5,6,\n7\n",
        " 1, 2, 3, 4, 5, 6, 7 \n\n",
        "\ufeff1,2,3,4,5,6,7\r\n",
    ],
)
def test_vector__csv_or_json__is_sent(sda: Shell, text: str) -> None:
    file = sda.write("vector", text)
    assert sda.json(f"{CONTRIBUTE} {file}")["position"] == 0
    # Another form of the same vector is the same message.
    send(sda, "alice", "[1,2,3,4,5,6,7]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1,2,3]", "vector of 3 coordinates: must be 7"),
        ("1,2,3,4,5,6,7,8", "vector of 8 coordinates: must be 7"),
        ("[]", "vector of 0 coordinates: must be 7"),
        ("-71,0,0,0,0,0,0", "coordinate 0: must be in [0, 255]"),
        ("0,0,0,0,0,0,31337", "coordinate 6: must be in [0, 255]"),
        ("[NaN,0,0,0,0,0,0]", "vector: coordinate 0 is not an integer"),
        ("0,nan,0,0,0,0,0", "vector: coordinate 1 is not an integer"),
        ("[0,0,7.25,0,0,0,0]", "vector: coordinate 2 is not an integer"),
        ("[0,true,0,0,0,0,0]", "vector: coordinate 1 is not an integer"),
        ("[null,0,0,0,0,0,0]", "vector: coordinate 0 is not an integer"),
        ("[[0,0,0,0,0,0,0]]", "vector: coordinate 0 is not an integer"),
        ("0,,0,0,0,0,0,0", "vector: coordinate 1 is not an integer"),
        ("a;b;c", "vector: coordinate 0 is not an integer"),
        ('{"a": 1}', "vector: coordinate 0 is not an integer"),
        ("", "vector -: is empty"),
        (" \n\n", "vector -: is empty"),
        ("[1,2,3", "vector -: is not a JSON list"),
        ("[" * 100_000, "vector -: is not a JSON list"),
        ('"' + "x" * 200_000, "vector -: is not comma-separated values"),
        ("9" * 5000, "vector: coordinate 0 is not an integer"),
    ],
)
def test_vector__not_one_of_this_round__is_refused_and_nothing_kept(sda: Shell, text: str, message: str) -> None:
    # The message names the place, never the value: that is the contributor's own.
    assert sda.refuses(f"{CONTRIBUTE} -", typed=text) == message
    assert send(sda, "alice", "[1,2,3,4,5,6,7]")["position"] == 0


def test_vector__no_such_file__is_refused(sda: Shell) -> None:
    assert sda.refuses(f"{CONTRIBUTE} {sda.home}/none.csv") == f"vector {sda.home}/none.csv: cannot be read"
    assert sda.refuses(f"{CONTRIBUTE} {sda.home}") == f"vector {sda.home}: cannot be read"


def test_vector__not_text__is_refused(sda: Shell) -> None:
    file = sda.write("vector", "")
    file.write_bytes(b"\x89PNG\xff\x00")
    assert sda.refuses(f"{CONTRIBUTE} {file}") == f"vector {file}: cannot be read"


def test_contribute__again__is_harmless(sda: Shell) -> None:
    vector = json.dumps(VECTORS["alice"])
    assert send(sda, "alice", vector) == send(sda, "alice", vector)


def test_contribute__another_vector__is_refused(sda: Shell) -> None:
    send(sda, "alice", "[1,2,3,4,5,6,7]")
    assert "one is all it takes" in sda.refuses(f"{CONTRIBUTE} -", typed="[1,2,3,4,5,6,8]")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--min-contributors 3 --min-threshold 2", "n = 5: must be at least 8, this contributor's own minimum"),
        ("--min-contributors 3 --min-seats 5", "t = 2: must be at least 3, this contributor's own minimum"),
        ("--min-seats 5 --min-threshold 2", "minimum = 3: must be at least 100, this contributor's own minimum"),
    ],
)
def test_contribute__round_below_its_minima__is_refused(sda: Shell, options: str, message: str) -> None:
    assert sda.refuses(f"contribute 0 --key alice --vector - {options}", typed="[1,2,3,4,5,6,7]") == message


def test_contribute__no_address_for_the_reward__is_wrong_usage(sda: Shell) -> None:
    for payout in ("0x12", "bob", "0x" + "0" * 40):
        assert "--payout" in sda.misuse(f"{CONTRIBUTE} - --payout {payout}")


def test_contribute__too_late__is_refused(sda: Shell) -> None:
    sda.wait_until(sda.json("round status 0")["deadlines"]["collect_end"])
    assert "round 0: takes no contributions" in sda.refuses(f"{CONTRIBUTE} -", typed="[1,2,3,4,5,6,7]")


def test_contribute__errors__are_json_for_programs(sda: Shell) -> None:
    answer = sda.json(f"{CONTRIBUTE} -", typed="[1]", code=REFUSED)
    assert answer == {"error": "EncodingError", "message": "vector of 1 coordinates: must be 7"}


def test_snapshot__too_few__is_refused(sda: Shell) -> None:
    send(sda, "alice", "[1,2,3,4,5,6,7]")
    assert sda.refuses("round snapshot 0") == "count = 1: must be at least the round's minimum 3"
    assert sda.json("round status 0")["state"] == "collecting"


def test_snapshot__too_few__leaves_the_collection_open(sda: Shell) -> None:
    sda.refuses("round snapshot 0")
    for name, vector in VECTORS.items():
        send(sda, name, json.dumps(vector))
    assert sda.json("round snapshot 0")["count"] == 3


def test_snapshot__somebody_elses__is_refused(sda: Shell) -> None:
    assert "must be the secret of the round's developer key" in sda.refuses("round snapshot 0 --key bob")
