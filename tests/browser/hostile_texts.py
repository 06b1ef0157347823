"""Texts that strangers may send as a name, a number, a tag, a note or a word: to the page they are text alone."""

from typing import Final

#: What must never be set in the page's window.
TROPHY: Final = "mallory_was_here"

HOSTILE: Final = {
    "script": f"<script>window.{TROPHY}=1</script>",
    "image": f'<img src=x onerror="window.{TROPHY}=1">',
    "attribute": f'" autofocus onfocus="window.{TROPHY}=1" x="',
    "link": f"javascript:window.{TROPHY}=1//",
    "style": "</style><style>*{display:none !important}</style>",
    "title": "</title><h1>Hacked</h1>",
    "template": "{{constructor.constructor('alert(1)')()}} ${alert(1)}",
    "turned": "user\u202egnp.exe\u2066 \u200f\u061cABC\u2069",
    "arabic": "مرحبا بالعالم 123",
    "emoji": "👩\u200d👩\u200d👧\u200d👦 🏴\u200d☠️ é\u0301\u0302\u0303\u0304\u0305\u0306",
    "long": "W" * 300,
    "words": "one two three " * 20 + "ends",
    "lines": "first\nsecond\r\nthird\tend\u2028x\u2029y",
    "nothing": "\u200b\u00a0\u2060",
    "query": "a&b=c?d#e%00%zz/../..;--' OR 1=1 /*",
}
