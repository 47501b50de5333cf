"""What a brand shows on one canvas, resolved: no rows, no files, only values that say which pixels come when.

Design (canvas) -- parts, from back to front, each with its Span
   |                  PlatePart  neighbouring layers of one span, drawn to one plate
   |                  MarkPart   a moving mark, repeated for as long as it is shown
   +-- intro, outro   Films that are joined to the video
"""

import hashlib
import json
import re
from dataclasses import dataclass

from brands.artwork import PlateSpec
from brands.layouts import Box, Canvas
from jobs.media.probe import Probe

DESIGN_VERSION = 1  # to be raised whenever the same design comes out with other pixels


@dataclass(frozen=True)
class Span:
    """When something is shown, counted on the video itself, without intro and outro.

    `kind` is always, first, last or between; `start_ms` counts for the last of these only. Fading takes `fade_ms` at
    each end.
    """

    kind: str = "always"
    start_ms: int = 0
    length_ms: int = 0
    fade_ms: int = 0

    def window(self, duration_us: int) -> tuple[int, int]:
        """From when to when, in µs, on a video of that length; the end equals the start when it is never shown."""
        length = 1000 * self.length_ms
        start = {"last": max(0, duration_us - length), "between": 1000 * self.start_ms}.get(self.kind, 0)
        start = min(start, duration_us)
        return (start, duration_us) if self.kind == "always" else (start, min(start + length, duration_us))


ALWAYS = Span()


@dataclass(frozen=True)
class PlatePart:
    plate: PlateSpec
    span: Span = ALWAYS

    def facts(self) -> list[object]:
        return ["plate", self.plate.digest(), *_span(self.span)]

    def values(self) -> list[object]:
        return ["plate", self.plate.values(), *_span(self.span)]


@dataclass(frozen=True)
class MarkPart:
    """A moving picture with alpha, named by the hash of its bytes, scaled to its box (even, maybe over the edges)."""

    sha256: str
    probe: Probe
    box: Box
    opacity: float = 1.0
    span: Span = ALWAYS

    def facts(self) -> list[object]:
        box = [self.box.x, self.box.y, self.box.width, self.box.height]
        return ["mark", self.sha256, box, round(self.opacity, 4), *_span(self.span)]

    def values(self) -> list[object]:
        return self.facts()


Part = PlatePart | MarkPart


@dataclass(frozen=True)
class Film:
    """An intro or an outro, named by the hash of its bytes."""

    sha256: str
    probe: Probe

    @property
    def duration_us(self) -> int:
        return self.probe.duration_us


@dataclass(frozen=True)
class Design:
    """`opacities` tells what each layer that adapts to the picture got; the parts hold these values already."""

    canvas: Canvas
    parts: tuple[Part, ...] = ()
    intro: Film | None = None
    outro: Film | None = None
    opacities: tuple[tuple[str, float], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the video stays as it is."""
        return not (self.parts or self.intro or self.outro)

    def digest(self) -> str:
        """A hash of everything that shapes pixels or sound: equal digests, equal outputs of one video."""
        size = [self.canvas.width, self.canvas.height]
        facts = [DESIGN_VERSION, size, [part.facts() for part in self.parts], self._films()]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def look(self) -> str:
        """A hash of what was chosen for it: unlike the digest, the same whatever version draws it, and wherever."""
        size = [self.canvas.width, self.canvas.height]
        facts = [size, [part.values() for part in self.parts], self._films()]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def _films(self) -> list[str]:
        return [film.sha256 if film else "" for film in (self.intro, self.outro)]


def _span(span: Span) -> list[object]:
    return [span.kind, span.start_ms, span.length_ms, span.fade_ms]


# --- what is known of a video, in a credit ---------------------------------------------------------------------------

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# Words up to a placeholder belong to it, and so does what follows it without a space: "by {author}", "({site})".
PIECE = re.compile(r"[^{}\n]*?\{[^{}]*\}[^\s{}]*")
BETWEEN = " \t·•|/,;:–—-"
BRACKETS = (("(", ")"), ("[", "]"), ("<", ">"), ("“", "”"), ("«", "»"))


def credit(text: str, facts: dict[str, str]) -> str:
    """The text with the facts in the place of `{author}`, `{title}` and the like.

    A fact that is empty (or unknown) takes the words that belong to it along: "by {author} on {site}" becomes "on
    example.com". Without any fact there is nothing to credit, and the answer is "".
    """
    facts = {name: " ".join(value.split()) for name, value in facts.items()}
    wanted = [_fact(name, facts) for name in PLACEHOLDER.findall(text)]
    if wanted and not any(wanted):
        return ""
    lines = [_credit_line(line, facts) for line in text.splitlines()]
    return "\n".join(line for line in lines if line)


def _fact(name: str, facts: dict[str, str]) -> str:
    return facts.get(name.strip().lower(), "")


def _credit_line(line: str, facts: dict[str, str]) -> str:
    pieces = list(PIECE.finditer(line))
    rest = _without_braces(line[pieces[-1].end() if pieces else 0 :])
    filled = [_filled(piece[0], facts) for piece in pieces]
    if all(filled):
        return ("".join(filled) + rest).strip()
    if not any(filled):
        return ""
    return _balanced(("".join(filled) + rest).strip(BETWEEN))


def _filled(piece: str, facts: dict[str, str]) -> str:
    """A piece with its fact; "" without it."""
    found = PLACEHOLDER.search(piece)
    assert found is not None
    value = _fact(found[1], facts)
    return _without_braces(piece[: found.start()]) + value + _without_braces(piece[found.end() :]) if value else ""


def _without_braces(text: str) -> str:
    return text.translate({ord("{"): None, ord("}"): None})


def _balanced(line: str) -> str:
    """Brackets of which one half went with its words go, too."""
    for opening, closing in BRACKETS:
        if line.count(opening) != line.count(closing):
            line = line.replace(opening, "").replace(closing, "")
    return line.strip()
