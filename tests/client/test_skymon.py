"""skymon: orders by mail, and what is in it for those who have no password."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pymon.access import crypt
from pymon.client import skymon
from pymon.client.skymon import MailOrder, read_order
from tests.client.conftest import Demanding
from tests.client.scripted import ScriptedServer, status_line
from tests.programs import write_program

PASSWORD = "geheim 1"
SENDMAIL = """\
#!/bin/sh
{ for word; do printf '[%s]' "$word"; done; echo; cat; } >"$0.mail"
"""
Run = Callable[..., int]
"""``run(mail, *options)``: the exit status"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a password, all commands allowed, and a sendmail that keeps the last mail.

    K-skyhash: mon's skymon knows hashes of DES only.
    """
    (tmp_path / ".skytel").mkdir()
    (tmp_path / ".skytel/password").write_text(f"{crypt.make(PASSWORD)}\n")
    (tmp_path / ".skytel/allow").write_text("lf\nld\na\ndh dw ds\neh ew es\n")
    write_program(tmp_path / "sendmail", SENDMAIL)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYMON_SENDMAIL", str(tmp_path / "sendmail"))
    return tmp_path


@pytest.fixture
def run(scripted: ScriptedServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(mail: str, *options: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(mail.encode("utf-8", "surrogateescape"))))
        (home / "sendmail.mail").unlink(missing_ok=True)
        return skymon.main(["--server", "127.0.0.1", "--port", str(scripted.port), *options, "pager@example.org"])

    return run


def reply(home: Path) -> str:
    """The text of the mail that was sent."""
    head, _, text = (home / "sendmail.mail").read_text().partition("\n\n")
    assert head.startswith("[-oi][--][pager@example.org]\nTo: pager@example.org\nSubject: mon\n")
    return text


def test_lists(run: Run, home: Path, scripted: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        status_line("g2", "s", 0, last_summary="down \x1b[2J", ack=1),
        status_line("g1", "s", 0, last_summary="설명"),
    ]
    disabled = ("group g1: h1 h2", "watch g2", "watch g1 service s", "220 list disabled completed")
    scripted.show(answers={"list failures": (*lines, "220 ok"), "list disabled": disabled})
    assert run(f"From: x\nSubject: y\n\nhello\n/{PASSWORD}:lf;ld\n") == 0
    assert reply(home) == ("g1 s: 설명\ng2 s (acked): down  [2J\nwatch g2\nservice g1 s\nhosts of g1: h1 h2\n")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_acting(run: Run, home: Path, scripted: ScriptedServer) -> None:
    """K-skysafe, K-skyack: no shell sees the words; ``a`` acknowledges, which mon's never did."""
    scripted.show(answers={"ack g s 'on\\20it\\20$(x)'": ("220 ack completed",), "disable host h;x": ("220 ok",)})
    done = ("220 ok",)
    scripted.answers = {
        **scripted.answers,
        **dict.fromkeys(("disable host `h`", "disable watch w", "disable service g s", "enable host h"), done),
        **dict.fromkeys(("enable watch w", "enable service g s"), done),
    }
    assert (
        run(f"/{PASSWORD}:a g s on it $(x); dh `h` because;dw w;ds g s a reason;eh h;ew w;es g s;ds g;es nix s;zz") == 0
    )
    assert reply(home).splitlines() == [
        "acked g s", "disabled host `h`", "disabled watch w", "disabled service g s", "enabled host h",
        "enabled watch w", "enabled service g s", "ds: a word is missing", "es: invalid command",
        "zz: no such command",
    ]  # fmt: skip


def test_only_what_is_allowed(run: Run, home: Path, scripted: ScriptedServer) -> None:
    (home / ".skytel/allow").write_text("ld\n")
    scripted.show()
    assert run(f"/{PASSWORD}:dh h;ld") == 0
    assert reply(home) == "dh: not allowed\nnothing is disabled\n"
    assert "disable host h" not in scripted.asked


