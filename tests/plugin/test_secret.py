"""Secrets: from files and systemd's credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymon.plugin import PluginUsageError, read_secret, read_secrets


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"hush\n", "hush"),
        (b"hush", "hush"),
        (b"hush\r\nmore\n", "hush"),
        (b" hush \n", " hush "),
        ("비밀\n".encode(), "비밀"),
        (b"\xff\n", "\udcff"),
    ],
)
def test_the_first_line_is_the_secret(tmp_path: Path, content: bytes, secret: str) -> None:
    (tmp_path / "secret").write_bytes(content)
    assert read_secret(str(tmp_path / "secret"), {}) == secret


def test_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A-mail-secret, A-webhook-secret, A-trap-secret: what systemd passes on, else a file."""
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials/mail").write_text("of systemd\n")
    for name in ("mail", "other"):
        (tmp_path / name).write_text("of a file\n")
    monkeypatch.chdir(tmp_path)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    assert read_secret("credential:mail", environ) == "of systemd"
    assert read_secret("mail", environ) == "of systemd"
    assert read_secret("./mail", environ) == "of a file"
    assert read_secret("other", environ) == "of a file"
    assert read_secret("mail", {}) == "of a file"


@pytest.mark.parametrize(
    ("source", "environ", "problem"),
    [
        ("/nowhere/secret", {}, "cannot read the secret in /nowhere/secret: No such file or directory"),
        ("/", {}, "cannot read the secret in /: Is a directory"),
        ("a\0b", {}, "cannot read the secret in .*: embedded null byte"),
        ("/dev/null", {}, "the secret in /dev/null is empty: its first line counts"),
        ("credential:x", {}, "no credential x: systemd passes none on"),
        ("credential:x", {"CREDENTIALS_DIRECTORY": "/nowhere"}, "cannot read the secret in /nowhere/x: No such file"),
        ("credential:../x", {"CREDENTIALS_DIRECTORY": "/nowhere"}, "'../x' is no name of a credential"),
        ("credential:", {"CREDENTIALS_DIRECTORY": "/nowhere"}, "'' is no name of a credential"),
    ],
)
def test_what_is_no_secret(source: str, environ: dict[str, str], problem: str) -> None:
    with pytest.raises(PluginUsageError, match=problem):
        read_secret(source, environ)


def test_several_secrets_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "urls"
    path.write_text("# ours\n\n  https://a/x \r\nhttps://b/y#z")
    assert read_secrets(str(path), {}) == ("https://a/x", "https://b/y#z")
    path.write_text("# none\n \n")
    with pytest.raises(PluginUsageError, match=f"there is nothing in {path}"):
        read_secrets(str(path), {})
