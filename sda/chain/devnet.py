"""A local chain with everything deployed and named accounts funded: where rounds are tried out.

Anybody can compute the accounts' secrets: never send anything of value to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from eth_account import Account

from sda.chain.addresses import to_text
from sda.chain.client import Chain
from sda.chain.deploy import Deployment, deploy
from sda.chain.node import MNEMONIC, Anvil
from sda.chain.rpc import request
from sda.chain.settings import DEVNET, TOKEN, Settings
from sda.chain.token import Token
from sda.crypto.hashes import keccak
from sda.errors import ChainError, UnreachableError
from sda.messages.account import AccountKey

ETHER = 10**18

_NAMED = b"SDA devnet account "


def deployer() -> AccountKey:
    """Deploys and holds the tokens: the first account of the mnemonic, which every Anvil funds."""
    Account.enable_unaudited_hdwallet_features()
    return AccountKey(bytes(Account.from_mnemonic(MNEMONIC).key))


def named_account(name: str) -> AccountKey:
    """The same account for the same name on every devnet. Anybody can compute its secret."""
    return AccountKey(keccak(_NAMED + name.encode()))


def set_ether(chain: Chain, accounts: Iterable[bytes], wei: int) -> None:
    """Give accounts of a local chain a balance out of nothing."""
    for address in accounts:
        request(chain.urls[0], "anvil_setBalance", [to_text(address), hex(wei)])


class Devnet:
    """A local chain with the contracts on it, as a context manager or with `start` and `stop`.

    Args:
        node: Not started yet; by default one on a free port.
        settings: Of the contracts.
        file: Where the deployment is kept. If what it says is on the node's chain (one whose state survived a
            restart), nothing is deployed again.
    """

    def __init__(self, node: Anvil | None = None, *, settings: Settings = DEVNET, file: Path | None = None) -> None:
        self.node = Anvil() if node is None else node
        self.settings = settings
        self.file = file
        self.deployer = deployer()
        self._started: tuple[Chain, Deployment] | None = None

    @property
    def chain(self) -> Chain:
        """Connection to the node."""
        return self._running()[0]

    @property
    def deployment(self) -> Deployment:
        """Where the contracts are."""
        return self._running()[1]

    def start(self) -> Devnet:
        """Start the node, and deploy unless that was done before the last restart.

        Raises:
            ChainError: No Anvil, it does not start, or the deployment fails.
        """
        self.node.start()
        try:
            chain = Chain(self.node.url)
            deployment = self._kept(chain)
            if deployment is None:
                deployment = deploy(chain, self.deployer, self.settings)
                if self.file is not None:
                    deployment.save(self.file)
        except BaseException:
            self.stop()
            raise
        self._started = chain, deployment
        return self

    def stop(self) -> None:
        """Stop the node."""
        self._started = None
        self.node.stop()

    def fund(self, accounts: Iterable[bytes], *, wei: int = 100 * ETHER, tokens: int = 10_000 * TOKEN) -> None:
        """Give accounts ether, so much that they hold `wei`, and tokens from the deployer, in token units."""
        accounts = list(accounts)
        token = Token(self.chain, self.deployment.token, self.deployment.block)
        set_ether(self.chain, accounts, wei)
        for address in accounts:
            token.transfer(self.deployer, address, tokens)

    def _kept(self, chain: Chain) -> Deployment | None:
        if self.file is None or not self.file.exists():
            return None
        deployment = Deployment.load(self.file)
        try:
            deployment.check(chain)
        except UnreachableError:
            raise
        except ChainError:
            return None  # the node was started without its former state
        return deployment

    def _running(self) -> tuple[Chain, Deployment]:
        if self._started is None:
            raise ChainError("devnet: is not running")
        return self._started

    def __enter__(self) -> Devnet:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
