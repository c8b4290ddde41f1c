"""Every command explains itself."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from sda.cli.main import main


def _lines(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield words
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _lines(inner, (*words, name))


LINES = {" ".join(("sda", *words)): words for words in _lines(main)}

GROUPS = (
    (),
    ("keys",),
    ("clerk",),
    ("round",),
    ("dispute",),
    ("relay",),
    ("analytics",),
    ("privacy",),
    ("experiment",),
    ("learn",),
)


@pytest.mark.parametrize("words", LINES.values(), ids=LINES)
def test_help__every_command__shows_an_example(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*words, "--help"])
    assert result.exit_code == 0
    assert f"sda {words[0] if words else 'demo'}" in result.output.split("--help", 1)[1]


@pytest.mark.parametrize("words", [words for words in LINES.values() if words not in GROUPS], ids=" ".join)
def test_help__every_command__has_json_for_programs(words: tuple[str, ...]) -> None:
    assert "--json" in CliRunner().invoke(main, [*words, "--help"]).output


def test_help__example__is_a_command_line_that_exists() -> None:
    for words in LINES.values():
        output = CliRunner().invoke(main, [*words, "--help"]).output
        for example in (line.split() for line in output.splitlines() if line.startswith("  sda ")):
            command: click.Command | None = main
            for word in example[1:]:
                if not isinstance(command, click.Group):
                    break
                command = command.commands.get(word)
            assert command is not None, example


def test_command__unknown__is_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["sum"]).exit_code == 2
    assert CliRunner().invoke(main, ["round", "status", "0", "--quickly"]).exit_code == 2
