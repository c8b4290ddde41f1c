"""Write tests/vectors/*.json: what Python and the contracts must compute alike, good and bad.

    python tools/vectors.py

Every file is one flat object: numbers, hex strings, and arrays of them; arrays that belong together have the
same order. Names with "bad" hold what must be refused. A second run changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from sda.crypto import codeword, curve, encoding, merkle, schnorr, seeds, sumtree
from sda.crypto.field import Q, integers, row_to_bytes
from sda.crypto.hashes import keccak, round_hash, set_hash, word
from sda.crypto.keys import SecretKey, shared_point
from sda.crypto.shamir import packed_shamir
from sda.crypto.tags import Tag
from sda.params import PROFILES, TEST, Parameters

FOLDER = Path(__file__).parents[1] / "tests" / "vectors"

Vectors: TypeAlias = dict[str, object]
"""Numbers, strings, bytes (written as hex), and lists of them."""

P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
CHAIN_ID = 31337
CONTRACT = bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")
ACCOUNT = 0xF39FD6E51AAD88F6F4CE6AB8827279CFFFB92266


def digest(label: str) -> bytes:
    """32 arbitrary bytes, always the same for a label."""
    return hashlib.sha256(label.encode()).digest()


def element(label: str) -> int:
    """An arbitrary field element."""
    return seeds.expand(digest(label), 1)[0]


def key(label: str) -> SecretKey:
    """An arbitrary key."""
    return SecretKey(element(label))


def torsion() -> curve.Point:
    """A point of the curve outside the subgroup: the first with a small x."""
    x = 0
    while True:
        square = x**3 + 4
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            point = curve.from_bytes128(x.to_bytes(64, "big") + y.to_bytes(64, "big"), subgroup=False)
            if not point.is_in_subgroup():
                return point
        x += 1


def rows() -> Vectors:
    """Seeds and the rows of m = 5 elements expanded from them."""
    m = 5
    cases = [(tag, seat) for tag in (Tag.PAD, Tag.NOISE_PAD) for seat in (0, 7, 63)]
    cases.append((Tag.MASK, seeds.MASK_SEAT))
    made = []
    for tag, seat in cases:
        label = f"{tag.name} {seat}"
        contributor, clerk = key(label + " contributor"), key(label + " clerk")
        shared = shared_point(contributor, clerk.public)
        public, nonce = contributor.public.compressed, digest(label + " nonce")[:4]
        seed = seeds.SeedPrefix(tag, digest(label), seat).seed(public, nonce, shared)
        made.append((digest(label), public, nonce, shared, seed, row_to_bytes(seeds.expand(seed, m))))
    names = ("roundHashes", "keys", "nonces", "shared", "seeds", "rows")
    columns = {name: list(column) for name, column in zip(names, zip(*made, strict=True), strict=True)}
    return {
        "m": m,
        "tags": [tag.filled for tag, _ in cases],
        "seats": [seat for _, seat in cases],
        **columns,
    }


def shamir() -> Vectors:
    """Λ_pad and Λ_rest of several committees, row by row."""
    shapes = [(4, 1, 2), (3, 1, 1), (4, 2, 2), *((p.n, p.t, p.k) for p in PROFILES.values())]
    pads, rests = [], []
    for shape in shapes:
        matrices = packed_shamir(*shape)
        pads.append(b"".join(map(row_to_bytes, integers(matrices.pad_matrix))))
        rests.append(b"".join(map(row_to_bytes, integers(matrices.rest_matrix))))
    n, t, k = (list(column) for column in zip(*shapes, strict=True))
    return {"n": n, "t": t, "k": k, "pad": pads, "rest": rests}


def points() -> Vectors:
    """Encodings and hashes of points, and bytes that are no point."""
    scalars = [0, 1, 2, Q - 1, element("a point")]
    good = [curve.multiply(curve.G, scalar) for scalar in scalars]
    g, g128, bad = curve.compress(curve.G), curve.to_bytes128(curve.G), torsion()
    x, y = int.from_bytes(g128[:64], "big"), int.from_bytes(g128[64:], "big")
    bad_compressed = {
        "short": g[:47],
        "long": g + b"\0",
        "no compression flag": bytes([g[0] & 0x7F]) + g[1:],
        "x not below p": bytes([(4 + P) >> 376 | 0x80]) + (4 + P).to_bytes(48, "big")[1:],
        "not on the curve": b"\x80" + bytes(46) + b"\1",
        "outside the subgroup": curve.compress(bad),
        "identity with a sign": b"\xe0" + bytes(47),
        "identity with other bytes": b"\xc0" + bytes(46) + b"\1",
        "all zero": bytes(48),
    }
    bad_encoded = {
        "not on the curve": word(0) + word(1) + word(0) + word(1),
        "outside the subgroup": curve.to_bytes128(bad),
        "x not below p": (x + P).to_bytes(64, "big") + y.to_bytes(64, "big"),
        "y not below p": x.to_bytes(64, "big") + (y + P).to_bytes(64, "big"),
        "p for zero": P.to_bytes(64, "big") * 2,
        "x not filled with zeros": b"\1" + g128[1:],
        "y not filled with zeros": g128[:64] + b"\1" + g128[65:],
        "flag of the identity": bytes(16) + b"\x40" + bytes(111),
    }
    return {
        "scalars": [word(scalar) for scalar in scalars],
        "compressed": list(map(curve.compress, good)),
        "encoded": list(map(curve.to_bytes128, good)),
        "hashes": list(map(curve.point_hash, good)),
        "badCompressed": list(bad_compressed.values()),
        "badCompressedReasons": list(bad_compressed),
        "badEncoded": list(bad_encoded.values()),
        "badEncodedReasons": list(bad_encoded),
    }


def proofs() -> Vectors:
    """Proofs of possession: those that hold first, then those that do not, with the reason."""
    secret = key("prover")
    public = curve.to_bytes128(secret.public.point)
    subjects = {
        Tag.CLERK_KEY: ACCOUNT << 32 | 3,
        Tag.CONTRIBUTOR_KEY: ACCOUNT,
        Tag.DEVELOPER_KEY: ACCOUNT,
        Tag.LEAKED_KEY: ACCOUNT << 32 | 17,
    }
    cases: list[tuple[str, bytes, int, bytes, int, bytes, int, int]] = []
    for tag, subject in subjects.items():
        made = schnorr.prove(secret, tag, CHAIN_ID, CONTRACT, subject, nonce=element(f"nonce {tag.name}"))
        cases.append(("", tag.filled, CHAIN_ID, CONTRACT, subject, public, made.e, made.s))
    _, tag_, chain, contract, subject, _, e, s = cases[0]
    other, identity = curve.to_bytes128(key("other").public.point), bytes(128)
    cases += [
        ("another tag", Tag.LEAKED_KEY.filled, chain, contract, subject, public, e, s),
        ("another chain", tag_, 1, contract, subject, public, e, s),
        ("another contract", tag_, chain, bytes(20), subject, public, e, s),
        ("another subject", tag_, chain, contract, subject + 1, public, e, s),
        ("another key", tag_, chain, contract, subject, other, e, s),
        ("changed challenge", tag_, chain, contract, subject, public, (e + 1) % Q, s),
        ("changed response", tag_, chain, contract, subject, public, e, (s + 1) % Q),
        ("challenge not below q", tag_, chain, contract, subject, public, e + Q, s),
        ("response not below q", tag_, chain, contract, subject, public, e, s + Q),
        ("identity as key", tag_, chain, contract, subject, identity, *_proof_for_identity(tag_, subject)),
        ("key outside the subgroup", tag_, chain, contract, subject, curve.to_bytes128(torsion()), e, s),
    ]
    reasons, tags, chains, contracts, about, keys, es, ss = (list(c) for c in zip(*cases, strict=True))
    return {
        "valid": [not reason for reason in reasons],
        "reasons": reasons,
        "tags": tags,
        "chainIds": chains,
        "contracts": contracts,
        "subjects": list(map(word, about)),
        "keys": keys,
        "challenges": list(map(word, es)),
        "responses": list(map(word, ss)),
    }


def _proof_for_identity(tag: bytes, subject: int) -> tuple[int, int]:
    """A proof that satisfies the equation for the identity: X = 0·G, so s = r."""
    r = element("nonce identity")
    commitment = curve.to_bytes128(curve.multiply(curve.G, r))
    transcript = tag + b"\0" + word(CHAIN_ID) + CONTRACT + word(subject) + bytes(128) + commitment
    return int.from_bytes(keccak(transcript), "big") % Q, r


def _sums(label: str, count: int, parameters: Parameters) -> sumtree.Sums:
    shares = [[element(f"{label} {j} {i}") for i in range(parameters.row_length)] for j in range(parameters.n)]
    commitments = curve.commit_rows(shares[: parameters.reconstruction])
    return sumtree.Sums(count, tuple(commitments), tuple(map(tuple, shares[parameters.reconstruction :])))


def tree() -> Vectors:
    """A sum tree with two noise leaves and five contributions, and every leaf's path."""
    p, count = TEST, 5
    indices = [0, 3, *(p.n + i for i in range(count))]
    leaves, structs, signatures, possessions = [], [], [], []
    for index in indices:
        label = f"leaf {index}"
        structs.append(digest(label + " struct"))
        signatures.append(digest(label + " r") + digest(label + " s") + b"\x1b")
        possessions.append(digest(label + " e") + digest(label + " p"))
        evidence = sumtree.evidence_hash(signatures[-1], possessions[-1])
        sums = _sums(label, 1 if index >= p.n else 0, p)
        leaves.append(sumtree.make_leaf(structs[-1], evidence, sums))
    built = sumtree.SumTree(zip(indices, leaves, strict=True), count, p)
    left, right = built.children(built.depth, 0)
    all_points = codeword.extend(built.root.sums.points, p.n, p.t, p.k)
    empty = built.node(0, 1)
    return {
        **{"n": p.n, "t": p.t, "k": p.k, "m": p.row_length, "depth": built.depth, "count": count},
        "indices": indices,
        "counts": [leaf.sums.count for leaf in leaves],
        "structHashes": structs,
        "signatures": signatures,
        "possessions": possessions,
        "points": [b"".join(map(curve.to_bytes128, leaf.sums.points)) for leaf in leaves],
        "corrections": [b"".join(map(row_to_bytes, leaf.sums.corrections)) for leaf in leaves],
        "bodies": [leaf.sums.body for leaf in leaves],
        "leaves": [leaf.hash for leaf in leaves],
        "paths": [b"".join(step.sibling + step.body for step in built.path(index)) for index in indices],
        **{"emptyBody": empty.sums.body, "emptyLeaf": empty.hash},
        **{"left": left.hash, "right": right.hash, "root": built.root.hash, "rootBody": built.root.sums.body},
        "rootPoints": list(map(curve.to_bytes128, all_points)),
        "rootCorrections": list(built.root.sums.correction_hashes),
    }


