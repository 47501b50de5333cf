"""Other people's text for places that act upon what they get: logs, which are read line by line, and terminals."""

import unicodedata

# Cc control, Cf format (direction, zero width), Cs halves of characters, Zl and Zp line breaks
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def line(text: str) -> str:
    """The text as one line that hides nothing: a line break is `\\n`, a terminal's escape sign `\\x1b`, a change of
    direction `\\u202e`. Everything else stays as it is."""
    return "".join(_written(sign) if unicodedata.category(sign) in UNSEEN else sign for sign in text)


def _written(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
