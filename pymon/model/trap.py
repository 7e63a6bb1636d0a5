"""A trap: a result that somebody sent, instead of a monitor's that the daemon ran."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trap:
    """What a trap says of a service.

    ``sta`` is its status as sent: ``0`` or nothing is success, any other text failure. ``intended`` is
    ``group:service`` as addressed, when the default group caught the trap, else empty.
    """

    sta: str
    summary: str = ""
    detail: str = ""
    intended: str = ""

    @property
    def is_success(self) -> bool:
        """Whether it reports that the service is well."""
        return self.sta in ("", "0")

    @property
    def output(self) -> str:
        """What stands for a monitor's output: the summary line, an empty line, the detail (as mon joins them)."""
        summary = self.summary if self.summary.endswith("\n") else f"{self.summary}\n"
        return f"{summary}\n{self.detail}"
