"""The order in which letters of both writing directions stand on a line: the Unicode Bidirectional Algorithm, without
embeddings and isolates (`lettering.clean` takes their control characters away).

levels(paragraph)  one number for each character: even ones run to the right, odd ones to the left
order(levels)      of one line: the places of its pieces from left to right
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from unicodedata import bidirectional

STRONG = {"L": "L", "R": "R", "AL": "R"}
SEEN_AS = {**STRONG, "EN": "R", "AN": "R"}  # numbers count as R where neutral characters ask for their neighbours
NEUTRAL = ("B", "S", "WS", "ON")
PAIRS = "()[]{}⟨⟩⟪⟫〈〉《》「」『』【】〔〕（）［］｛｝｢｣"
DEEPEST = 63  # brackets in one another, as the algorithm says; it goes no further then
CLOSING = dict(zip(PAIRS[::2], PAIRS[1::2], strict=True))


def levels(text: str) -> list[int]:
    """The level of each character of a paragraph. Its first letter says which way the whole runs."""
    base = next((int(kind != "L") for char in text if (kind := bidirectional(char)) in STRONG), 0)
    start = "R" if base else "L"
    kinds = _weak([bidirectional(char) or "L" for char in text], start)
    _brackets(text, kinds, start)
    _neutral(kinds, start)
    return [_level(kind, base) for kind in kinds]


def order(levels: Sequence[int]) -> list[int]:
    """The indices of pieces from left to right: from the highest level down, what is at least that high is turned."""
    places = list(range(len(levels)))
    for level in range(max(levels, default=0), 0, -1):
        begin = None
        for place in range(len(levels) + 1):
            high = place < len(levels) and levels[place] >= level
            if high and begin is None:
                begin = place
            elif not high and begin is not None:
                places[begin:place] = places[begin:place][::-1]
                begin = None
    return places


def _level(kind: str, base: int) -> int:
    if base:
        return 1 if kind == "R" else 2
    return {"L": 0, "R": 1}.get(kind, 2)


def _weak(kinds: list[str], start: str) -> list[str]:
    """Rules W1 to W7: marks, and signs within and beside numbers."""
    _marks(kinds, start)
    _after_strong(kinds, start, {("EN", "AL"): "AN"})
    kinds = ["R" if kind == "AL" else kind for kind in kinds]
    for place in range(1, len(kinds) - 1):
        before, kind, after = kinds[place - 1 : place + 2]
        if before == after and (kind, before) in (("ES", "EN"), ("CS", "EN"), ("CS", "AN")):
            kinds[place] = before
    for begin, end in _spans(kinds, ("ET",)):
        if "EN" in (*kinds[begin - 1 : begin], *kinds[end : end + 1]):
            kinds[begin:end] = ["EN"] * (end - begin)
    kinds = ["ON" if kind in ("ES", "ET", "CS") else kind for kind in kinds]
    _after_strong(kinds, start, {("EN", "L"): "L"})
    return kinds


def _marks(kinds: list[str], start: str) -> None:
    """A mark is of the kind of its letter, and so is a joiner."""
    before = start
    for place, kind in enumerate(kinds):
        if kind in ("NSM", "BN"):
            kinds[place] = before
        before = kinds[place]


def _after_strong(kinds: list[str], start: str, becomes: dict[tuple[str, str], str]) -> None:
    strong = start
    for place, kind in enumerate(kinds):
        strong = kind if kind in STRONG else strong
        kinds[place] = becomes.get((kind, strong), kind)


def _brackets(text: str, kinds: list[str], start: str) -> None:
    """Rule N0: both brackets of a pair go with what is between them, or with what stands before."""
    for opening, closing in _pairs(text, kinds):
        inside = {SEEN_AS[kind] for kind in kinds[opening + 1 : closing] if kind in SEEN_AS}
        if not inside:
            continue
        before = next((SEEN_AS[kind] for kind in reversed(kinds[:opening]) if kind in SEEN_AS), start)
        chosen = start if start in inside else before
        for place in (opening, closing):
            for one in range(place, _end_of_marks(text, place)):
                kinds[one] = chosen


def _pairs(text: str, kinds: list[str]) -> Iterable[tuple[int, int]]:
    """In the order of the opening ones."""
    open_ones: list[tuple[str, int]] = []
    found: list[tuple[int, int]] = []
    for place, char in enumerate(text):
        if kinds[place] != "ON":
            continue
        if char in CLOSING and len(open_ones) == DEEPEST:
            break
        if char in CLOSING:
            open_ones.append((CLOSING[char], place))
        elif matching := [index for index, (closing, _) in enumerate(open_ones) if closing == char]:
            insort(found, (open_ones[matching[-1]][1], place))
            del open_ones[matching[-1] :]
    return found


def _end_of_marks(text: str, place: int) -> int:
    end = place + 1
    while end < len(text) and bidirectional(text[end]) == "NSM":
        end += 1
    return end


def _neutral(kinds: list[str], start: str) -> None:
    """Rules N1 and N2: between two of one direction that direction, else the paragraph's."""
    for begin, end in list(_spans(kinds, NEUTRAL)):
        before = SEEN_AS[kinds[begin - 1]] if begin else start
        after = SEEN_AS[kinds[end]] if end < len(kinds) else start
        kinds[begin:end] = [before if before == after else start] * (end - begin)


def _spans(kinds: list[str], wanted: Sequence[str]) -> Iterable[tuple[int, int]]:
    begin = None
    for place in range(len(kinds) + 1):
        inside = place < len(kinds) and kinds[place] in wanted
        if inside and begin is None:
            begin = place
        elif not inside and begin is not None:
            yield begin, place
            begin = None
