"""`sda learn`: training a model on data that stays with its owners."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from sda.agents.lock import served_by_us
from sda.chain.settings import in_tokens
from sda.cli.extras import extra
from sda.cli.output import Answer, command, example_epilog, facts, progress_console, table
from sda.cli.progress import tell, track
from sda.cli.session import Session, pass_session
from sda.cli.values import ROUND_ID
from sda.contributor import Minima
from sda.errors import ParameterError
from sda.keys import make_private_directory
from sda.learning.checkpoint import Checkpoint, Report
from sda.learning.configuration import StopRules, load
from sda.learning.examples import Examples
from sda.learning.member import Member, Part
from sda.learning.noticeboard import Noticeboard
from sda.learning.training import Training
from sda.round import State

if TYPE_CHECKING:
    from sda.demo.learning import LearningStory

FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
CURVE = "curve.svg"

configuration_argument = click.argument("configuration", metavar="CONFIG", type=FILE)
directory_option = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Checkpoint and announcements; by default learning/NAME at home.",
)


@click.group("learn", epilog=example_epilog("sda learn run intents.toml --public public.npz"))
def group() -> None:
    """Train a model in private rounds, one update each."""


@command(
    group,
    "run",
    example="sda learn run intents.toml --public public.npz\n"
    "sda learn run intents.toml --public public.npz --directory /srv/intents --json",
)
@configuration_argument
@click.option("--public", type=FILE, required=True, help="NumPy archive with `features` and `labels`: judges models.")
@click.option("--key", default="developer", show_default=True, help="Name of the developer's key.")
@directory_option
@click.option("--interval", type=click.FloatRange(0.05, 3600), default=5.0, show_default=True, help="Seconds to rest.")
@pass_session
def run(
    session: Session, configuration: Path, public: Path, key: str, directory: Path | None, interval: float
) -> Answer:
    """Train until one of the configuration's [stop] rules says so.

    One round after another is opened, paid, closed and revealed. Interrupted at any moment, the same command goes on
    where it was. Contributors need what is in DIRECTORY/announcements: serve it with any web server.
    """
    with extra("privacy"):
        settings, stop = load(configuration)
    place = _place(session, directory, settings.name)
    locked = place / "training"
    make_private_directory(locked)
    with served_by_us(locked), progress_console.status("looking") as status:

        def rest(round_id: int | None, state: State) -> None:
            what = "contributors enrol" if round_id is None else f"round {round_id} is {state.name.lower()}"
            status.update(f"{what}; looking again in {interval:g} s")
            time.sleep(interval)

        judges = Examples.load(public)
        ledger = session.ledger(key) if settings.privacy else None
        training = Training(session.developer(key), settings, judges, place, rest, progress_console.print, ledger)
        reason = training.run(stop, lambda report: progress_console.print(_line(report)))
    return _answer(settings.name, training.checkpoint.reports, place, reason)


@command(group, "curve", example="sda learn curve intents.toml --out curve.svg")
@configuration_argument
@directory_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="By default curve.svg in the directory.")
@pass_session
def curve(session: Session, configuration: Path, directory: Path | None, out: Path | None) -> Answer:
    """Show how far a training is, what it cost, and draw its curve."""
    with extra("privacy"):
        settings, _ = load(configuration)
    place = _place(session, directory, settings.name)
    checkpoint = Checkpoint.load(place, settings)
    if checkpoint is None:
        raise ParameterError("directory", str(place), "of a training that was begun")
    _draw(settings.name, checkpoint.reports, out or place / CURVE)
    return _answer(settings.name, checkpoint.reports, place, "")


@command(group, "enrol", example="sda learn enrol --key alice")
@click.option("--key", required=True, help="Name of the contributor's key.")
@pass_session
def enrol(session: Session, key: str) -> Answer:
    """Enrol at the relay, so that later rounds may invite this contributor. Once is enough."""
    position = session.contributor(key).enrol()
    return Answer({"key": key, "position": position}, f"{key}: enrolled at position {position}")


@command(
    group,
    "join",
    example="sda learn join 7 --key alice --data mine.npz --announcements https://developer.example/intents\n"
    "sda learn join 7 --key alice --data mine.npz --announcements /srv/intents/announcements",
)
@click.argument("round_id", metavar="ROUND", type=ROUND_ID)
@click.option("--key", required=True, help="Name of the contributor's key.")
@click.option("--data", type=FILE, required=True, help="NumPy archive with `features` and `labels`: it stays here.")
@click.option("--announcements", required=True, help="Directory, or URL under which it is served.")
@click.option("--min-seats", type=int, default=8, show_default=True, help="Refuse smaller committees.")
@click.option("--min-threshold", type=int, default=3, show_default=True, help="Refuse a smaller t.")
@click.option("--min-contributors", type=int, default=100, show_default=True, help="Refuse smaller rounds.")
@pass_session
def join(
    session: Session,
    round_id: int,
    key: str,
    data: Path,
    announcements: str,
    min_seats: int,
    min_threshold: int,
    min_contributors: int,
) -> Answer:
    """Train the announced model on this device's data and send the update, if this contributor is invited.

    The model must be the one that the round's terms name. Sending it again is harmless. `sda claim` takes the reward.
    Whoever was not enrolled when the round was announced is not invited, but enrolled from now on.
    """
    own = Examples.load(data)
    minima = Minima(n=min_seats, t=min_threshold, minimum=min_contributors)
    board = Noticeboard(announcements)
    member = Member(session.contributor(key, minima), own.features, own.labels, board, lambda: session.ledger(key))
    part = member.take_part(round_id)
    return Answer({"round": round_id, "part": part}, f"round {round_id}: {part}", part is not Part.SAT_OUT)


@command(
    group,
    "demo",
    example="sda learn demo\nsda learn demo --contributors 200 --rounds 5 --json",
)
@click.option("--contributors", type=click.IntRange(50, 2000), default=240, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 100), default=25, show_default=True, help="At most.")
@click.option("--accuracy", type=click.FloatRange(0, 1), default=0.95, show_default=True, help="Ends training.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulated people; secrets are fresh.")
def demo(contributors: int, rounds: int, accuracy: float, seed: int) -> Answer:
    """Learn the intents of a voice assistant on a local chain, every round verified and paid: two minutes."""
    try:
        from sda.demo.learning import LearningDemo
    except ModuleNotFoundError as error:
        raise ParameterError("extra", error.name, "installed: pip install 'sda[demo]'") from error
    home = Path(tempfile.mkdtemp(prefix="sda-learning-"))
    story = LearningDemo(home, contributors, StopRules(rounds, accuracy), tell, track, seed).run()
    good = abs(story.difference_points) < 1 and all(report.settled for report in story.reports)
    title = f"{story.intents} intents, {story.contributors} contributors, {story.parameters:,} parameters"
    _draw(title, story.reports, home / CURVE)
    return Answer({**vars(story), "home": str(home), "ok": good}, _told(story, home), good)


# ---------------------------------------------------------------------- what is shown


def _place(session: Session, directory: Path | None, name: str) -> Path:
    return directory or session.home / "learning" / "".join(c if c.isalnum() else "-" for c in name)


def _answer(name: str, reports: Sequence[Report], place: Path, reason: str) -> Answer:
    counted = [report for report in reports if report.counted]
    data: dict[str, Any] = {
        "name": name,
        "stopped": reason,
        "rounds": [vars(report) for report in reports],
        "accuracy": counted[-1].accuracy if counted else None,
        "directory": str(place),
    }
    return Answer(data, Group(_rounds(reports), Text(reason)), bool(counted))


def _draw(title: str, reports: Sequence[Report], path: Path) -> None:
    try:
        from sda.learning.curve import save_curve
    except ModuleNotFoundError as error:
        raise ParameterError("extra", error.name, "installed: pip install 'sda[learning]'") from error
    save_curve(title, reports, path)


def _line(report: Report) -> str:
    return (
        f"round {report.round_id}: {report.outcome}; {report.contributors} contributors,"
        f" accuracy {report.accuracy:.4f}, loss {report.loss:.4f}"
    )


def _rounds(reports: Sequence[Report]) -> RenderableType:
    columns = ("round", "outcome", "contributors", "accuracy", "loss", "gas", "tokens", "bytes up", "bytes down")
    rows = [
        (
            report.round_id,
            report.outcome,
            report.contributors,
            f"{report.accuracy:.4f}",
            f"{report.loss:.4f}",
            sum(report.gas.values()),
            in_tokens(report.paid),
            report.up,
            report.down,
        )
        for report in reports
    ]
    return table(columns, rows)


def _told(story: LearningStory, home: Path) -> RenderableType:
    scores = {"private, by rounds": story.private, "the same in the clear": story.clear, "central": story.central}
    shown = [(name, f"{score.accuracy:.4f}", f"{score.loss:.4f}") for name, score in scores.items() if score]
    gas = [sum(report.gas.values()) for report in story.reports]
    return Group(
        Text(
            f"\nWhich of {story.intents} intents was meant? {story.parameters:,} parameters, {story.contributors:,}"
            " people with unequal shares of the intents",
            "bold",
        ),
        _rounds(story.reports),
        Text("\nOn sentences of people who did not train", "bold"),
        table(("training", "accuracy", "loss"), shown),
        Text("\nMeasured", "bold"),
        facts(
            {
                "updates to 0.90": story.rounds_to_90,
                "private and clear": f"{story.difference_points:+.2f} points apart",
                "a contributor": f"{story.contribution_ms:.0f} ms a round: training, checks, padding, sending",
                "labels at random": f"{story.perplexed} contributors; they sat out {story.sat_out[0]} times, others"
                f" {story.sat_out[1]} times",
                "gas of a round": f"{round(sum(gas) / len(gas)):,}",
                "contributors paid": f"{story.claims:,} rewards, {in_tokens(story.rewards)} tokens",
                "clerks paid": f"{in_tokens(story.clerks_paid)} tokens",
                "stopped": story.reason,
                "all of it": f"{story.seconds:.0f} s",
            }
        ),
        Text(f"\nThe learning curve is {home / CURVE}; checkpoint and announcements are in {home / 'training'}."),
    )
