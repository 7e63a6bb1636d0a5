"""The generic netlink socket: on the family that every kernel has, and on answers that a kernel seldom gives."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator

import pytest

from pymon.errors import IpvsBusy, IpvsError, IpvsPermission, IpvsUnavailable
from pymon.ipvs.kernel import KernelTable
from pymon.ipvs.kernel.netlink import GenericNetlink
from tests.ipvs import attributes
from tests.ipvs.attributes import coded, decoded
from tests.ipvs.samples import INFO

NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_DUMP_INTR = 0x10
CTRL_CMD_GETFAMILY = 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2

EMPTY_REQUEST = attributes.message(b"", CTRL_CMD_GETFAMILY)
ANSWER = 20


@pytest.fixture
def control() -> Iterator[GenericNetlink]:
    netlink = GenericNetlink("nlctrl", time_limit=0.2)
    yield netlink
    netlink.close()


def test_it_asks_the_kernel_for_its_families(control: GenericNetlink) -> None:
    assert control.family == 16
    families = [decoded(answer[20:]) for answer in control.dump(EMPTY_REQUEST)]
    assert {family[CTRL_ATTR_FAMILY_NAME] for family in families} >= {b"nlctrl\0"}
    own = control.get(EMPTY_REQUEST + coded({CTRL_ATTR_FAMILY_NAME: b"nlctrl\0"}))
    assert decoded(own[20:])[CTRL_ATTR_FAMILY_ID] == b"\x10\0"


def test_what_the_kernel_refuses_is_an_error_with_its_number(control: GenericNetlink) -> None:
    with pytest.raises(FileNotFoundError):
        control.get(EMPTY_REQUEST + coded({CTRL_ATTR_FAMILY_NAME: b"NO-SUCH\0"}))
    with pytest.raises(OSError, match=r".") as refused:
        control.command(bytes(16) + struct.pack("=BBH", 200, 1, 0))
    assert refused.value.errno == errno.EOPNOTSUPP


def test_a_family_that_is_not_there_has_an_errno_of_its_own() -> None:
    with pytest.raises(OSError, match=r".") as refused:
        GenericNetlink("NO-SUCH")
    assert refused.value.errno == errno.ENOPROTOOPT


class Kernel:
    """The other end of a socket, for answers that no kernel gives when asked to."""

    def __init__(self, netlink: GenericNetlink) -> None:
        netlink._socket.close()
        netlink._socket, self._end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        netlink._socket.settimeout(0.2)
        self._sequence = netlink._sequence

    def asked(self) -> None:
        """From now on answer the next request."""
        self._sequence += 1

    def hears(self) -> bytes:
        """What was asked."""
        return self._end.recv(1 << 16)

    def says(self, *parts: tuple[int, int, bytes], length: int | None = None) -> None:
        """Send one datagram of messages: type, flags, what follows the header."""
        data = b""
        for kind, flags, body in parts:
            size = 16 + len(body) if length is None else length
            data += struct.pack("=IHHII", size, kind, flags, self._sequence, 0) + body
        self._end.send(data)

    def close(self) -> None:
        self._end.close()


@pytest.fixture
def kernel(control: GenericNetlink) -> Iterator[Kernel]:
    kernel = Kernel(control)
    yield kernel
    kernel.close()


OK = struct.pack("=i", 0)


def test_a_late_answer_to_an_earlier_request_is_dropped(control: GenericNetlink, kernel: Kernel) -> None:
    kernel.says((ANSWER, 0, b"late"), (NLMSG_ERROR, 0, OK))
    kernel.asked()
    kernel.says((ANSWER, 0, b"new!"))
    kernel.says((NLMSG_ERROR, 0, OK))
    assert control.get(EMPTY_REQUEST)[16:] == b"new!"


def test_a_dump_that_was_interrupted_is_read_to_its_end_and_made_again(control: GenericNetlink, kernel: Kernel) -> None:
    kernel.asked()
    kernel.says((ANSWER, NLM_F_DUMP_INTR, b"half"), (ANSWER, 0, b"old!"))
    kernel.says((NLMSG_DONE, 0, OK))
    kernel.asked()
    kernel.says((ANSWER, 0, b"new!"))
    kernel.says((NLMSG_DONE, 0, OK))
    assert [answer[16:] for answer in control.dump(EMPTY_REQUEST)] == [b"new!"]


def test_a_dump_that_is_interrupted_for_ever_is_given_up(control: GenericNetlink, kernel: Kernel) -> None:
    for _ in range(10):
        kernel.asked()
        kernel.says((NLMSG_DONE, NLM_F_DUMP_INTR, OK))
    with pytest.raises(InterruptedError):
        control.dump(EMPTY_REQUEST)


def test_an_error_at_the_end_of_a_dump_is_raised(control: GenericNetlink, kernel: Kernel) -> None:
    kernel.asked()
    kernel.says((ANSWER, 0, b"some"), (NLMSG_DONE, 0, struct.pack("=i", -errno.ENOMEM)))
    with pytest.raises(OSError, match=r".") as refused:
        control.dump(EMPTY_REQUEST)
    assert refused.value.errno == errno.ENOMEM


@pytest.mark.parametrize("length", [0, 15, 4096])
def test_an_answer_that_is_cut_off_is_an_error(control: GenericNetlink, kernel: Kernel, length: int) -> None:
    kernel.asked()
    kernel.says((ANSWER, 0, b"cut!"), length=length)
    with pytest.raises(OSError, match="cut off"):
        control.get(EMPTY_REQUEST)


def test_more_answers_than_were_due_are_an_error(control: GenericNetlink, kernel: Kernel) -> None:
    kernel.asked()
    kernel.says((ANSWER, 0, b"one!"), (ANSWER, 0, b"two!"), (NLMSG_ERROR, 0, OK))
    with pytest.raises(OSError, match="2 answers"):
        control.get(EMPTY_REQUEST)


def test_a_request_has_its_own_length_family_flags_and_number(control: GenericNetlink, kernel: Kernel) -> None:
    for number, (flags, answer) in enumerate([(0x5, NLMSG_ERROR), (0x301, NLMSG_DONE)], control._sequence + 1):
        kernel.asked()
        kernel.says((answer, 0, OK))
        if answer == NLMSG_DONE:
            control.dump(EMPTY_REQUEST + b"more")
        else:
            control.command(EMPTY_REQUEST + b"more")
        assert kernel.hears() == struct.pack("=IHHII", 24, 16, flags, number, 0) + EMPTY_REQUEST[16:] + b"more"


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([], "0 answers"),
        ([b"\1\2\0\0"], "does not tell the number of the netlink family IPVS"),
        ([b"\1\2\0\0" + coded({CTRL_ATTR_FAMILY_NAME: b"IPVS\0"})], "does not tell the number"),
        ([b"\1\2\0\0\xff\xff\1\0"], "does not tell the number"),
        ([b"\1"], "does not tell the number"),
    ],
)
def test_a_kernel_that_does_not_tell_a_familys_number_is_an_error(
    control: GenericNetlink, kernel: Kernel, answers: list[bytes], text: str
) -> None:
    control._name = "IPVS"
    kernel.asked()
    for answer in answers:
        kernel.says((ANSWER, 0, answer))
    kernel.says((NLMSG_ERROR, 0, OK))
    with pytest.raises(OSError, match=text) as refused:
        control._find_family()
    assert refused.value.errno == errno.EBADMSG
    assert kernel.hears()[16:] == b"\3\1\0\0" + coded({CTRL_ATTR_FAMILY_NAME: b"IPVS\0"})


@pytest.mark.slow
def test_the_wait_for_the_kernel_is_bounded(control: GenericNetlink, kernel: Kernel) -> None:
    kernel.asked()
    with pytest.raises(TimeoutError):
        control.command(EMPTY_REQUEST)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EBUSY, IpvsBusy),
        (errno.ENOBUFS, IpvsBusy),
        (errno.ENOMEM, IpvsBusy),
        (errno.EPERM, IpvsPermission),
        (errno.EINVAL, IpvsError),
        (errno.ENOPROTOOPT, IpvsUnavailable),
    ],
)
def test_each_errno_has_its_exception(monkeypatch: pytest.MonkeyPatch, number: int, expected: type[IpvsError]) -> None:
    monkeypatch.setattr("pymon.ipvs.kernel.table.FAMILY", "nlctrl")
    table = KernelTable()
    assert table._netlink is not None
    kernel = Kernel(table._netlink)
    kernel.asked()
    kernel.says((NLMSG_ERROR, 0, struct.pack("=i", -number)))
    with pytest.raises(IpvsError, match=r".") as refused:
        table.flush()
    assert type(refused.value) is expected
    kernel.close()
    table.close()


def test_an_answer_that_makes_no_sense_is_an_error_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pymon.ipvs.kernel.table.FAMILY", "nlctrl")
    table = KernelTable()
    assert table._netlink is not None
    kernel = Kernel(table._netlink)
    for body, told in ((bytes.fromhex(INFO)[16:], True), (bytes.fromhex(INFO)[16:-2], False), (b"\x0e", False)):
        kernel.asked()
        kernel.says((ANSWER, 0, body))
        kernel.says((NLMSG_ERROR, 0, OK))
        if told:
            assert table.info().version == (1, 2, 1)
        else:
            with pytest.raises(IpvsError, match="malformed"):
                table.info()
    kernel.close()
    table.close()


def test_a_kernel_without_ipvs_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pymon.ipvs.kernel.table.FAMILY", "NO-SUCH")
    with pytest.raises(IpvsUnavailable, match="modprobe ip_vs"):
        KernelTable()


@pytest.mark.slow
def test_a_kernel_that_does_not_answer_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pymon.ipvs.kernel.table.FAMILY", "nlctrl")
    table = KernelTable(time_limit=0.1)
    assert table._netlink is not None
    kernel = Kernel(table._netlink)
    with pytest.raises(IpvsBusy, match="for now"):
        table.flush()
    assert table._netlink is None
    kernel.close()
    table.close()
