"""Write tests/vectors/messages.json: enrolments, contributions and reviews, good and bad, with every hash on the way.

    python -m tools.message_vectors

Its form is that of `tools/vectors.py`. A bad message fails when it is decoded ("decode") or verified
("verify").
"""

from __future__ import annotations

import json

from sda.contributor import ContributorKey, contribute
from sda.crypto.curve import compress
from sda.crypto.field import Q
from sda.crypto.hashes import round_hash
from sda.messages import AccountKey, Contribution, Domain, Enrolment, Review
from sda.messages.account import SECP256K1_ORDER
from sda.messages.contribution import HASH_BYTES
from sda.params import TEST
from sda.round import RoundView, Seat, Terms
from tools.vectors import CHAIN_ID, CONTRACT, FOLDER, digest, key, torsion

NAME = "messages"
CONTRIBUTORS = 3
HEADER = 1 + HASH_BYTES + 20 + 4 + 1 + 20 + 4
SIGNATURE = 65
REVIEWED: list[tuple[int, ...]] = [(), (5,), (5, 7, 100_000)]


def view() -> RoundView:
    """A round with fixed keys."""
    terms = Terms.for_parameters(
        TEST,
        minimum=2,
        query=digest("query"),
        collect_window=3600,
        complaint_window=600,
        row_window=600,
        claim_window=86400,
        flat_fee=10,
        rate=1,
        reward=3,
    )
    developer = AccountKey(digest("developer account"))
    keys = [key(f"clerk {j}").public for j in range(TEST.n)]
    seats = tuple(Seat(j, j + 1, digest(f"operator {j}")[:20], clerk) for j, clerk in enumerate(keys))
    public = key("developer").public
    return RoundView(
        round_id=7,
        chain_id=CHAIN_ID,
        contract=CONTRACT,
        terms=terms,
        developer=developer.address,
        developer_key=public,
        epoch=1,
        seats=seats,
        round_hash=round_hash(
            chain_id=CHAIN_ID,
            contract=CONTRACT,
            round_id=7,
            terms_hash=terms.hash,
            developer=developer.address,
            developer_key_hash=public.hash,
            epoch=1,
            clerk_ids=[seat.clerk_id for seat in seats],
            key_hashes=[seat.key.hash for seat in seats],
        ),
    )


def contributor(index: int) -> ContributorKey:
    """A contributor with fixed keys."""
    return ContributorKey(AccountKey(digest(f"account {index}")), key(f"contributor {index}"))


def enrolment(index: int, domain: Domain) -> Enrolment:
    """Its enrolment."""
    return contributor(index).enrol(domain)


def contribution(index: int) -> Contribution:
    """Its contribution."""
    vector = [(17 * index + 5 * i) % 256 for i in range(TEST.length)]
    nonce, payout = digest(f"nonce {index}")[:4], digest(f"payout {index}")[:20]
    return contribute(view(), contributor(index), index, vector, payout, nonce)


