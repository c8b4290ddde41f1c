"""Evidence as the contracts' structs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sda.chain.addresses import from_text, to_text
from sda.chain.points import key_struct, point_bytes, point_struct, proof_struct, public_key
from sda.closed import ClosedSet, Snapshot
from sda.crypto.curve import IDENTITY, Point, from_bytes128
from sda.crypto.field import ELEMENT_BYTES, row_from_bytes
from sda.crypto.hashes import ZERO_WORD
from sda.crypto.merkle import merkle_path, merkle_root, words_of
from sda.crypto.schnorr import Proof
from sda.crypto.seeds import NONCE_BYTES
from sda.crypto.sumtree import ChunkSums, Sums
from sda.errors import MessageError
from sda.findings import (
    BadCount,
    BadEnrolment,
    BadFill,
    BadKey,
    BadKind,
    BadPair,
    BadPoint,
    BadRoster,
    BadSignature,
    BadSum,
    Finding,
    OpenLeaf,
    OpenNode,
    Place,
)
from sda.messages import Enrolment, Kind, Leaf
from sda.opening import open_leaf
from sda.params import Parameters
from sda.round import RoundView

_BITS_PER_WORD = 256
_NONCES_PER_WORD = 8


def fraud_call(finding: Finding) -> tuple[str, tuple[Any, ...]]:
    """Function and arguments, after the round id, of a developer's lie."""
    match finding:
        case BadCount():
            return "badCount", (
                place_struct(finding.place),
                *(opening_struct(node, finding.chunk) for node in (finding.node, finding.left, finding.right)),
            )
        case BadSum():
            nodes = finding.node, finding.left, finding.right
            values = [node.sums.chunk(finding.chunk).value_of(finding.seat) for node in nodes]
            openings = [opening_struct(node, finding.chunk) for node in nodes]
            return "badSum", (finding.seat, place_struct(finding.place), *openings, values)
        case BadFill():
            return "badFill", (place_struct(finding.place), set_struct(finding.closed_set), finding.hash)
        case BadSignature():
            return "badLeafSignature", (place_struct(finding.place), signed_struct(finding.opened))
        case BadKey():
            key = key_struct(finding.opened.enrolment.key)
            return "badLeafKey", (place_struct(finding.place), signed_struct(finding.opened), key)
        case BadKind():
            return "badLeafKind", (place_struct(finding.place), _leaf(finding.opened), finding.opened.leaf.body)
        case BadPoint():
            point = point_struct(finding.opened.sums.chunk(finding.chunk).value_of(finding.seat))
            opening = opening_struct(finding.opened, finding.chunk)
            return "badLeafPoint", (finding.seat, place_struct(finding.place), opening, point)
        case BadPair():
            first, second = finding.first, finding.second
            return "badLeaves", (
                place_struct(first.place),
                _leaf(first.opened),
                place_struct(second.place),
                _leaf(second.opened),
            )
        case BadRoster():
            return _roster(finding)
        case BadEnrolment():
            message = finding.opened.enrolment.encode()
            position = finding.opened.leaf.position
            return "badEnrolment", (
                place_struct(finding.place),
                _leaf(finding.opened),
                set_struct(finding.closed_set),
                _enrolments(finding.enrolments),
                message,
                key_struct(finding.opened.enrolment.key),
                merkle_path(finding.enrolments, position),
            )
        case _:
            raise TypeError(f"{type(finding).__name__}: is no fraud")


