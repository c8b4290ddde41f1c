"""`sda keys`: files that only their password opens, and where the password comes from."""

from __future__ import annotations

import os
import pty
import stat
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.shell import PASSWORD, PROGRAM, REFUSED, Shell


@pytest.mark.parametrize("role", ["contributor", "developer", "clerk"])
def test_new__each_role__makes_files_that_only_the_owner_reads(sda: Shell, role: str) -> None:
    made = sda.json(f"keys new zoe --role {role}")
    assert made.keys() == {"name", "role", "address", "directory"}
    assert (made["name"], made["role"]) == ("zoe", role)
    directory = Path(made["directory"])
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    wanted = {"account.json"} if role == "clerk" else {"account.json", "master.json"}
    assert {path.name for path in directory.iterdir()} == wanted
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in directory.iterdir())


def test_new__text__says_the_address_and_where_it_is_kept(sda: Shell) -> None:
    said = sda("keys new zoe --role clerk")
    assert sda.json("balance zoe")["address"] in said
    assert str(sda.home / "keys" / "zoe") in said


def test_new__brackets_in_the_path__are_printed_as_they_are(sda: Shell) -> None:
    home = sda.home / "of [bold] and [/] :key:"
    assert f"kept in {home}/keys/zoe;" in sda.but(home=home)("keys new zoe --role clerk")


def test_list__names_and_addresses_without_a_password(sda: Shell) -> None:
    found = {key["name"]: key["address"] for key in sda.but(password="").json("keys list")["keys"]}
    assert {"developer", "clerk-1", "alice", "poor"} <= found.keys()
    assert found["alice"] == sda.json("balance alice")["address"]
    assert "alice" in sda("keys list")


def test_list__damaged_file__is_called_that(sda: Shell) -> None:
    (sda.home / "keys" / "bob" / "account.json").write_text("[]")
    found = {key["name"]: key["address"] for key in sda.json("keys list")["keys"]}
    assert found["bob"] == "not a key file"


def test_new__existing_name__is_refused_and_nothing_changed(sda: Shell) -> None:
    before = sda.files()
    message = sda.refuses("keys new alice --role clerk")
    assert "'alice'" in message
    assert "exists already" in message
    assert sda.files() == before


@pytest.mark.parametrize("name", ["''", "..", "a/b", "'a b'", "/etc", "x" * 300])
def test_new__no_name_for_a_directory__is_refused(sda: Shell, name: str) -> None:
    before = sda.files()
    sda.refuses(f"keys new {name} --role contributor")
    assert sda.files() == before


def test_new__no_such_role__is_wrong_usage(sda: Shell) -> None:
    assert "contributor" in sda.misuse("keys new zoe --role admin")
    assert not (sda.home / "keys" / "zoe").exists()


@pytest.mark.parametrize("role", ["contributor", "clerk"])
def test_new__empty_password__is_refused_before_anything_is_written(sda: Shell, role: str) -> None:
    assert "must not be empty" in sda.but(password="").refuses(f"keys new zoe --role {role}")
    assert not (sda.home / "keys" / "zoe").exists()


# ---------------------------------------------------------------------- opening them


@pytest.mark.parametrize(
    "line",
    ["balance alice", "clerk register --key alice --stake 100", "round open --key alice", "claim 0 --key alice"],
)
def test_wrong_password__is_refused_and_nothing_written(sda: Shell, line: str) -> None:
    before = sda.files()
    message = sda.but(password="wrong").refuses(line)
    assert str(sda.home / "keys" / "alice" / "account.json") in message
    assert "password is wrong" in message
    assert "'wrong'" not in message
    assert sda.files() == before


def test_missing_key__is_named(sda: Shell) -> None:
    assert "keys/nobody: no such clerk" in sda.refuses("clerk run --key nobody")
    for line in ("collect --key nobody", "round snapshot 0 --key nobody", "balance nobody"):
        assert "keys/nobody/account.json: no such key file" in sda.refuses(line)


def test_key_of_another_role__is_refused(sda: Shell) -> None:
    assert "master.json: no such key file" in sda.refuses("round open --key clerk-1")


def test_key_file_open_to_others__is_refused(sda: Shell) -> None:
    (sda.home / "keys" / "alice" / "account.json").chmod(0o644)
    message = sda.refuses("balance alice")
    assert "mode 0644" in message
    assert "must be 0600" in message


def test_damaged_key_file__is_refused(sda: Shell) -> None:
    (sda.home / "keys" / "alice" / "account.json").write_text("{}")
    assert "is not a key file" in sda.refuses("balance alice")


# ---------------------------------------------------------------------- where the password comes from


def test_password_file__its_first_line_is_the_password(sda: Shell) -> None:
    file = sda.write("password", f"{PASSWORD}\nanother line\n")
    assert sda.but(password="wrong").json(f"--password-file {file} balance alice")["address"].startswith("0x")


def test_password_file__missing_or_not_text__is_refused(sda: Shell) -> None:
    assert "cannot be read" in sda.refuses(f"--password-file {sda.home}/none balance alice")
    file = sda.write("password", "")
    file.write_bytes(b"\xff\xfe\xfd")
    assert f"{file}: cannot be read" in sda.refuses(f"--password-file {file} balance alice")


def test_no_terminal__is_refused_and_standard_input_is_not_taken_for_a_password(sda: Shell) -> None:
    done = sda.process("balance", "alice", stdin=None, input=f"{PASSWORD}\n")
    assert done.returncode == REFUSED
    assert done.stderr == "error: no password: use --password-file or set SDA_PASSWORD\n"


@pytest.mark.parametrize(("typed", "code"), [((PASSWORD, PASSWORD), 0), ((PASSWORD, "mistyped"), REFUSED)])
def test_terminal__new_password__is_typed_twice_and_never_shown(sda: Shell, typed: tuple[str, str], code: int) -> None:
    terminal, end = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "SDA_PASSWORD"}
    line = [str(PROGRAM), "--home", str(sda.home), "--light-keys", "keys", "new", "zoe", "--role", "clerk"]
    with subprocess.Popen(line, stdin=end, stdout=end, stderr=end, env=environment, start_new_session=True) as process:
        os.close(end)
        said = ""
        for prompt, answer in zip(("Password of the key file: ", "The same again: "), typed, strict=True):
            said += _read_until(terminal, prompt)
            os.write(terminal, f"{answer}\n".encode())
        assert process.wait(20) == code
    said += os.read(terminal, 10_000).decode()
    os.close(terminal)
    sda.check("keys new zoe", said)
    assert (sda.home / "keys" / "zoe").exists() == (code == 0)


def _read_until(terminal: int, words: str) -> str:
    said, until = "", time.monotonic() + 20
    while not said.endswith(words):
        assert time.monotonic() < until, said
        said += os.read(terminal, 1000).decode()
    time.sleep(0.05)  # the prompt is written just before the terminal's echo is seen to
    return said