@pytest.mark.parametrize("mail", ["/wrong:lf\n", f"/wrong:lf\n/{PASSWORD}:lf\n", f"/{PASSWORD}x:lf\n"])
def test_a_wrong_password(
    run: Run, home: Path, scripted: ScriptedServer, capsys: pytest.CaptureFixture[str], mail: str
) -> None:
    """K-skysecret: mon's shows password and hash. Nothing is asked, nothing is mailed, and one try is all."""
    assert run(mail) == 77
    assert capsys.readouterr() == ("", "skymon: wrong password\n")
    assert not (home / "sendmail.mail").exists()
    assert scripted.asked == []


def test_mails_without_an_order(run: Run, home: Path) -> None:
    assert run("Subject: x\n\nhello /there\n") == 0
    assert not (home / "sendmail.mail").exists()


def test_orders() -> None:
    assert read_order(" /pw:lf; dh  h x;;\n/other:ld\n") == MailOrder("pw", (("lf",), ("dh", "h", "x")))
    assert read_order("a\r\n/p w:lf\r\n") == MailOrder("p w", (("lf",),))
    assert read_order("nothing") is None
    order = read_order("/secret:" + "lf;" * 100)
    assert order is not None
    assert len(order.commands) == skymon.MAX_COMMANDS
    assert "secret" not in repr(order)


def test_logging_in_at_the_server(run: Run, home: Path, scripted: ScriptedServer) -> None:
    (home / "secret").write_text("pw\n")
    scripted.show(answers={"login joe pw": ("220 login accepted",), "disable watch w": ("220 ok",)})
    assert run(f"/{PASSWORD}:dw w", "--user", "joe", "--password-file", str(home / "secret")) == 0
    assert reply(home) == "disabled watch w\n"


def test_tls_with_certificates_on_both_sides(
    run: Run, home: Path, demanding: Demanding, capsys: pytest.CaptureFixture[str]
) -> None:
    demanding.server.show(answers={"list failures": ("220 ok",)})
    where = ("--port", str(demanding.server.port), "--tls", *demanding.trusting)
    assert run(f"/{PASSWORD}:lf", *where, *demanding.trusted) == 0
    assert reply(home) == "no failures\n"
    assert run(f"/{PASSWORD}:lf", *where) == 0
    assert reply(home).startswith("no answer from the server: ")
    assert demanding.server.asked.count("list failures") == 1
    assert run(f"/{PASSWORD}:lf", *where, "--key", "/nowhere/key.pem") == 78
    assert "/nowhere/key.pem for TLS" in capsys.readouterr().err
    assert not (home / "sendmail.mail").exists()


def test_a_server_that_is_gone(run: Run, home: Path, scripted: ScriptedServer) -> None:
    scripted.close()
    assert run(f"/{PASSWORD}:lf") == 0
    assert reply(home).startswith("no answer from the server: cannot connect to")


@pytest.mark.parametrize("address", ["-froot", "a b@c", "a@b,c@d", "a@b\nBcc: c@d", "", "<a@b>", "a@b@c", "@b"])
def test_addresses_that_are_none(home: Path, capsys: pytest.CaptureFixture[str], address: str) -> None:
    assert skymon.main(["--", address]) == 64
    assert "one address" in capsys.readouterr().err


def test_what_is_missing(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], scripted: ScriptedServer
) -> None:
    scripted.show(answers={"list failures": ("220 ok",)})
    monkeypatch.setenv("PYMON_SENDMAIL", str(home / "none"))
    assert run(f"/{PASSWORD}:lf") == 78
    (home / "sendmail").write_text("#!/bin/sh\nexit 75\n")
    monkeypatch.setenv("PYMON_SENDMAIL", str(home / "sendmail"))
    assert run(f"/{PASSWORD}:lf") == 69
    (home / ".skytel/password").unlink()
    assert run(f"/{PASSWORD}:lf") == 78
    assert PASSWORD not in capsys.readouterr().err
