"""Everything that can be wrong with a mon.cf: one table for the messages and for their tests.

Each kind has a code, a message, advice (what would be right) and samples. A sample is a configuration in which
``»`` stands before the character where the caret must be, or at the start of a line that is meant as a whole; the
tests load each one, and put each one before Debian's mon too: it must reject what is an error here at the same
line, and accept what is a warning. Kinds whose ``differs`` is set deviate from that on purpose: it is the id of
the row of docs/compatibility/ that says why.

The messages keep mon's words where mon has any.
"""

from __future__ import annotations

from pymon.config.problems.auth import AUTH
from pymon.config.problems.lines import LINES
from pymon.config.problems.programs import ARGUMENTS, LVS
from pymon.config.problems.site import SITE
from pymon.config.problems.structure import STRUCTURE
from pymon.config.problems.values import VALUES

PROBLEM_KINDS = {kind.code: kind for kind in (*STRUCTURE, *VALUES, *LINES, *SITE, *LVS, *ARGUMENTS, *AUTH)}
"""every kind of problem by its code"""