def bad_contributions() -> list[tuple[str, str, bytes]]:
    """What is wrong, where it shows, and the message."""
    good = contribution(0).encode()
    padded_end = HEADER + 32 * TEST.elements
    points_end = padded_end + 48 * TEST.reconstruction
    r, s, v = good[-65:-33], int.from_bytes(good[-33:-1], "big"), good[-1]
    high_s = (SECP256K1_ORDER - s).to_bytes(32, "big")
    torsion_point = compress(torsion())
    other = contributor(1)
    signed_by_other = contribution(0).leaf.sign(view().domain, other.account, contributor(0).public.hash)
    other_chain = contribution(0).leaf.sign(
        Domain(CHAIN_ID + 1, CONTRACT), contributor(0).account, contributor(0).public.hash
    )
    not_reduced = Q.to_bytes(32, "big")
    return [
        ("empty", "decode", b""),
        ("truncated", "decode", good[:-1]),
        ("over-long", "decode", good + b"\0"),
        ("version 0", "decode", b"\0" + good[1:]),
        ("version 2", "decode", b"\2" + good[1:]),
        ("kind 2", "decode", good[:57] + b"\2" + good[58:]),
        ("padded element not reduced", "decode", good[:HEADER] + not_reduced + good[HEADER + 32 :]),
        (
            "point without the flag of compression",
            "decode",
            good[:padded_end] + bytes([good[padded_end] & 0x7F]) + good[padded_end + 1 :],
        ),
        ("point off the curve", "decode", good[:padded_end] + _off_curve() + good[padded_end + 48 :]),
        ("point outside the subgroup", "decode", good[:padded_end] + torsion_point + good[padded_end + 48 :]),
        (
            "identity in another encoding",
            "decode",
            good[:padded_end] + b"\xc0" + bytes(46) + b"\1" + good[padded_end + 48 :],
        ),
        ("correction not reduced", "decode", good[:points_end] + not_reduced + good[points_end + 32 :]),
        ("high s", "decode", good[:-65] + r + high_s + bytes([55 - v])),
        ("v = 0", "decode", good[:-1] + b"\0"),
        ("r = 0", "decode", good[:-65] + bytes(32) + good[-33:]),
        ("s = 0", "decode", good[:-33] + bytes(32) + good[-1:]),
        ("other v", "verify", good[:-1] + bytes([55 - v])),
        ("other payout", "verify", good[:58] + bytes(20) + good[78:]),
        ("other nonce", "verify", good[:78] + b"none" + good[82:]),
        ("other position", "verify", good[:53] + b"\0\0\0\1" + good[57:]),
        ("other kind", "verify", good[:57] + b"\1" + good[58:]),
        ("other round", "verify", good[:1] + digest("other round") + good[33:]),
        ("other padded vector", "verify", good[:HEADER] + bytes(32) + good[HEADER + 32 :]),
        ("other correction", "verify", good[:points_end] + bytes(32) + good[points_end + 32 :]),
        ("signed by another", "verify", good[:-SIGNATURE] + signed_by_other.signature),
        ("signed for another chain", "verify", good[:-SIGNATURE] + other_chain.signature),
    ]


