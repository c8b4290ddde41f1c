"""What a clerk writes down: rows it computed, and the one answer it gave."""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path

import pytest

from sda.answers import AnswerBook, NotWrittenError
from sda.closed import ClosedSet
from sda.crypto.hashes import ZERO_WORD
from sda.errors import MessageError
from sda.params import TEST
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, TEST, contributors=3)
    world.contribute_all()
    world.close()
    return world


def test_kept__after_keep__is_the_same_answer_also_in_another_process(world: World, tmp_path: Path) -> None:
    found = world.answer(1)
    AnswerBook(tmp_path / "clerk").keep(world.view.round_hash, found)
    again = AnswerBook(tmp_path / "clerk")
    set_hash = found.closed_set.hash(world.view.round_hash)
    assert again.kept(world.view.round_hash, 1, set_hash) == found
    assert again.find(world.view.round_hash, 1) is None, "keeping a row answers nothing"


def test_kept__of_another_set_seat_or_round__is_none(world: World, tmp_path: Path) -> None:
    book, found = AnswerBook(tmp_path / "clerk"), world.answer(1)
    book.keep(world.view.round_hash, found)
    set_hash = found.closed_set.hash(world.view.round_hash)
    assert book.kept(world.view.round_hash, 1, ZERO_WORD) is None
    assert book.kept(world.view.round_hash, 2, set_hash) is None
    assert book.kept(ZERO_WORD, 1, set_hash) is None


def test_closed_set__decoded__is_the_same(world: World) -> None:
    closed_set = replace(world.answer(0).closed_set, noise=5, exclusions=b"\1" * 32)
    assert ClosedSet.decode(closed_set.encode()) == closed_set


@pytest.mark.parametrize("data", [b"", bytes(159), bytes(128), bytes(161)])
def test_closed_set__cut__is_refused(data: bytes) -> None:
    with pytest.raises(MessageError, match="closed set"):
        ClosedSet.decode(data)


def test_record__on_a_full_disk__has_its_room_until_that_is_used_up(world: World, tmp_path: Path) -> None:
    """The space of a few hundred answers is taken when the book is made."""
    book, row = AnswerBook(tmp_path / "clerk"), world.answer(1).row
    size = max(path.stat().st_size for path in (tmp_path / "clerk").iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))  # no file can grow
    try:
        _record(book, row, range(300))
        with pytest.raises(NotWrittenError, match="cannot be written down"):
            _record(book, row, range(300, 10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert AnswerBook(tmp_path / "clerk").find(bytes(32), 0) == (ZERO_WORD, row)


def _record(book: AnswerBook, row: list[int], rounds: range) -> None:
    for number in rounds:
        book.record(bytes(28) + number.to_bytes(4, "big"), 0, ZERO_WORD, row)
