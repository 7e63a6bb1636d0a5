"""C-ARGUMENTS, C-DANGER: what pymon's own plugins refuse is found before they are called, at the word itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from pymon.cli.check import check

ROOT = Path(__file__).resolve().parents[2]
MARK = "»"
PLUGINS = sorted(
    {path.name for folder in ("monitors", "alerts") for path in (ROOT / folder).iterdir() if path.suffix}
    - {"test.alert"}  # which takes anything
)


class Found(NamedTuple):
    """A problem, as ``pymon check --json`` has it."""

    severity: str
    code: str
    line: int
    column: int
    message: str
    advice: str


REFUSED = [
    ("http.monitor -p »abc", "is neither a port number"),
    ("http.monitor »-p abc -p", None),
    ("http.monitor -u / -p »99999", "from 1 to 65535"),
    ("http.monitor -t 5 »-p", "option -p needs a value"),
    ("http.monitor -o»p", None),
    ("http.monitor »-op", "option -p needs a value"),
    ("http.monitor »-qp80", "unknown option -q"),
    ("http.monitor »--folow 3", "did you mean --follow?"),
    ("http.monitor »--follow=x", "whole number"),
    ("http.monitor »--only-bad=yes", "takes no value"),
    ("http.monitor »--user kim", "--user and --password-file need each other"),
    ("http.monitor --user »a:b --password-file x", "no colon"),
    ('http.monitor -u "/a b" -p »"a b"', "port number"),
    ("http.monitor -m »'('", ""),
    ("http.monitor -a »'x\ty' -p 80", None),
    ("tcp.monitor -p »nosuchport", "port number"),
    ("tcp.monitor »-x 25", "unknown option -x"),
    ("ftp.monitor -t »soon", "number of seconds"),
    ("smtp.monitor -t »-1", "number of seconds"),
    ("smtp.monitor »--user kim --password-file /etc/hostname", "--user needs --tls"),
    ("imap.monitor »--tls --starttls", "exclude each other"),
    ("imap.monitor »--anonymous --user kim --password-file /etc/hostname --tls", "exclude each other"),
    ("dns.monitor »", "-master of the zone"),
    ("dns.monitor -port »dommain -zone example.org -master 127.0.0.1", "port number"),
    ("dns.monitor -caching_only -query »a:NOSUCH", "there is no type"),
    ("dns.monitor »-zon_e example.org", "unknown option"),
    ("fping.monitor -t »2s", "milliseconds"),
    ("fping.monitor -r 1 »--slow", "it would take the host 127.0.0.1 for it"),
    ("http.monitor -S »-u", "option -u needs a value"),
    ("ntp.monitor --samples »0", "from 1 to"),
    ("ntp.monitor --maxstratum »x", "whole number"),
    ("ssh.monitor »--bannr x", "did you mean"),
    ("sslcert.monitor -p »https!", "port number"),
    ("mon.monitor »-P x --password-file y", "exclude each other"),
    ("nagios.monitor »check_nosuch -H %h", "there is no program check_nosuch"),
    ("nagios.monitor »check_x -H 127.0.0.1 --", "is given no host"),
    ("freespace.monitor »var:10% ;;", "a mount point begins with /"),
    ("freespace.monitor / »/var:200% ;;", "more than everything"),
    ("process.monitor »sshd ;;", "must be NAME:MIN-MAX"),
    ("ps.monitor cron:1- »sshd:3-1 ;;", "at least 3"),
    ("mail.alert »", "no address to mail to"),
    ("mail.alert a@example.org »kìm@example.org", "Internationalized characters before the @-sign"),
    ("mail.alert -f »'not an address' a@example.org", "no mail address"),
    ("mail.alert --tls »ssl a@example.org", "must be one of"),
    ("mail.alert --smtp »mail:smtp a@example.org", "HOST or HOST:PORT"),
    ("mail.alert »--user kim a@example.org", "--user needs --password-file"),
    ("lvs.alert -P tcp -V 10.0.0.1:80 -R 10.0.0.2 -X »dwon", "must be one of down, up"),
    ("lvs.alert -P »icmp -V 10.0.0.1:80 -R 10.0.0.2 -X down", ""),
    ("lvs.alert -P tcp -V »10.0.0.1:99999 -R 10.0.0.2 -X down", ""),
    ("lvs.alert -p »tcp -V 10.0.0.1:80 -R 10.0.0.2 -X down", "capital letters"),
    ("»lvs.alert -V 10.0.0.1:80 -X down", "-R (the real server)"),
    ("webhook.alert --format »slackk http://127.0.0.1/", "must be one of generic"),
    ("webhook.alert »", "no URL"),
    ("webhook.alert »ftp://127.0.0.1/", None),
    ("webhook.alert »--token-file /etc/hostname http://example.org/", None),
    ("alertmanager.alert --label »1x=y http://127.0.0.1:9093", "must be a label"),
    ("alertmanager.alert --label »team={summary} http://127.0.0.1:9093", None),
    ("alertmanager.alert --expire »0 http://127.0.0.1:9093", "more than nothing"),
    ("trap.alert »", "no host to send to"),
    ("trap.alert 127.0.0.1 »'[::1:2583'", "is no host"),
    ("trap.alert -o »ok-ish 127.0.0.1", "no operational status"),
    ("script.alert /bin/true", "after --"),
    ("script.alert -- »page {summary}", "absolute path"),
    ("script.alert -- /bin/true »'{sumary}'", "there is no {sumary}"),
    ("file.alert --timeout »x log", "number of seconds"),
]
"""lines, each with the place of its problem and a part of the message; None: there is one, wherever"""

FILES = [
    ("http.monitor -S -C »/nonexistent/ca.pem", "/nonexistent/ca.pem"),
    ("http.monitor --data-file »/nonexistent/data", None),
    ("http.monitor --user kim --password-file »/nonexistent/pw", "cannot read the secret"),
    ("mon.monitor -u kim --password-file »/nonexistent/pw", "cannot read the secret"),
    ("imap.monitor --tls -u kim -P »/nonexistent/pw", "cannot read the secret"),
    ("smtp.monitor --starttls -u kim -P »/nonexistent/pw", "cannot read the secret"),
    ("sslcert.monitor --cert »/nonexistent/cert.pem", "/nonexistent/cert.pem"),
    ("mail.alert --template »/nonexistent/mail.txt a@example.org", "cannot be used"),
    ("mail.alert --sendmail »/nonexistent/sendmail a@example.org", "no program"),
    ("webhook.alert --url-file »/nonexistent/url", "cannot read the secret"),
    ("webhook.alert --template »/nonexistent/t.json http://127.0.0.1/", "cannot be used"),
    ("alertmanager.alert --url-file »/nonexistent/url", "cannot read the secret"),
    ("trap.alert --password-file »/nonexistent/pw 127.0.0.1", "cannot read the secret"),
    ("script.alert -- »/nonexistent/page", "no program"),
    ("file.alert -d »/nonexistent log", "no directory"),
]

IGNORED = [
    ("mail.alert »-z a@example.org", "unknown option -z"),
    ("file.alert /tmp/log »more", "only the first word"),
]

DANGEROUS = [
    ("script.alert -- /bin/sh -c »'echo {summary}'", "code for sh"),
    ("script.alert -- /bin/bash -ec »\"echo '{detail}'\" sh", "code for bash"),
    ("script.alert -- /usr/bin/env -i dash -o nounset -c »'x {text}'", "code for dash"),
    ("script.alert -- /usr/bin/sudo sh -c »'x {ack}' sh '{summary}'", "code for sh"),
    ("script.alert -- /usr/bin/perl -lne »'print q({summary})'", "code for perl"),
    ("script.alert -- /usr/bin/python3 -c »'print(\"{failed}\")'", "code for python3"),
    ("script.alert -- »/bin/sh", "takes its input for a script"),
    ("script.alert --json -- /usr/bin/env »bash -s", "takes its input for a script"),
    ("script.alert -- /usr/bin/ssh gw page »'{summary}'", "code for ssh"),
    ("script.alert -- /bin/su - kim -c »'page {summary}'", "code for su"),
    ("script.alert -- /usr/bin/psql »--command=\"insert into t values('{summary}')\"", "code for psql"),
]

FINE = [
    "http.monitor -p 80 -u /index.html -m 'it works' -t 10 -S -k",
    "tcp.monitor -p smtp",
    "dns.monitor -zone example.org -master 127.0.0.1",
    "dns.monitor -Caching -query example.org:A",
    "fping.monitor -r 5 -t 2000 -T",
    "ntp.monitor --maxoffset 1.5",
    "ssh.monitor",
    "sslcert.monitor -p 443 --days 14",
    "freespace.monitor /:10% ;;",
    "process.monitor sshd:1- ;;",
    "mon.monitor -p 2583",
    "nagios.monitor /bin/true -H %h -- ",
    'mail.alert kim@example.org,root "Kim Lee <kim@example.org>"',
    "lvs.alert -P tcp -V 10.0.0.1:80 -R 10.0.0.2:80 -W 5 -F dr -X down",
    "lvs.alert -V fwm:7 -R 10.0.0.2 -F nat -X up",
    "lvs.alert -P udp -V vip.example.org:53 -R rs1.example.org -X down",
    "webhook.alert --format slack https://hooks.example.org/x",
    "webhook.alert --secret-file credential:hook https://hooks.example.org/x",
    "alertmanager.alert --label severity=critical --annotation 'what={summary}' http://127.0.0.1:9093",
    "trap.alert backup.example.org:2584 [::1]:2584",
    "script.alert --json -- /bin/true '{summary}' --to '{group}/{service}'",
    "script.alert -- /bin/sh -c 'echo \"$ALERT_SUMMARY\" {group}'",
    "script.alert -- /bin/sh -c 'echo \"$1\"' sh '{summary}'",
    "script.alert -- /bin/sh /usr/local/bin/page -c '{summary}'",
    "file.alert -d /tmp log",
    "test.alert anything at all --really {x}",
]


def _marked(line: str) -> tuple[str, int]:
    """A line without its mark, and where that was (-1: it is on the program's name)."""
    before, mark, after = line.partition(MARK)
    return (before + after).rstrip(" ") if not after else before + after, len(before) if mark and after else -1


def _site(lines: list[str], folder: Path) -> Path:
    """A mon.cf with a service for each line; returns its path. The line of number i is at ``10 * i + 5 …``."""
    text = [f"mondir = {ROOT / 'monitors'}", f"alertdir = {ROOT / 'alerts'}", "hostgroup g 127.0.0.1", "", "watch g"]
    for number, line in enumerate(lines):
        is_monitor = line.split()[0].endswith(".monitor")
        monitor = line if is_monitor else "tcp.monitor"
        text += [f" service s{number}", "  interval 1m", f"\tmonitor {monitor}", "  period wd {Sun-Sat}"]
        text += ["" if is_monitor else f"    alert exit=1-255 {line}"] if not is_monitor else ["    alert test.alert"]
    path = folder / "mon.cf"
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def _checked(lines: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[list[Found]]]:
    """The exit status, and the problems of each line."""
    status = check(_site(lines, folder), as_json=True, explain=None)
    problems = json.loads(capsys.readouterr().out)["problems"]
    found = [
        Found(each["severity"], each["code"], each["line"], each["column"], each["message"], each["advice"])
        for each in problems
        if not each["code"].startswith("lvs-")  # what several lines do together: test_check_lvs.py
    ]
    by_line = []
    for number, line in enumerate(lines):
        at = 5 + 5 * number + (3 if line.split()[0].endswith(".monitor") else 5)
        by_line.append([each for each in found if each.line == at])
    assert sum(map(len, by_line)) == len(found), [each for each in found if not any(each in some for some in by_line)]
    return status, by_line


@pytest.mark.parametrize(
    ("rows", "code", "severity", "expected"),
    [
        (REFUSED, "refused-argument", "warning", 1),
        (FILES, "unusable-file", "warning", 1),
        (IGNORED, "ignored-option", "warning", 1),
        (DANGEROUS, "dangerous-argument", "error", 2),
    ],
    ids=["refused", "files", "ignored", "dangerous"],
)
def test_each_bad_line_is_found_at_its_word(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rows: list[tuple[str, str | None]],
    code: str,
    severity: str,
    expected: int,
) -> None:
    """C-ARGUMENTS, C-DANGER."""
    status, found = _checked([_marked(line)[0] for line, _ in rows], tmp_path, capsys)
    assert status == expected
    wrong: list[object] = []
    for (line, part), problems in zip(rows, found, strict=True):
        offset = _marked(line)[1]
        is_monitor = line.split()[0].endswith(".monitor")
        start = len("\tmonitor ") if is_monitor else len("    alert exit=1-255 ")
        column = start + max(offset, 0) + 1
        first = [each for each in problems if each.code == code]
        if part is None:
            if not first:
                wrong.append((line, problems))
            continue
        fits = [each for each in first if each.column == column and part in each.message and each.severity == severity]
        if not fits:
            wrong.append((line, column, problems))
    assert not wrong, "\n".join(map(str, wrong))


def test_good_lines_are_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """C-ARGUMENTS."""
    _, found = _checked(FINE, tmp_path, capsys)
    complained = [(line, each) for line, each in zip(FINE, found, strict=True) if each]
    assert not complained, "\n".join(map(str, complained))


@pytest.mark.parametrize("name", PLUGINS)
def test_every_plugin_has_its_bad_line(name: str) -> None:
    assert any(line.split()[0] == name for line, part in (*REFUSED, *FILES) if part is not None)