def _off_curve() -> bytes:
    """A compressed x for which there is no y."""
    x = 0
    while pow(x**3 + 4, (_P - 1) // 2, _P) != _P - 1:
        x += 1
    return bytes([0x80]) + x.to_bytes(47, "big")


_P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB


def bad_enrolments() -> list[tuple[str, str, bytes]]:
    """What is wrong, where it shows, and the message."""
    domain = view().domain
    good = enrolment(0, domain).encode()
    other = enrolment(1, domain).encode()
    return [
        ("truncated", "decode", good[:-1]),
        ("over-long", "decode", good + b"\0"),
        ("version 2", "decode", b"\2" + good[1:]),
        ("identity", "decode", good[:21] + b"\xc0" + bytes(47) + good[69:]),
        ("key off the curve", "decode", good[:21] + _off_curve() + good[69:]),
        ("key outside the subgroup", "decode", good[:21] + compress(torsion()) + good[69:]),
        ("challenge not reduced", "decode", good[:69] + Q.to_bytes(32, "big") + good[101:]),
        ("response not reduced", "decode", good[:101] + Q.to_bytes(32, "big") + good[133:]),
        ("another's account", "verify", good[:1] + other[1:21] + good[21:]),
        ("another's key", "verify", good[:21] + other[21:69] + good[69:]),
        ("another's proof", "verify", good[:69] + other[69:133] + good[133:]),
        ("another's signature", "verify", good[:133] + other[133:]),
        ("for another chain", "verify", enrolment(0, Domain(CHAIN_ID + 1, CONTRACT)).encode()),
        ("for another contract", "verify", enrolment(0, Domain(CHAIN_ID, bytes(20))).encode()),
    ]


def review(leaves: tuple[int, ...], domain: Domain | None = None) -> Review:
    """What the clerk of seat 1 found in a draft; contributor 0's account stands for the clerk's."""
    this = view()
    return Review.create(domain or this.domain, contributor(0).account, this.round_hash, digest("root"), 1, leaves)


def bad_reviews() -> list[tuple[str, str, bytes]]:
    """What is wrong, where it shows, and the message."""
    good = review((5, 7)).encode()
    return [
        ("empty", "decode", b""),
        ("truncated", "decode", good[:-1]),
        ("over-long", "decode", good + b"\0"),
        ("version 2", "decode", b"\2" + good[1:]),
        ("a leaf named twice", "decode", review((5, 5)).encode()),
        ("leaves not ascending", "decode", review((7, 5)).encode()),
        ("v = 0", "decode", good[:-1] + b"\0"),
        ("another leaf", "verify", good[:73] + b"\x08" + good[74:]),
        ("one leaf less", "verify", good[:70] + good[74:]),
        ("another seat", "verify", good[:65] + b"\2" + good[66:]),
        ("another draft", "verify", good[:33] + bytes(32) + good[65:]),
        ("for another chain", "verify", review((5, 7), Domain(CHAIN_ID + 1, CONTRACT)).encode()),
    ]


def messages() -> dict[str, object]:
    """The file."""
    this = view()
    domain = this.domain
    enrolments = [enrolment(i, domain) for i in range(CONTRIBUTORS)]
    contributions = [contribution(i) for i in range(CONTRIBUTORS)]
    pairs = list(zip(contributions, enrolments, strict=True))
    hashes = [c.leaf.struct_hash(e.key.hash) for c, e in pairs]
    bad, bad_enrolled, bad_reviewed = bad_contributions(), bad_enrolments(), bad_reviews()
    return {
        "chainId": CHAIN_ID,
        "contract": CONTRACT,
        "domainSeparator": domain.separator,
        "roundHash": this.round_hash,
        "termsHash": this.terms.hash,
        "accountSecrets": [contributor(i).account.to_bytes() for i in range(CONTRIBUTORS)],
        "accounts": [contributor(i).account.address for i in range(CONTRIBUTORS)],
        "keyHashes": [e.key.hash for e in enrolments],
        "enrolments": [e.encode() for e in enrolments],
        "enrolmentLeaves": [e.leaf for e in enrolments],
        "contributions": [c.encode() for c in contributions],
        "ids": [c.id for c in contributions],
        "leaves": [c.leaf.encode() for c in contributions],
        "bodies": [c.leaf.body for c in contributions],
        "paddedHashes": [c.leaf.padded_hash for c in contributions],
        "structHashes": hashes,
        "digests": [domain.digest(struct_hash) for struct_hash in hashes],
        "evidence": [c.leaf.evidence(e) for c, e in pairs],
        "leafHashes": [c.leaf.node(e).hash for c, e in pairs],
        "badNames": [name for name, _, _ in bad],
        "badFailsAt": [stage for _, stage, _ in bad],
        "badContributions": [message for _, _, message in bad],
        "badEnrolmentNames": [name for name, _, _ in bad_enrolled],
        "badEnrolmentFailsAt": [stage for _, stage, _ in bad_enrolled],
        "badEnrolments": [message for _, _, message in bad_enrolled],
        "reviews": [review(leaves).encode() for leaves in REVIEWED],
        "badReviewNames": [name for name, _, _ in bad_reviewed],
        "badReviewFailsAt": [stage for _, stage, _ in bad_reviewed],
        "badReviews": [message for _, _, message in bad_reviewed],
    }


def render() -> str:
    """The text of the file."""
    return json.dumps(messages(), indent=1, default=lambda data: "0x" + data.hex()) + "\n"


def main() -> None:
    """Write it."""
    (FOLDER / f"{NAME}.json").write_text(render())


if __name__ == "__main__":
    main()
