"""Keys at rest: Ethereum keystore files (version 3, scrypt), one secret per file.

A contributor's directory holds `account.json` and `master.json`; from the master secret follows one G1 key
per chain and contract. A clerk's directory holds `account.json` and one `epoch-N.json` per epoch, each key
random by itself, so that an old one can really be deleted: with it goes the past (PROTOCOL §11.5).
`account.json` opens in any Ethereum wallet.

Directories have mode 0700 and files 0600; files appear whole or not at all and are never overwritten.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import Any

from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json

from sda.crypto.field import Q
from sda.crypto.hashes import word
from sda.crypto.keys import SecretKey
from sda.errors import KeyFileError, MessageError
from sda.messages.account import AccountKey

ACCOUNT_FILE = "account.json"
MASTER_FILE = "master.json"
SECRET_BYTES = 32

_DIRECTORY_MODE = 0o700
_FILE_MODE = 0o600
_KEY_SALT = b"SDA/1 contributor key"


class Strength(IntEnum):
    """Work factor of scrypt (N) for new files; a file remembers its own."""

    STRONG = 2**18
    """About a second per guess: the default."""
    LIGHT = 2**10
    """Only for testing and local devnets: a stolen file is soon opened."""


# ------------------------------------------------------------------ one secret


def save_secret(
    path: Path, secret: bytes, password: str, strength: Strength = Strength.STRONG, *, account: bool = False
) -> None:
    """Write a secret of 32 bytes to a new encrypted file.

    Args:
        path: Must not exist; its directory is made if need be.
        secret: 32 bytes.
        password: Not empty.
        strength: Of the key derivation.
        account: Whether it is an Ethereum account, whose address the file then shows.

    Raises:
        KeyFileError: The file exists, the password is empty, or the directory is open to others.
    """
    if not password:
        raise KeyFileError(f"{path}: the password must not be empty")
    if len(secret) != SECRET_BYTES:
        raise KeyFileError(f"{path}: a secret of {len(secret)} bytes, must be {SECRET_BYTES}")
    make_private_directory(path.parent)
    content = create_keyfile_json(secret, _utf8(password), iterations=int(strength), kdf="scrypt")
    if not account:
        # Only for accounts does an address mean anything.
        del content["address"]
    write_new_file(path, json.dumps(content).encode())


def load_secret(path: Path, password: str) -> bytes:
    """Read a secret.

    Raises:
        KeyFileError: No such file, open to others, not a key file, or the wrong password.
    """
    _check_mode(path)
    try:
        content = json.loads(path.read_bytes())
        secret = decode_keyfile_json(content, _utf8(password))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise KeyFileError(f"{path}: is not a key file") from error
    except ValueError as error:
        # eth_keyfile says "MAC mismatch" and nothing secret.
        raise KeyFileError(f"{path}: the password is wrong, or the file is damaged") from error
    except (KeyError, TypeError, AttributeError, NotImplementedError) as error:
        raise KeyFileError(f"{path}: is not a key file") from error
    if len(secret) != SECRET_BYTES:
        raise KeyFileError(f"{path}: holds {len(secret)} bytes, must be {SECRET_BYTES}")
    return bytes(secret)


def _utf8(password: str) -> Any:
    # As wallets do. eth_keyfile is annotated for strings, which scrypt would take for Latin-1.
    return password.encode()


def derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """64 bytes by HKDF (RFC 5869) with SHA-512, whose output is a single block."""
    return hmac.digest(hmac.digest(salt, secret, "sha512"), info + b"\x01", "sha512")


def make_private_directory(path: Path) -> None:
    """Make a directory that only its owner can enter, or check that it is one.

    Raises:
        KeyFileError: It exists and is open to others, or cannot be made.
    """
    try:
        path.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be made a directory") from error
    if mode & 0o077:
        raise KeyFileError(f"{path}: is open to others (mode {mode:04o}), must be {_DIRECTORY_MODE:04o}")


def write_new_file(path: Path, content: bytes) -> None:
    """Write a file that others cannot read; it appears whole or not at all.

    Raises:
        KeyFileError: It exists already.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never replaces a file that is there.
        os.link(temporary, path)
        _sync_directory(path.parent)
    except FileExistsError as error:
        raise KeyFileError(f"{path}: exists already and is not overwritten") from error
    finally:
        temporary.unlink()


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_mode(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise KeyFileError(f"{path}: no such key file") from error
    if mode & 0o077:
        raise KeyFileError(f"{path}: is open to others (mode {mode:04o}), must be {_FILE_MODE:04o}")


# ------------------------------------------------------------------ accounts


def create_account(
    directory: Path, password: str, strength: Strength = Strength.STRONG, key: AccountKey | None = None
) -> AccountKey:
    """Write a new (or the given) account to `directory`/account.json.

    Raises:
        KeyFileError: There is one already, and others as in `save_secret`.
    """
    key = key or AccountKey.generate()
    save_secret(directory / ACCOUNT_FILE, key.to_bytes(), password, strength, account=True)
    return key


def load_account(directory: Path, password: str) -> AccountKey:
    """The account in `directory`/account.json.

    Raises:
        KeyFileError: As in `load_secret`.
    """
    path = directory / ACCOUNT_FILE
    try:
        return AccountKey(load_secret(path, password))
    except MessageError as error:
        raise KeyFileError(f"{path}: {error}") from error


# ------------------------------------------------------------------ contributors


class Identity:
    """A contributor: an account, and a master secret from which its G1 keys follow. Never printed."""

    __slots__ = ("_master", "account")

    def __init__(self, account: AccountKey, master: bytes) -> None:
        self.account = account
        self._master = master

    @classmethod
    def generate(cls) -> Identity:
        """A fresh one, in memory only."""
        return cls(AccountKey.generate(), secrets.token_bytes(SECRET_BYTES))

    @classmethod
    def create(
        cls,
        directory: Path,
        password: str,
        strength: Strength = Strength.STRONG,
        account: AccountKey | None = None,
    ) -> Identity:
        """A fresh one, written to `directory`; with the given account, if there is one.

        Raises:
            KeyFileError: As in `save_secret`.
        """
        if (directory / ACCOUNT_FILE).exists():
            raise KeyFileError(f"{directory / ACCOUNT_FILE}: exists already and is not overwritten")
        # A master secret without an account is what an interrupted creation leaves: it is completed.
        if (directory / MASTER_FILE).exists():
            master = load_secret(directory / MASTER_FILE, password)
        else:
            master = AccountKey.generate().to_bytes()  # 32 uniform bytes that a keystore file accepts
            save_secret(directory / MASTER_FILE, master, password, strength)
        return cls(create_account(directory, password, strength, account), master)

    @classmethod
    def load(cls, directory: Path, password: str) -> Identity:
        """The one in `directory`.

        Raises:
            KeyFileError: As in `load_secret`.
        """
        return cls(load_account(directory, password), load_secret(directory / MASTER_FILE, password))

    def key(self, chain_id: int, contract: bytes, index: int = 0) -> SecretKey:
        """The G1 key for one rounds contract (PROTOCOL §11.12).

        Args:
            chain_id: Of the chain.
            contract: Address of the rounds contract, 20 bytes.
            index: 0 for the first key there; the next one when a key was retired.
        """
        info = word(chain_id) + contract + index.to_bytes(4, "big")
        # 512 bits mod q are uniform to 2^-257.
        return SecretKey(int.from_bytes(derive(self._master, _KEY_SALT, info), "big") % Q)

    def __repr__(self) -> str:
        return f"Identity(0x{self.account.address.hex()}, secrets hidden)"


# ---------------------------------------------------------------------------------------------------- clerks


class ClerkKeys:
    """A clerk's directory: its account, and a key for each epoch that is not over.

    Args:
        directory: Where the files are, or will be.
        password: Of all of them.
        strength: For new files.
    """

    def __init__(self, directory: Path, password: str, strength: Strength = Strength.STRONG) -> None:
        self.directory = directory
        self._password = password
        self._strength = strength
        self._account: AccountKey | None = None
        self._keys: dict[int, SecretKey] = {}

    @property
    def account(self) -> AccountKey:
        """The clerk's account; raises KeyFileError as in `load_secret`."""
        if self._account is None:
            self._account = load_account(self.directory, self._password)
        return self._account

    def create_account(self, key: AccountKey | None = None) -> AccountKey:
        """Write a new (or the given) account; raises KeyFileError if there is one."""
        self._account = create_account(self.directory, self._password, self._strength, key)
        return self._account

    def epochs(self) -> list[int]:
        """The epochs for which there is a key, ascending."""
        return sorted(self._stored_epochs())

    def _stored_epochs(self) -> Iterator[int]:
        for path in self.directory.glob("epoch-*.json"):
            with suppress(ValueError):
                yield int(path.stem.removeprefix("epoch-"))

    def add_epoch(self, epoch: int) -> SecretKey:
        """Make and write the key of an epoch: random, independent of every other.

        Raises:
            KeyFileError: There is one already, and others as in `save_secret`.
        """
        key = SecretKey.generate()
        save_secret(self._path(epoch), key.to_bytes(), self._password, self._strength)
        self._keys[epoch] = key
        return key

    def key(self, epoch: int) -> SecretKey:
        """The key of an epoch.

        Raises:
            KeyFileError: There is none (never made, or deleted), and others as in `load_secret`.
        """
        if epoch not in self._keys:
            path = self._path(epoch)
            try:
                self._keys[epoch] = SecretKey.from_bytes(load_secret(path, self._password))
            except MessageError as error:
                raise KeyFileError(f"{path}: {error}") from error
        return self._keys[epoch]

    def delete_epoch(self, epoch: int) -> None:
        """Delete the key of an epoch whose rounds are all final; the pads of its rounds can never be computed
        again.

        Raises:
            KeyFileError: There is none.
        """
        path = self._path(epoch)
        try:
            # Copy-on-write disks may keep old blocks: the file is encrypted besides.
            with path.open("r+b") as file:
                file.write(secrets.token_bytes(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            _sync_directory(self.directory)
        except OSError as error:
            raise KeyFileError(f"{path}: no such key file") from error
        self._keys.pop(epoch, None)

    def _path(self, epoch: int) -> Path:
        return self.directory / f"epoch-{epoch}.json"

    def __repr__(self) -> str:
        return f"ClerkKeys({str(self.directory)!r}, password hidden)"
