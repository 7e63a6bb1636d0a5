"""Secrets: from files and systemd's credentials."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pymon.errors import UnusableFile
from pymon.plugin import PluginUsageError, in_thread, read_secret, read_secrets, secret


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
    """A-unusable: the file may be mended, but not the option."""
    with pytest.raises(PluginUsageError, match=problem) as caught:
        read_secret(source, environ)
    is_of_file = any(words in problem for words in ("No such file", "Is a directory", "is empty"))
    assert isinstance(caught.value, UnusableFile) == is_of_file


@pytest.mark.slow
async def test_a_shortage_is_waited_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A-unusable: that there is no descriptor for a moment is no wrong option."""
    (tmp_path / "secret").write_text("hush\n")
    errors = [errno.EMFILE, errno.ENFILE, errno.ENOMEM]
    real = secret._content

    def content(path: str) -> str:
        if errors:
            raise OSError(errors.pop(0), "words")
        return real(path)

    monkeypatch.setattr(secret, "_content", content)
    assert await in_thread(read_secret, str(tmp_path / "secret"), {}) == "hush"
    assert errors == []
    errors = [errno.EIO]
    with pytest.raises(UnusableFile, match=r"cannot read the secret in .*: words"):
        await in_thread(read_secret, str(tmp_path / "secret"), {})


def test_several_secrets_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "urls"
    path.write_text("# ours\n\n  https://a/x \r\nhttps://b/y#z")
    assert read_secrets(str(path), {}) == ("https://a/x", "https://b/y#z")
    path.write_text("# none\n \n")
    with pytest.raises(PluginUsageError, match=f"there is nothing in {path}"):
        read_secrets(str(path), {})
