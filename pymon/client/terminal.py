"""Text for a terminal: what could steer it (colours, the cursor, the window's title) is shown as blanks."""

from __future__ import annotations

_CONTROLS = (*range(32), *range(127, 160))
BLANKS = dict.fromkeys(_CONTROLS, " ")
"""for ``str.translate``: one line without control characters, those of C1 (``U+009B`` begins a sequence) too"""
BLANKS_IN_LINES = {code: blank for code, blank in BLANKS.items() if chr(code) not in "\n\t"}
"""the same, but for line ends and tabs"""
