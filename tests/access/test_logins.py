"""Logins: every authtype, their order, and time that tells nothing."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from pymon.access import crypt, logins
from pymon.access.limits import AccessLimits
from pymon.access.logins import Authenticator
from pymon.access.passwords import check_userfile
from pymon.model.request import Login
from pymon.model.settings import Settings
from tests.access.test_crypt import HASHES

Told = Callable[[], str]
SECRET = "S3cret-pass"


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """A userfile with one user for each kind of hash, whose password is ``secret``."""
    lines = [f"user{number}:{hashed}" for number, hashed in enumerate(HASHES.values())]
    file = tmp_path / "users"
    file.write_text("# a comment\n\n  ann  :  " + HASHES["DES"] + "  \nbob:!\nplain:secret\n" + "\n".join(lines) + "\n")
    return file


def authenticator(users: Path, *authtype: str, pamservice: str = "passwd") -> Authenticator:
    made = replace(Settings(), authtype=authtype, userfile=str(users), pamservice=pamservice)
    return Authenticator(lambda: made)


async def admits(
    made: Authenticator,
    user: str,
    password: str,
    peer: str = "10.0.0.1",
    peer_users: frozenset[str] = frozenset(),
) -> bool:
    try:
        return await made.admits(Login(user, password), peer, peer_users)
    finally:
        made.close()


@pytest.mark.parametrize("number", range(len(HASHES)))
async def test_userfile_takes_every_kind_of_hash(users: Path, number: int) -> None:
    assert await admits(authenticator(users, "userfile"), f"user{number}", "secret")
    assert not await admits(authenticator(users, "userfile"), f"user{number}", "wrong")


@pytest.mark.parametrize(
    ("user", "password", "accepted"),
    [
        ("ann", "secret", True), ("Ann", "secret", False), ("ann", "", False), ("", "secret", False),
        ("bob", "!", False), ("plain", "secret", False), ("# a comment", "", False), ("nobody", "secret", False),
        ("ann", "secret\0", False), ("a\0b", "x", False),
    ],
)  # fmt: skip
async def test_userfile_is_read_as_mon_reads_it(users: Path, user: str, password: str, accepted: bool) -> None:
    assert await admits(authenticator(users, "userfile"), user, password) is accepted


async def test_userfile_is_read_at_each_login(users: Path) -> None:
    made = authenticator(users, "userfile")
    login, peer = Login("zoe", "secret"), "10.0.0.1"
    assert not await made.admits(login, peer)
    await asyncio.to_thread(users.write_text, f"zoe:{HASHES['MD5']}\n")
    assert await made.admits(login, peer)
    made.close()


async def test_userfile_that_is_not_there_lets_nobody_in_and_is_told(tmp_path: Path, told: Told) -> None:
    assert not await admits(authenticator(tmp_path / "none", "userfile"), "ann", "secret")
    assert f"cannot read the userfile {tmp_path / 'none'}: No such file or directory" in told()


async def test_types_are_tried_in_their_order(users: Path, told: Told) -> None:
    assert await admits(authenticator(users, "shadow", "nonsense", "getpwnam", "userfile"), "ann", "secret")
    assert "authtype nonsense is not known and lets nobody in" in told()
    assert not await admits(authenticator(users), "ann", "secret")


@pytest.mark.parametrize(
    ("peer", "password", "accepted"),
    [("127.0.0.1", "", True), ("127.0.0.1", "x", True), ("::1", "", True), ("127.0.0.2", "x", False),
     ("10.0.0.1", "x", False), ("unix", "x", False)],
)  # fmt: skip
async def test_trustlocal(users: Path, peer: str, password: str, accepted: bool) -> None:
    """U-LOCAL: ::1 is this machine as well."""
    assert await admits(authenticator(users, "trustlocal"), "anybody", password, peer) is accepted
    assert not await admits(authenticator(users, "trustlocal"), "", password, peer)


async def test_peer_that_the_kernel_vouches_for_needs_no_password(users: Path) -> None:
    own = frozenset({"ann"})
    assert await admits(authenticator(users), "ann", "", "unix", peer_users=own)
    assert not await admits(authenticator(users), "zoe", "x", "unix", peer_users=own)
    assert await admits(authenticator(users), "zoe", "", "unix", peer_users=frozenset({"*"}))
    assert not await admits(authenticator(users), "", "", "unix", peer_users=frozenset({"*"}))


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0 or not Path("/etc/pam.d/su").exists(), reason="needs root, and PAM's su")
async def test_pam_asks_the_system(users: Path, told: Told) -> None:
    """The service su lets root become anybody without a password; the service other wants the right one."""
    assert await admits(authenticator(users, "pam", pamservice="su"), "root", "whatever")
    assert not await admits(authenticator(users, "pam", pamservice="other"), "no-such-user", SECRET)
    assert SECRET not in told()


async def test_pam_that_is_missing_is_told(users: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pamela", None)
    assert await admits(authenticator(users, "pam", "userfile"), "ann", "secret"), "the next type is tried"
    assert "authtype pam needs pamela (pip install 'pymon[pam]')" in told()


async def test_pam_library_that_cannot_be_loaded_is_told(
    users: Path, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pamela.py").write_text("raise OSError('libpam.so.0: cannot open shared object file')\n")
    monkeypatch.delitem(sys.modules, "pamela", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert await admits(authenticator(users, "pam", "userfile"), "ann", "secret"), "the next type is tried"
    assert "authtype pam: the system's PAM library cannot be loaded: libpam.so.0: cannot open" in told()


class Pam(ModuleType):
    """A system whose PAM knows ann, whose password is ``secret``, under the service ``mon``."""

    class PAMError(Exception):
        """Nobody else."""

    def __init__(self) -> None:
        super().__init__("pamela")
        self.services: list[str] = []

    def authenticate(self, user: bytes, passwords: tuple[bytes], service: str, resetcred: int) -> None:
        assert not resetcred, "nobody's session begins"
        self.services.append(service)
        if (user, passwords, service) != (b"ann", (b"secret",), "mon"):
            raise self.PAMError


@pytest.mark.parametrize(
    ("service", "password", "accepted", "asked"),
    [
        ("mon", "secret", True, ["mon"]), ("mon", "wrong", False, ["mon"]), ("su", "secret", False, ["su"]),
        ("../x", "secret", False, []), ("", "secret", False, []), (".", "secret", False, []),
        ("..", "secret", False, []),
    ],
)  # fmt: skip
async def test_pam_is_asked_for_services_that_are_names_of_files(
    users: Path,
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    password: str,
    accepted: bool,
    asked: list[str],
) -> None:
    pam = Pam()
    monkeypatch.setitem(sys.modules, "pamela", pam)
    assert await admits(authenticator(users, "pam", pamservice=service), "ann", password) is accepted
    assert pam.services == asked
    assert ("is no name of a file in /etc/pam.d" in told()) is (not asked)


async def test_login_while_the_server_stops_is_refused(users: Path, told: Told) -> None:
    made = authenticator(users, "userfile")
    made.close()
    assert not await made.admits(Login("ann", "secret"), "10.0.0.1")
    assert "a login came while the server stopped" in told()


def test_unknown_users_take_the_work_of_known_ones(users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []

    def fits(_password: str, hashed: str) -> bool:
        looked_at.append(hashed)
        return False

    monkeypatch.setattr(crypt, "fits", fits)
    for user in ("user4", "nobody", "bob", "nobody"):
        assert not check_userfile(str(users), user, "wrong")
    assert len(looked_at) == 4
    assert looked_at[1] == looked_at[3], "the same each time, as with a user that exists"
    assert set(looked_at) <= set(HASHES.values())
    users.write_text("")
    check_userfile(str(users), "nobody", "wrong")
    assert looked_at[-1] == crypt.DECOY


async def test_failures_of_one_address_slow_it_down_and_nobody_else(
    users: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    made = Authenticator(lambda: replace(Settings(), authtype=("userfile",), userfile=str(users)), clock=lambda: 1000.0)
    for _ in range(6):
        assert not await made.admits(Login("ann", SECRET), "10.0.0.1")
    assert slept == [1, 2, 4]
    assert await made.admits(Login("ann", "secret"), "10.0.0.2")
    assert slept == [1, 2, 4]
    assert await made.admits(Login("ann", "secret"), "10.0.0.1")
    assert slept == [1, 2, 4, 8], "the right password waits as well, for it could be the next guess"
    assert not await made.admits(Login("ann", SECRET), "10.0.0.1")
    assert slept == [1, 2, 4, 8], "a success ends it"
    made.close()
    assert "failed login from 10.0.0.1 (4 lately; the next one waits 2 s)" in told()
    assert SECRET not in told()


async def test_login_of_ones_own_buys_no_guesses_at_others(users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    made = Authenticator(lambda: replace(Settings(), authtype=("userfile",), userfile=str(users)), clock=lambda: 1000.0)
    for _ in range(3):
        for user, password in (("user0", "guess"), ("user0", "another"), ("ann", "secret")):
            assert await made.admits(Login(user, password), "10.0.0.1") is (user == "ann")
    assert slept == [1, 2, 4], "the guesses wait, the login that succeeded before does not"
    made.close()


async def test_who_has_logged_in_before_does_not_queue_behind_guesses(
    users: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Authenticator(lambda: replace(Settings(), authtype=("userfile",), userfile=str(users)), clock=lambda: 1000.0)
    assert await made.admits(Login("ann", "secret"), "10.0.0.1")
    for _ in range(3):
        assert not await made.admits(Login("user0", "guess"), "10.0.0.1")
    begun, never = asyncio.Event(), asyncio.Event()

    async def sleep(_seconds: float) -> None:
        begun.set()
        await never.wait()

    monkeypatch.setattr(asyncio, "sleep", sleep)
    guess = asyncio.create_task(made.admits(Login("user0", "guess"), "10.0.0.1"))
    await begun.wait()
    assert await made.admits(Login("ann", "secret"), "10.0.0.1")
    guess.cancel()
    await asyncio.gather(guess, return_exceptions=True)
    made.close()


@pytest.mark.slow
async def test_many_logins_at_once_are_looked_at_one_by_one_and_not_all(
    users: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most = 0, 0
    lock = threading.Lock()

    def check(_path: str, _user: str, _password: str) -> bool:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.01)
        with lock:
            at_once -= 1
        return True

    monkeypatch.setattr(logins, "check_userfile", check)
    made = authenticator(users, "userfile")
    one = [made.admits(Login("ann", "x"), "10.0.0.1") for _ in range(40)]
    results = await asyncio.gather(*one)
    assert most == 1
    assert results.count(True) == AccessLimits().waiting
    assert "a login from 10.0.0.1 is refused: too many are waiting" in told()
    many = [made.admits(Login("ann", "x"), f"10.0.1.{number}") for number in range(40)]
    assert all(await asyncio.gather(*many))
    assert 1 < most <= AccessLimits().threads
    made.close()