def _roster(finding: BadRoster) -> tuple[str, tuple[Any, ...]]:
    words = words_of(finding.roster.to_bytes())
    if finding.nonce:
        order = _order(finding)
        index = -(-finding.roster.enrolled // _BITS_PER_WORD) + order // _NONCES_PER_WORD
    else:
        index = finding.opened.leaf.position // _BITS_PER_WORD
    return "badNonce" if finding.nonce else "badPosition", (
        place_struct(finding.place),
        _leaf(finding.opened),
        set_struct(finding.closed_set),
        _enrolments(finding.enrolments),
        words[index],
        merkle_path(words, index),
    )


def _order(finding: BadRoster) -> int:
    """Of the leaf's nonce in the roster file: noise first, by seat."""
    index, n, noise = finding.place.index, len(finding.closed_set.point_hashes), finding.closed_set.noise
    if index < n:
        return (noise & ((1 << index) - 1)).bit_count()
    return noise.bit_count() + index - n


def place_struct(place: Place) -> Any:
    """`Place`."""
    return place.index, [(step.sibling, step.body) for step in place.path]


def body_words(sums: Sums) -> list[bytes]:
    """The words of a body: point hashes, then correction hashes."""
    return [*sums.point_hashes, *sums.correction_hashes]


def opening_struct(node: OpenNode, chunk: int) -> Any:
    """`Opening`: one chunk of a node."""
    sums = node.sums.chunk(chunk)
    return node.left, node.right, sums.count, body_words(sums), chunk_struct(node.sums, chunk)


def chunk_struct(sums: Sums, chunk: int) -> Any:
    """`Chunk`."""
    return chunk, sums.path(chunk)


def signed_struct(opened: OpenLeaf) -> Any:
    """`SignedLeaf`."""
    return _leaf(opened), opened.leaf.signature, proof_struct(opened.enrolment.proof)


def _leaf(opened: OpenLeaf) -> Any:
    return leaf_struct(opened.leaf, opened.enrolment)


def leaf_struct(leaf: Leaf, enrolment: Enrolment) -> Any:
    """`IRewards.Leaf`."""
    return (
        to_text(leaf.account),
        leaf.position,
        int(leaf.kind),
        enrolment.key.hash,
        to_text(leaf.payout),
        int.from_bytes(leaf.nonce, "big"),
        leaf.body,
        leaf.padded_hash,
        leaf.evidence(enrolment),
    )


def set_struct(closed_set: ClosedSet) -> Any:
    """`IRounds.Set`."""
    return (
        closed_set.count,
        closed_set.noise,
        closed_set.roster_root,
        closed_set.enrolment_root,
        closed_set.exclusions,
        list(closed_set.point_hashes),
    )


def snapshot_struct(snapshot: Snapshot) -> Any:
    """`IRounds.Snapshot`: of a wide round the chain has the root's body alone."""
    head = (
        snapshot.left,
        snapshot.right,
        snapshot.count,
        snapshot.noise,
        snapshot.roster_root,
        snapshot.enrolment_root,
    )
    if snapshot.chunks > 1:
        return *head, [], [], snapshot.body
    return *head, [point_struct(point) for point in snapshot.points], list(snapshot.corrections), ZERO_WORD


def snapshot_of(struct: Mapping[str, Any]) -> Snapshot:
    """A narrow round's snapshot, read back."""
    return Snapshot(
        left=bytes(struct["left"]),
        right=bytes(struct["right"]),
        count=int(struct["count"]),
        noise=int(struct["noise"]),
        roster_root=bytes(struct["rosterRoot"]),
        enrolment_root=bytes(struct["enrolmentRoot"]),
        points=tuple(map(point_bytes, struct["points"])),
        corrections=tuple(map(bytes, struct["corrections"])),
    )


def _enrolments(leaves: Sequence[bytes]) -> Any:
    return len(leaves), merkle_root(leaves)


# ---------------------------------------------------------------------- answers, read back


def nodes_of(arguments: Mapping[str, Any], parameters: Parameters, seat: int) -> list[OpenNode]:
    """The three nodes of `answerNode`."""
    nodes = []
    for opening, points, row in zip(arguments["nodes"], arguments["points"], arguments["rows"], strict=True):
        hashes = list(opening["words"])[parameters.reconstruction :]
        sums = _partial(parameters, seat, opening["count"], points, hashes, row, opening["chunk"])
        nodes.append(OpenNode(bytes(opening["left"]), bytes(opening["right"]), sums))
    return nodes


def leaf_of(arguments: Mapping[str, Any], view: RoundView, seat: int) -> OpenLeaf:
    """The leaf of `answerLeaf`."""
    signed = arguments["signed"]
    leaf = signed["leaf"]
    account = from_text(leaf["account"])
    sums = _partial(
        view.parameters,
        seat,
        1 if leaf["kind"] == Kind.DATA else 0,
        arguments["points"],
        arguments["corrections"],
        b"".join(element.to_bytes(ELEMENT_BYTES, "big") for element in arguments["correction"]),
        arguments["chunk"],
    )
    return open_leaf(
        Leaf(
            round_hash=view.round_hash,
            account=account,
            position=leaf["position"],
            kind=Kind(leaf["kind"]),
            payout=from_text(leaf["payout"]),
            nonce=int(leaf["nonce"]).to_bytes(NONCE_BYTES, "big"),
            padded_hash=bytes(leaf["padded"]),
            sums=sums,
            signature=bytes(signed["signature"]),
        ),
        # The enrolment's own signature is not part of the leaf.
        Enrolment(account, public_key(arguments["key"]), Proof(signed["proof"]["e"], signed["proof"]["s"]), b""),
    )


def _partial(
    parameters: Parameters,
    seat: int,
    count: int,
    points: Sequence[Any],
    hashes: Sequence[bytes],
    row: bytes,
    chunk: Mapping[str, Any],
) -> ChunkSums:
    """What was posted for a seat; the contract has compared hashes, but not looked for points and rows behind them."""
    given = {index: point_bytes(point) for index, point in enumerate(points)}
    read = {index: _point(data) for index, data in given.items()}
    unsound = {index: given[index] for index, point in read.items() if point is None}
    rows: list[tuple[int, ...]] = [()] * len(hashes)
    if seat >= parameters.reconstruction:  # for the others nothing is posted that the contract compares with anything
        known = _row(row, parameters)
        rows[seat - parameters.reconstruction] = known
        unsound |= {} if known else {seat: row}
    return ChunkSums(
        count,
        tuple(point or IDENTITY for point in read.values()),
        tuple(rows),
        hashes=tuple(map(bytes, hashes)),
        unsound=unsound,
        index=chunk["index"],
        siblings=tuple(map(bytes, chunk["path"])),
    )


def _point(data: bytes) -> Point | None:
    try:
        return from_bytes128(data, subgroup=False)
    except MessageError:
        return None


def _row(data: bytes, parameters: Parameters) -> tuple[int, ...]:
    """One chunk of a row; nothing if it is none."""
    try:
        row = row_from_bytes(data)
    except MessageError:
        return ()
    return tuple(row) if len(row) == parameters.chunk_length else ()
