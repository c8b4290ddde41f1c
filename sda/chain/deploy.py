"""Deploying the contracts, and the file in which people keep where they are."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import rlp
from eth_abi.abi import encode
from eth_typing import ChecksumAddress
from eth_utils.abi import collapse_if_tuple

from sda.chain.addresses import ZERO_ADDRESS, from_text, to_text
from sda.chain.artifacts import load
from sda.chain.client import Chain, Receipt
from sda.chain.settings import Settings
from sda.crypto.curve import MAXIMUM_GENERATORS, generators, to_bytes128
from sda.crypto.hashes import keccak
from sda.errors import ChainError, ParameterError, SDAError
from sda.messages.account import AccountKey

FILE_VERSION = 3
CONTRACTS = ("token", "generators", "randomness", "registry", "disputes", "checks", "rounds")


@dataclass(frozen=True)
class Deployment:
    """Where the contracts are. Public.

    Attributes:
        chain_id: Of the chain.
        block: From which on there are events.
        token, generators, randomness, registry, disputes, checks, rounds: Addresses, 20 bytes.
        settings: As deployed.
    """

    chain_id: int
    block: int
    token: bytes
    generators: bytes
    randomness: bytes
    registry: bytes
    disputes: bytes
    checks: bytes
    rounds: bytes
    settings: Settings

    # ------------------------------------------------------------------ file

    def save(self, path: Path) -> None:
        """Write it to a file, which appears whole or not at all and takes the place of an older one."""
        content = {
            "version": FILE_VERSION,
            "chain_id": self.chain_id,
            "block": self.block,
            **{name: to_text(getattr(self, name)) for name in CONTRACTS},
            "settings": asdict(self.settings),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with draft.open("w") as file:
                file.write(json.dumps(content, indent=2) + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Read it from a file. Whether it is so on a chain, `check` says.

        Raises:
            ChainError: There is no such file, or it is not a deployment.
        """
        try:
            content = json.loads(path.read_text())
        except OSError as error:
            raise ChainError(f"{path}: no deployment there; run `sda devnet` or `sda deploy`") from error
        except ValueError as error:
            raise ChainError(f"{path}: is not a deployment file") from error
        try:
            return cls._from_json(content)
        except (SDAError, KeyError, TypeError, AttributeError) as error:
            raise ChainError(f"{path}: is not a deployment file ({error})") from error

    @classmethod
    def _from_json(cls, content: Mapping[str, Any]) -> Deployment:
        if content["version"] != FILE_VERSION:
            raise ParameterError("version", content["version"], str(FILE_VERSION))
        for name in ("chain_id", "block"):
            if type(content[name]) is not int or content[name] < 0:
                raise ParameterError(name, content[name], "a natural number")
        return cls(
            chain_id=content["chain_id"],
            block=content["block"],
            settings=Settings.from_json(content["settings"]),
            **{name: from_text(content[name]) for name in CONTRACTS},
        )

    # ------------------------------------------------------------------ chain

    def check(self, chain: Chain) -> None:
        """Check that the contracts are there.

        Raises:
            ChainError: Another chain, or an address without code: say, a devnet that was started anew.
        """
        if chain.chain_id != self.chain_id:
            raise ChainError(f"the deployment is on chain {self.chain_id}, the node is on {chain.chain_id}")
        for name in CONTRACTS:
            address = getattr(self, name)
            if not chain.code(address):
                raise ChainError(
                    f"{name}: there is no contract at {to_text(address)} on chain {self.chain_id};"
                    " was the devnet started anew? deploy again"
                )


Create = Callable[[bytes], Receipt]
"""Sends a transaction with this init code from the deployer's account, and waits for it."""


def deploy(chain: Chain, deployer: AccountKey, settings: Settings, *, eligibility: bytes = ZERO_ADDRESS) -> Deployment:
    """Deploy all contracts; the deployer gets the token's supply and no other power.

    Args:
        chain: Where to.
        deployer: Pays the gas. Nothing else may be sent from it meanwhile.
        settings: Fixed for ever.
        eligibility: Contract that says who may be a clerk; the zero address lets anyone.

    Raises:
        ContractError: A contract refused its settings.
        ChainError: The chain refused, or another transaction of the deployer came between.
    """
    return deploy_through(
        chain,
        deployer.address,
        lambda code: chain.transact(deployer, None, code),
        settings,
        eligibility=eligibility,
    )


def deploy_through(
    chain: Chain, deployer: bytes, create: Create, settings: Settings, *, eligibility: bytes = ZERO_ADDRESS
) -> Deployment:
    """As `deploy`, with somebody else's way of signing and sending: a wallet, Ape.

    Args:
        chain: Where to.
        deployer: Address from which `create` sends, 20 bytes.
        create: Sends init code.
        settings, eligibility: As for `deploy`.
    """
    token = create(init_code("SDAToken", to_text(deployer), settings.supply))
    data = create(generators_init_code())
    randomness = create(init_code("RandaoBeacon"))

    # Registry, disputes and row checks obey one rounds contract, and that knows all of them: the later address is known
    # beforehand from the deployer's nonce.
    expected = created_address(deployer, chain.nonce(deployer) + 3)
    obeyed, hook = to_text(expected), to_text(eligibility)
    registry = create(init_code("ClerkRegistry", _made(token), obeyed, hook, settings.registry.values))
    judged = (obeyed, _made(registry), _made(token), _made(data))
    disputes = create(init_code("Disputes", *judged, settings.disputes.values))
    checks = create(init_code("RowChecks", obeyed, _made(registry), _made(disputes), _made(token), _made(data)))
    parts = (_made(token), _made(registry), _made(randomness), _made(data), _made(disputes), _made(checks))
    rounds = create(init_code("Rounds", *parts, settings.rounds.values))
    if rounds.created != expected:
        raise ChainError(
            f"rounds: deployed at {_made(rounds)}, but the registry expects it at {obeyed};"
            " another transaction of the deployer came between: deploy again"
        )
    made = (token, data, randomness, registry, disputes, checks, rounds)
    deployment = Deployment(
        chain_id=chain.chain_id,
        block=token.block,
        settings=settings,
        **{name: from_text(_made(receipt)) for name, receipt in zip(CONTRACTS, made, strict=True)},
    )
    deployment.check(chain)
    return deployment


def _made(receipt: Receipt) -> ChecksumAddress:
    if receipt.created is None:
        raise ChainError(f"transaction 0x{receipt.transaction.hex()}: made no contract")
    return to_text(receipt.created)


def init_code(name: str, *arguments: object) -> bytes:
    """A contract's init code with its constructor's arguments."""
    artifact = load(name)
    fields = [field for entry in artifact.abi if entry["type"] == "constructor" for field in entry["inputs"]]
    types = [collapse_if_tuple(field) for field in fields]
    return artifact.bytecode + bytes(encode(types, arguments))


def created_address(creator: bytes, nonce: int) -> bytes:
    """Where the contract that `creator` makes with its transaction `nonce` will be."""
    return keccak(bytes(rlp.encode([creator, nonce])))[-len(creator) :]


def generators_init_code() -> bytes:
    """Init code of the data contract with H_0 … H_63 (docs/FORMATS.md): 0x00, then 64 points of 128 bytes."""
    code = b"\0" + b"".join(map(to_bytes128, generators(MAXIMUM_GENERATORS)))
    # PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN: all that follows these 10 bytes.
    return b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("80600a5f395ff3") + code