def roster() -> Vectors:
    """Roster files, their roots, and files that must be refused; enrolment roots."""
    cases = [
        (1, [0]),
        (8, [0, 7]),
        (9, []),
        (300, [0, 7, 8, 255, 256, 299]),
        (1000, list(range(0, 1000, 13))),
    ]
    files, roots, nonces = [], [], []
    for enrolled, positions in cases:
        drawn = [digest(f"nonce {position}")[:4] for position in positions]
        made = merkle.Roster(enrolled, positions, drawn)
        nonces.append(b"".join(drawn))
        files.append(made.to_bytes())
        roots.append(made.root())
    good = files[3]
    bad = {
        "short": good[:-1],
        "long": good + bytes(32),
        "a position more": b"\x83" + good[1:],
        "a position less": b"\x80" + good[1:],
        "a position beyond the enrolment": b"\x80" + good[1:40] + b"\1" + good[41:],
        "fill not zero": good[:-1] + b"\1",
    }
    enrolments = [[digest(f"enrolment {i}") for i in range(size)] for size in (1, 2, 3, 8)]
    return {
        "enrolled": [enrolled for enrolled, _ in cases],
        "counts": [len(positions) for _, positions in cases],
        "nonces": nonces,
        "files": files,
        "roots": roots,
        **{"badEnrolled": 300, "badCount": 6, "badFiles": list(bad.values()), "badReasons": list(bad)},
        "enrolmentLeaves": [b"".join(leaves) for leaves in enrolments],
        "enrolmentRoots": [merkle.enrolment_root(leaves) for leaves in enrolments],
    }


