"""Secrets out of what others say: a server's answer may hold what it was sent, and what an alert says is logged."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable
from urllib.parse import quote, unquote_to_bytes

from pymon.redaction import MASK
from pymon.text import decode, encode

_SHORTEST = 3
"""characters; what is shorter stands in any text by chance, and masking it would show it rather"""


def mask_known(text: str, secrets: Iterable[str]) -> str:
    """The text with ``***`` for each secret, as it is or in one of the forms in which it may come back.

    These are base64, percent-encoding (or what such a text stands for), JSON and HTML.
    """
    forms = {form for secret in secrets if secret for form in _forms(secret) if len(form) >= _SHORTEST}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def _forms(secret: str) -> set[str]:
    raw = encode(secret)
    return {
        secret,
        secret.strip(),
        decode(unquote_to_bytes(raw)),
        quote(raw),
        quote(raw, safe=""),
        quote(raw, safe="").lower(),
        base64.b64encode(raw).decode("ascii"),
        base64.urlsafe_b64encode(raw).decode("ascii"),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
    }
