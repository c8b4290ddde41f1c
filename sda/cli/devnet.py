"""`sda devnet` and `sda deploy`: a chain to try things on, and the contracts on it."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from sda.chain.addresses import to_text
from sda.chain.client import Chain
from sda.chain.deploy import CONTRACTS, Deployment
from sda.chain.deploy import deploy as deploy_contracts
from sda.chain.devnet import Devnet, named_account
from sda.chain.node import Anvil
from sda.chain.settings import PRESETS, preset
from sda.cli.output import Answer, command, facts, progress_console
from sda.cli.session import PASSWORD_VARIABLE, Session, pass_session
from sda.errors import ChainError, ParameterError
from sda.keys import ACCOUNT_FILE, ClerkKeys, Identity, Strength
from sda.messages import AccountKey

DEVNET_PASSWORD = "devnet"  # noqa: S105 - everybody knows these keys anyway


@click.group()
def group() -> None:
    """Holds the commands until `sda.cli.main` takes them."""


@command(group, "devnet", example="sda devnet\nsda devnet --clerks 30 --port 8545")
@click.option("--port", type=click.IntRange(1, 65535), default=8545, show_default=True)
@click.option("--block-time", type=click.IntRange(min=1), default=1, show_default=True, help="Seconds.")
@click.option("--clerks", type=click.IntRange(min=0), default=12, show_default=True, help="Named accounts.")
@click.option("--contributors", type=click.IntRange(min=0), default=3, show_default=True)
@pass_session
def devnet(session: Session, port: int, block_time: int, clerks: int, contributors: int) -> Answer:
    """Start Anvil, deploy, fund named accounts, and keep running until Ctrl-C.

    The accounts' keys are known to everybody; their files' password is "devnet". The chain's state survives a
    restart.
    """
    state = session.home / "devnet"
    state.mkdir(parents=True, exist_ok=True)
    node = Anvil(port=port, block_time=block_time, state=state / "state.json", log=state / "anvil.log")
    with Devnet(node, file=session.deployment_file) as running:
        names = ["developer", *_numbered("clerk", clerks), *_numbered("contributor", contributors)]
        made = {name: _make_key(session, name).address for name in names}
        fresh = [address for address in made.values() if running.chain.balance(address) == 0]
        running.fund(fresh)
        # Not the answer: that comes at the end, and is all that programs read.
        progress_console.print(_welcome(session, node.url, running.deployment, made), soft_wrap=True, markup=False)
        _wait(node)
    return Answer({"stopped": True}, "devnet stopped; its state is kept")


def _wait(node: Anvil) -> None:
    """Until somebody ends this process, or the node's."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    while not stopped.wait(1):
        if not node.running:
            raise ChainError(f"anvil: ended by itself; its log is {node.log}")


def _numbered(role: str, count: int) -> list[str]:
    return [f"{role}-{number}" for number in range(1, count + 1)]


def _make_key(session: Session, name: str) -> AccountKey:
    """The devnet's key file of a name, made unless it is there."""
    directory, account = session.directory(name), named_account(name)
    if not (directory / ACCOUNT_FILE).exists():
        if name.startswith("clerk"):
            ClerkKeys(directory, DEVNET_PASSWORD, Strength.LIGHT).create_account(account)
        else:
            Identity.create(directory, DEVNET_PASSWORD, Strength.LIGHT, account)
    return account


def _welcome(session: Session, url: str, deployment: Deployment, made: dict[str, bytes]) -> str:
    accounts = "\n".join(f"  {name:14} {to_text(address)}" for name, address in made.items())
    return (
        f"chain {deployment.chain_id} at {url}; contracts in {session.deployment_file}\n"
        f"accounts (keys in {session.home / 'keys'}, password {DEVNET_PASSWORD}):\n{accounts}\n"
        f"In another terminal: export {PASSWORD_VARIABLE}={DEVNET_PASSWORD} SDA_LIGHT_KEYS=1\n"
        "  sda clerk register --key clerk-1 --stake 100\n"
        "Ctrl-C stops it; the state is kept."
    )


@command(
    group,
    "deploy",
    example="sda keys new deployer --role developer\nsda deploy --key deployer --preset testnet",
)
@click.option("--key", required=True, help="Name of the key that pays the gas and gets the token supply.")
@click.option("--preset", "preset_name", type=click.Choice(list(PRESETS)), required=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="By default HOME/deployment.json.")
@pass_session
def deploy(session: Session, key: str, preset_name: str, out: Path | None) -> Answer:
    """Deploy the contracts. Nobody owns them afterwards."""
    file = out or session.deployment_file
    if file.exists():
        raise ParameterError("out", str(file), "a file that does not exist: move the old deployment away first")
    deployment = deploy_contracts(Chain(*session.urls), session.account(key), preset(preset_name))
    deployment.save(file)
    addresses = {name: to_text(getattr(deployment, name)) for name in CONTRACTS}
    return Answer(
        {"chain_id": deployment.chain_id, **addresses, "file": str(file)},
        facts({**addresses, "written to": file}),
    )