def hashes() -> Vectors:
    """One round hash and one set hash."""
    clerks = [3, 1, 4, 2**32 - 1, 5]
    keys = [key(f"clerk {i}").public for i in clerks]
    terms, developer = digest("terms"), ACCOUNT.to_bytes(20, "big")
    developer_key = key("developer").public
    round_ = round_hash(
        chain_id=CHAIN_ID,
        contract=CONTRACT,
        round_id=12,
        terms_hash=terms,
        developer=developer,
        developer_key_hash=developer_key.hash,
        epoch=7,
        clerk_ids=clerks,
        key_hashes=[public.hash for public in keys],
    )
    count, noise, roots = 1000, 0b10110, [digest("roster"), digest("enrolment"), digest("exclusions")]
    points_ = [digest(f"point {j}") for j in range(len(clerks))]
    set_ = set_hash(
        round_hash=round_,
        count=count,
        noise=noise,
        roster_root=roots[0],
        enrolment_root=roots[1],
        exclusions=roots[2],
        point_hashes=points_,
    )
    return {
        **{"chainId": CHAIN_ID, "contract": CONTRACT, "roundId": 12, "termsHash": terms},
        **{"developer": developer, "developerKey": curve.to_bytes128(developer_key.point), "epoch": 7},
        "clerkIds": clerks,
        "keys": [curve.to_bytes128(public.point) for public in keys],
        "roundHash": round_,
        **{"count": count, "noise": noise, "rosterRoot": roots[0], "enrolmentRoot": roots[1]},
        "exclusions": roots[2],
        "pointHashes": points_,
        "setHash": set_,
    }


