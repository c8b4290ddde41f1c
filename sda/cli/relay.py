"""`sda relay`: the service between contributors, clerks and developers."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from sda.cli.output import Answer, command, example_epilog
from sda.cli.session import Session, pass_session

_METRICS = "PROMETHEUS_MULTIPROC_DIR"


@click.group("relay", epilog=example_epilog("sda relay serve"))
def group() -> None:
    """Store contributions and serve rounds' files over HTTP."""


@command(
    group,
    "serve",
    example="sda relay serve\n"
    "sda relay serve --database postgresql://relay@localhost/relay --workers 2\n"
    "sda relay serve --host 0.0.0.0 --port 443 --tls-certificate cert.pem --tls-key key.pem --per-minute 600",
)
@click.option(
    "--database",
    envvar="SDA_RELAY_DATABASE",
    default="",
    help="postgresql://… or a file; by default relay.sqlite at home. A password belongs into the environment.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8470, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option("--tls-certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--per-minute", type=click.IntRange(0), default=0, show_default=True, help="Requests of one address.")
@click.option("--waiting", type=click.IntRange(1), default=4096, show_default=True, help="Contributions that may wait.")
@click.option(
    "--message-bytes",
    type=click.IntRange(1 << 14, 1 << 28),
    default=1 << 18,
    show_default=True,
    help="Of the largest message; updates of some 60,000 parameters fit into the default.",
)
@pass_session
def serve(
    session: Session,
    database: str,
    host: str,
    port: int,
    workers: int,
    tls_certificate: Path | None,
    tls_key: Path | None,
    per_minute: int,
    waiting: int,
    message_bytes: int,
) -> Answer:
    """Serve until interrupted. What was acknowledged is on disk; stopped at any moment it goes on where it was."""
    import uvicorn  # the service's libraries are not loaded for every command

    from sda.agents import relay
    from sda.relay.service.connection import Connection

    configuration = relay.Configuration(
        deployment=str(session.deployment_file),
        urls=session.urls,
        database=database or str(session.home / "relay.sqlite"),
        limits={"per_minute": per_minute, "waiting": waiting, "message_bytes": message_bytes},
    )
    os.environ[relay.VARIABLE] = configuration.to_json()
    relay.application().state.rounds.stop()  # what is wrong shows here, once, and not in every process
    with tempfile.TemporaryDirectory(prefix="sda-metrics-") as shared:
        if workers > 1:
            os.environ[_METRICS] = shared
        uvicorn.run(
            "sda.agents.relay:application",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            http=Connection,
            ws="none",
            ssl_certfile=tls_certificate,
            ssl_keyfile=tls_key,
            log_level="warning",
            timeout_keep_alive=30,
        )
    return Answer({"stopped": True}, "the relay has stopped")
