"""Where lark stopped reading a text."""

from __future__ import annotations

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from pymon.config.time_values import BLANKS


def stop_column(error: UnexpectedInput, text: str) -> int:
    """The column, from 0, of what cannot stand there; the end of the text when something is missing."""
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return error.token.start_pos or 0
    if isinstance(error, UnexpectedCharacters) and error.pos_in_stream is not None:
        return error.pos_in_stream
    return len(text.rstrip(BLANKS))