def codewords() -> Vectors:
    """Points of a codeword, the weights of its check, and points that are none."""
    n, t, k = 8, 3, 3
    transcript = digest("set hash")
    good = codeword.extend([curve.multiply(curve.G, element(f"log {j}")) for j in range(t + k)], n, t, k)
    off, swapped, outside = list(good), list(good), list(good)
    off[6] += curve.G
    swapped[0], swapped[1] = swapped[1], swapped[0]
    outside[0], outside[1] = outside[0] + torsion(), outside[1] - torsion()
    bad = {"one point off": off, "two swapped": swapped, "cancelling torsion": outside}

    def scalars(n_: int, reconstruction: int) -> bytes:
        return row_to_bytes(codeword.codeword_scalars(transcript, n_, reconstruction))

    shapes = [(8, 6), (8, 7), (26, 18), (32, 23), (64, 46)]
    return {
        "setHash": transcript,
        **{"n": [n_ for n_, _ in shapes], "reconstruction": [r for _, r in shapes]},
        "scalars": [scalars(*shape) for shape in shapes],
        "points": b"".join(map(curve.to_bytes128, good)),
        "badPoints": [b"".join(map(curve.to_bytes128, points_)) for points_ in bad.values()],
        "badReasons": list(bad),
    }


def encodings() -> Vectors:
    """Vectors at their extremes, packed, with their parameters and the layout that follows."""
    cases = [
        Parameters(n=8, t=3, k=3, length=100, bits=1, maximum=2000),
        Parameters(n=4, t=1, k=2, length=7, bits=64, maximum=2**32 - 1, offset=2**63),
        Parameters(n=64, t=31, k=15, length=9, bits=16, maximum=250_000, offset=2**15, noise_bound=2**40),
    ]
    packed, vectors = [], []
    for p in cases:
        low, high = -p.offset, (1 << p.bits) - 1 - p.offset
        vector = [(low, high, (low + high) // 3)[i % 3] for i in range(p.length)]
        vectors.append(b"".join(word(value % 2**256) for value in vector))
        packed.append(row_to_bytes(encoding.pack(vector, p)))
    fields = (
        "n",
        "length",
        "bits",
        "maximum",
        "offset",
        "noise_bound",
        "slot_bits",
        "elements",
        "row_length",
    )
    return {
        **{name: [word(getattr(p, name)) for p in cases] for name in fields},
        "vectors": vectors,
        "packed": packed,
    }


FILES: dict[str, Callable[[], Vectors]] = {
    "rows": rows,
    "shamir": shamir,
    "points": points,
    "proofs": proofs,
    "tree": tree,
    "roster": roster,
    "hashes": hashes,
    "codeword": codewords,
    "encoding": encodings,
}


def render(name: str) -> str:
    """The text of tests/vectors/`name`.json."""
    return json.dumps(FILES[name](), indent=1, default=lambda data: "0x" + data.hex()) + "\n"


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for name in FILES:
        (FOLDER / f"{name}.json").write_text(render(name))


if __name__ == "__main__":
    main()
