"""A password that a client sends is in no log, in no answer and in no file of the server's."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import Callable

from pymon.model.request import Login
from tests.access.test_crypt import HASHES
from tests.server.conftest import Live

Told = Callable[[], str]
SECRET = "S3cret-pass"


async def test_password_is_in_no_log_and_in_no_answer(live: Live, told: Told) -> None:
    users = live.folder / "users"
    users.write_text(f"ann:{HASHES['DES']}\n")
    await live.start(f"authtype = userfile getpwnam shadow\nuserfile = {users}")
    client = await live.connect()
    said: list[str] = []
    for command in (
        f"LOGIN  ann  {SECRET}", f"login {SECRET} x", f"json login ann {SECRET}",
        f"pass={SECRET}", f"user ann {SECRET}", f"\tlogin ann {SECRET}", f"lgoin ann {SECRET}",
    ):  # fmt: skip
        said += await client.ask(command)
    await client.ask("login ann secret")
    assert (await client.ask("disable service g s"))[-1] == "220 disable service completed"
    await live.stop()
    assert SECRET not in told() + "\n".join(said)
    assert SECRET not in repr(Login("ann", SECRET))
    files = await asyncio.to_thread(
        subprocess.run, ["grep", "-rl", SECRET, str(live.folder)], capture_output=True, text=True, check=False
    )
    assert files.stdout == ""
    assert logging.getLogger("pymon.server").isEnabledFor(logging.DEBUG)
