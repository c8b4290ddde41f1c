"""The shared vectors: files are what engine and reference compute, and the bad are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sda.crypto import curve
from sda.crypto.codeword import is_codeword
from sda.crypto.keys import PublicKey
from sda.crypto.merkle import Roster
from sda.crypto.schnorr import Proof, verify
from sda.crypto.sumtree import Step, verify_path
from sda.crypto.tags import Tag
from sda.errors import MessageError
from tests.reference import curve as reference
from tests.reference import sharing, tree
from tests.reference.keccak import keccak256
from tools.vectors import FILES, FOLDER, render


def load(name: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return values


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def parts(text: str, size: int) -> list[bytes]:
    data = raw(text)
    return [data[i : i + size] for i in range(0, len(data), size)]


def elements(text: str) -> list[int]:
    return [int.from_bytes(part, "big") for part in parts(text, 32)]


def cases(name: str, *columns: str) -> list[tuple[Any, ...]]:
    values = load(name)
    return list(zip(*(values[column] for column in columns), strict=True))


def decode(encoded: bytes) -> reference.Point:
    x, y = int.from_bytes(encoded[:64], "big"), int.from_bytes(encoded[64:], "big")
    return (x, y) if x or y else None


@pytest.mark.parametrize("name", FILES)
def test_files_are_what_the_engine_computes(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text() == render(name), "run: python tools/vectors.py"


@pytest.mark.parametrize(
    "case", cases("rows", "tags", "roundHashes", "seats", "keys", "nonces", "shared", "seeds", "rows")
)
def test_rows_equal_the_reference(case: tuple[Any, ...]) -> None:
    tag, round_hash, seat, key, nonce, shared, seed, row = case
    name = raw(tag).rstrip(b"\0").decode()
    assert sharing.seed(name, raw(round_hash), seat, raw(key), raw(nonce), raw(shared)) == raw(seed)
    assert sharing.expand(raw(seed), 5) == elements(row)


@pytest.mark.parametrize("case", cases("points", "scalars", "compressed", "encoded", "hashes"))
def test_points_equal_the_reference(case: tuple[str, ...]) -> None:
    scalar, compressed, encoded, hash_ = map(raw, case)
    point = reference.multiply(reference.G, int.from_bytes(scalar, "big"))
    assert (compressed, encoded) == (reference.compress(point), reference.encode(point))
    assert hash_ == reference.point_hash(point)


@pytest.mark.parametrize(("data", "reason"), cases("points", "badCompressed", "badCompressedReasons"))
def test_bad_compressed_points_are_refused(data: str, reason: str) -> None:
    with pytest.raises(MessageError):
        curve.decompress(raw(data))


@pytest.mark.parametrize(("data", "reason"), cases("points", "badEncoded", "badEncodedReasons"))
def test_bad_encoded_points_are_refused(data: str, reason: str) -> None:
    with pytest.raises(MessageError):
        curve.from_bytes128(raw(data))


PROOF_COLUMNS = (
    "reasons",
    "tags",
    "chainIds",
    "contracts",
    "subjects",
    "keys",
    "challenges",
    "responses",
    "valid",
)


@pytest.mark.parametrize("case", cases("proofs", *PROOF_COLUMNS), ids=lambda case: case[0] or "holds")
def test_proofs_hold_or_not(case: tuple[Any, ...]) -> None:
    _, tag, chain_id, contract, subject, key, challenge, response, valid = case

    def holds() -> bool:
        try:
            public = PublicKey.from_point(curve.from_bytes128(raw(key)))
            proof = Proof.from_bytes(raw(challenge) + raw(response))
        except MessageError:
            return False
        purpose = Tag(raw(tag).rstrip(b"\0"))
        return verify(proof, public, purpose, chain_id, raw(contract), int(subject, 16))

    assert holds() == valid


def test_the_tree_equals_the_reference() -> None:
    v = load("tree")
    late, m = v["n"] - v["t"] - v["k"], v["m"]
    leaves = [tree.empty_leaf(v["t"] + v["k"], late, m) for _ in range(1 << v["depth"])]
    assert leaves[1].hash == raw(v["emptyLeaf"])
    columns = ("indices", "counts", "structHashes", "signatures", "possessions", "points", "corrections")
    for index, count, struct, signature, possession, points, corrections in cases("tree", *columns):
        rows = [elements(part.hex()) for part in parts(corrections, 32 * m)]
        evidence = raw(signature) + raw(possession)
        leaves[index] = tree.leaf(raw(struct), evidence, count, list(map(decode, parts(points, 128))), rows)
    assert [leaves[index].hash for index in v["indices"]] == list(map(raw, v["leaves"]))
    root = tree.root(leaves)
    assert root.hash == raw(v["root"]) == keccak256(raw(v["left"]) + raw(v["right"]) + raw(v["rootBody"]))
    assert root.count == v["count"]
    assert list(map(reference.encode, root.points)) == list(map(raw, v["rootPoints"][: v["t"] + v["k"]]))


@pytest.mark.parametrize(("index", "leaf", "path"), cases("tree", "indices", "leaves", "paths"))
def test_paths_lead_to_the_root(index: int, leaf: str, path: str) -> None:
    v = load("tree")
    steps = [Step(step[:32], step[32:]) for step in parts(path, 64)]
    assert verify_path(raw(leaf), index, steps, raw(v["root"]), v["depth"])
    assert not verify_path(raw(leaf), index ^ 1, steps, raw(v["root"]), v["depth"])


@pytest.mark.parametrize("case", cases("roster", "enrolled", "counts", "nonces", "files", "roots"))
def test_rosters_equal_the_reference(case: tuple[Any, ...]) -> None:
    enrolled, count, nonces, file, root = case
    roster = Roster.from_bytes(raw(file), enrolled, count)
    assert list(roster.nonces) == parts(nonces, 4)
    assert tree.roster_file(enrolled, list(roster.positions), parts(nonces, 4)) == raw(file)
    assert tree.merkle_root(parts(file, 32)) == raw(root)


@pytest.mark.parametrize(("file", "reason"), cases("roster", "badFiles", "badReasons"))
def test_bad_rosters_are_refused(file: str, reason: str) -> None:
    v = load("roster")
    with pytest.raises(MessageError):
        Roster.from_bytes(raw(file), v["badEnrolled"], v["badCount"])


@pytest.mark.parametrize(("leaves", "root"), cases("roster", "enrolmentLeaves", "enrolmentRoots"))
def test_enrolment_roots_equal_the_reference(leaves: str, root: str) -> None:
    words = parts(leaves, 32)
    assert keccak256(len(words).to_bytes(32, "big") + tree.merkle_root(words)) == raw(root)


def test_the_codeword_passes_and_the_others_do_not() -> None:
    v = load("codeword")
    check = raw(v["setHash"]), v["reconstruction"][0]
    assert is_codeword([curve.from_bytes128(part) for part in parts(v["points"], 128)], *check)
    for bad in v["badPoints"]:
        points = [curve.from_bytes128(part, subgroup=False) for part in parts(bad, 128)]
        assert not is_codeword(points, *check)


@pytest.mark.parametrize("case", cases("codeword", "n", "reconstruction", "scalars"))
def test_the_weights_cancel_on_every_polynomial(case: tuple[int, int, str]) -> None:
    n, reconstruction, scalars = case
    for degree in range(reconstruction):
        values = ((j + 1) ** degree for j in range(n))
        assert sum(s * value for s, value in zip(elements(scalars), values, strict=True)) % reference.Q == 0
    beyond = ((j + 1) ** reconstruction for j in range(n))
    assert sum(s * value for s, value in zip(elements(scalars), beyond, strict=True)) % reference.Q != 0


@pytest.mark.parametrize("case", cases("shamir", "n", "t", "k", "pad", "rest"))
def test_matrices_equal_the_reference(case: tuple[Any, ...]) -> None:
    n, t, k, pad, rest = case
    for matrix, targets in ((pad, range(-1, -k - 1, -1)), (rest, range(t + k + 1, n + 1))):
        weights = [
            sharing.extrapolation_coefficient(t + k, j, target) for target in targets for j in range(1, t + k + 1)
        ]
        assert elements(matrix) == weights
