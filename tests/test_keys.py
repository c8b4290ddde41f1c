"""Key files: they open with the password only, stay private, and are never overwritten."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto.field import Q
from sda.crypto.hashes import keccak
from sda.errors import KeyFileError
from sda.keys import (
    ClerkKeys,
    Identity,
    Strength,
    create_account,
    derive,
    load_account,
    load_secret,
    make_private_directory,
    save_secret,
    write_new_file,
)
from sda.messages import AccountKey

WEAK = Strength.LIGHT
SECRET = bytes(range(1, 33))
CONTRACT = bytes(range(20))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def saved(directory: Path) -> Path:
    path = directory / "secret.json"
    save_secret(path, SECRET, "correct horse", WEAK)
    return path


# ---------------------------------------------------------------------- one secret


def test_secret__opens_with_its_password(saved: Path) -> None:
    assert load_secret(saved, "correct horse") == SECRET


def test_secret__wrong_password__is_refused(saved: Path) -> None:
    with pytest.raises(KeyFileError, match="password is wrong"):
        load_secret(saved, "wrong")


def test_secret__file_is_private_and_shows_nothing(saved: Path) -> None:
    assert mode(saved) == 0o600
    assert mode(saved.parent) == 0o700
    text = saved.read_text()
    assert SECRET.hex() not in text
    assert "address" not in json.loads(text)
    assert sorted(os.listdir(saved.parent)) == ["secret.json"]


def test_secret__exists__is_not_overwritten(saved: Path) -> None:
    before = saved.read_bytes()
    with pytest.raises(KeyFileError, match="not overwritten"):
        save_secret(saved, bytes(reversed(SECRET)), "other", WEAK)
    assert saved.read_bytes() == before
    assert sorted(os.listdir(saved.parent)) == ["secret.json"]


def test_secret__empty_password__is_refused(directory: Path) -> None:
    with pytest.raises(KeyFileError, match="must not be empty"):
        save_secret(directory / "x.json", SECRET, "", WEAK)
    assert not directory.exists()


def test_secret__missing_file__is_refused(directory: Path) -> None:
    with pytest.raises(KeyFileError, match="no such key file"):
        load_secret(directory / "none.json", "x")


@pytest.mark.parametrize("open_mode", [0o640, 0o604, 0o666])
def test_secret__file_open_to_others__is_refused(saved: Path, open_mode: int) -> None:
    saved.chmod(open_mode)
    with pytest.raises(KeyFileError, match="open to others"):
        load_secret(saved, "correct horse")


def test_secret__directory_open_to_others__is_refused(directory: Path) -> None:
    directory.mkdir(mode=0o755)
    with pytest.raises(KeyFileError, match="open to others"):
        save_secret(directory / "x.json", SECRET, "x", WEAK)


def test_secret__directory_that_is_a_file__is_refused(directory: Path) -> None:
    directory.write_bytes(b"")
    with pytest.raises(KeyFileError, match="cannot be made a directory"):
        save_secret(directory / "x.json", SECRET, "x", WEAK)


def test_secret__that_is_no_key__is_refused(directory: Path) -> None:
    save_secret(directory / "epoch-1.json", Q.to_bytes(32, "big"), "x", WEAK)
    with pytest.raises(KeyFileError, match="must be"):
        ClerkKeys(directory, "x", WEAK).key(1)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[]", b"{}", b'"text"', b"7", b'{"version": 3}', b'{"version": 9}', b"{"]
)
def test_secret__not_a_key_file__is_refused(directory: Path, content: bytes) -> None:
    make_private_directory(directory)
    write_new_file(directory / "x.json", content)
    with pytest.raises(KeyFileError, match="is not a key file"):
        load_secret(directory / "x.json", "x")


def test_secret__damaged_file__is_refused(saved: Path) -> None:
    content = json.loads(saved.read_text())
    text = content["crypto"]["ciphertext"]
    content["crypto"]["ciphertext"] = ("0" if text[0] != "0" else "1") + text[1:]
    saved.write_text(json.dumps(content))
    with pytest.raises(KeyFileError, match="damaged"):
        load_secret(saved, "correct horse")


def test_secret__of_another_length__is_refused(directory: Path, saved: Path) -> None:
    with pytest.raises(KeyFileError, match="31 bytes, must be 32"):
        save_secret(directory / "x.json", b"\1" * 31, "x", WEAK)
    content = json.loads(saved.read_text())
    crypto, kdf = content["crypto"], content["crypto"]["kdfparams"]
    shorter = bytes.fromhex(crypto["ciphertext"])[:-1]
    key = hashlib.scrypt(
        b"correct horse", salt=bytes.fromhex(kdf["salt"]), n=kdf["n"], r=kdf["r"], p=kdf["p"], dklen=32
    )
    crypto["ciphertext"], crypto["mac"] = shorter.hex(), keccak(key[16:] + shorter).hex()
    saved.write_text(json.dumps(content))
    with pytest.raises(KeyFileError, match="31 bytes, must be 32"):
        load_secret(saved, "correct horse")


def test_secret__error_never_holds_secret_or_password(saved: Path) -> None:
    with pytest.raises(KeyFileError) as caught:
        load_secret(saved, "not the password")
    chain: BaseException | None = caught.value
    while chain is not None:
        assert "not the password" not in str(chain)
        assert SECRET.hex() not in str(chain)
        chain = chain.__cause__ or chain.__context__


def test_strength__is_strong_by_default(directory: Path) -> None:
    save_secret(directory / "x.json", SECRET, "x")
    parameters = json.loads((directory / "x.json").read_text())["crypto"]["kdfparams"]
    assert parameters["n"] == Strength.STRONG == 2**18
    assert load_secret(directory / "x.json", "x") == SECRET


@settings(max_examples=15, deadline=None)
@given(secret=st.binary(min_size=32, max_size=32), password=st.text(min_size=1, max_size=20))
def test_secret__any_password__round_trip(
    tmp_path_factory: pytest.TempPathFactory, secret: bytes, password: str
) -> None:
    number = int.from_bytes(secret, "big") % (Q - 1) + 1
    path = tmp_path_factory.mktemp("any") / "d" / "x.json"
    save_secret(path, number.to_bytes(32, "big"), password, WEAK)
    assert load_secret(path, password) == number.to_bytes(32, "big")


# ---------------------------------------------------------------------- accounts


def test_account__opens_in_a_wallet_and_the_other_way_round(directory: Path) -> None:
    key = create_account(directory, "pässword", WEAK)
    content = json.loads((directory / "account.json").read_text())
    assert content["address"].lower() == key.address.hex()
    assert bytes(Account.decrypt(content, "pässword")) == key.to_bytes()
    theirs = directory / "theirs" / "account.json"
    make_private_directory(theirs.parent)
    made = Account.encrypt(key.to_bytes(), "pässword", kdf="scrypt", iterations=2)
    write_new_file(theirs, json.dumps(made).encode())
    assert load_account(theirs.parent, "pässword").address == key.address


# ---------------------------------------------------------------------- contributors


def test_identity__is_the_same_after_loading(directory: Path) -> None:
    made = Identity.create(directory, "x", WEAK)
    loaded = Identity.load(directory, "x")
    assert loaded.account.address == made.account.address
    assert loaded.key(1, CONTRACT).scalar == made.key(1, CONTRACT).scalar


def test_identity__keeps_a_given_account(directory: Path) -> None:
    account = AccountKey.generate()
    Identity.create(directory, "x", WEAK, account)
    assert Identity.load(directory, "x").account.address == account.address


def test_identity__second_one__is_refused(directory: Path) -> None:
    made = Identity.create(directory, "x", WEAK)
    with pytest.raises(KeyFileError, match="not overwritten"):
        Identity.create(directory, "x", WEAK)
    assert Identity.load(directory, "x").key(1, CONTRACT).scalar == made.key(1, CONTRACT).scalar


def test_identity__account_of_a_clerk_there__is_left_alone(directory: Path) -> None:
    account = create_account(directory, "x", WEAK)
    with pytest.raises(KeyFileError, match="not overwritten"):
        Identity.create(directory, "x", WEAK)
    assert sorted(os.listdir(directory)) == ["account.json"]
    assert load_account(directory, "x").address == account.address


def test_identity__creation_that_was_interrupted__is_completed(directory: Path) -> None:
    master = Identity.create(directory, "x", WEAK)
    (directory / "account.json").unlink()
    again = Identity.create(directory, "x", WEAK)
    assert again.account.address != master.account.address
    assert again.key(1, bytes(20)).scalar == master.key(1, bytes(20)).scalar


def test_identity__keys_differ_by_chain_contract_and_index() -> None:
    identity = Identity.generate()
    scalars = {
        identity.key(chain_id, contract, index).scalar
        for chain_id in (1, 2, 2**63)
        for contract in (CONTRACT, bytes(20))
        for index in (0, 1)
    }
    assert len(scalars) == 12


def test_derive__is_hkdf() -> None:
    from Crypto.Hash import SHA512
    from Crypto.Protocol.KDF import HKDF

    expected = HKDF(SECRET, 64, b"salt", SHA512, context=b"info")
    assert derive(SECRET, b"salt", b"info") == expected


# ---------------------------------------------------------------------- clerks


def test_clerk__keys_of_epochs_are_independent_and_kept(directory: Path) -> None:
    keys = ClerkKeys(directory, "x", WEAK)
    account = keys.create_account()
    made = {epoch: keys.add_epoch(epoch).scalar for epoch in (3, 12, 4)}
    assert len(set(made.values())) == 3
    again = ClerkKeys(directory, "x", WEAK)
    assert again.account.address == account.address
    assert again.epochs() == [3, 4, 12]
    assert {epoch: again.key(epoch).scalar for epoch in made} == made


def test_clerk__second_key_of_an_epoch__is_refused(directory: Path) -> None:
    keys = ClerkKeys(directory, "x", WEAK)
    first = keys.add_epoch(1).scalar
    with pytest.raises(KeyFileError, match="not overwritten"):
        keys.add_epoch(1)
    assert keys.key(1).scalar == first
    assert ClerkKeys(directory, "x").key(1).scalar == first


def test_clerk__deleted_key__is_gone(directory: Path) -> None:
    keys = ClerkKeys(directory, "x", WEAK)
    keys.add_epoch(1)
    keys.add_epoch(2)
    keys.delete_epoch(1)
    assert keys.epochs() == [2]
    assert sorted(os.listdir(directory)) == ["epoch-2.json"]
    with pytest.raises(KeyFileError, match="no such key file"):
        keys.key(1)
    with pytest.raises(KeyFileError, match="no such key file"):
        keys.delete_epoch(1)


def test_clerk__wrong_password__is_refused(directory: Path) -> None:
    keys = ClerkKeys(directory, "x", WEAK)
    keys.create_account()
    keys.add_epoch(1)
    wrong = ClerkKeys(directory, "y", WEAK)
    with pytest.raises(KeyFileError, match="password is wrong"):
        wrong.key(1)
    with pytest.raises(KeyFileError, match="password is wrong"):
        _ = wrong.account


def test_repr__shows_no_secret(directory: Path) -> None:
    keys = ClerkKeys(directory, "open sesame", WEAK)
    key = keys.add_epoch(1)
    identity = Identity.generate()
    secrets: list[Callable[[], str]] = [
        lambda: "open sesame",
        lambda: key.to_bytes().hex(),
        lambda: str(key.scalar),
        lambda: identity.account.to_bytes().hex(),
        lambda: identity.key(1, CONTRACT).to_bytes().hex(),
    ]
    shown = repr(keys) + repr(key) + repr(identity) + repr(identity.account)
    for secret in secrets:
        assert secret() not in shown
