"""Good clips under names that mean something to a program on the way: they are shown cleaned, and are never a path.
And names in lists, under which a file is looked up: those that lead elsewhere are refused."""

from collections.abc import Callable

from tests.corpus.cases import Group, Kit

group = Group("names")
Maker = Callable[[Kit], bytes]

NAMES = {
    "an option": "-i.mp4",
    "an option that prints": "-version.mp4",
    "two dashes": "--.mp4",
    "a protocol of nobody": "a:b.mp4",
    "a web address": "http:x.mp4",
    "a joined file": "concat:x|y.mp4",
    "a pipe": "pipe:0.mp4",
    "a number in a sequence": "%03d.mp4",
    "a date": "%Y-%m-%d %%.mp4",
    "a format string": "{0.__class__} %(password)s.mp4",
    "a line break": "one\ntwo.mp4",
    "a carriage return": "one\r\nSet-Cookie: a=b.mp4",
    "text that reads backwards": "clip\u202e4pm.exe.mp4",
    "signs of no width": "cl\u200bi\ufeffp\u2066.mp4",
    "a terminal's escape": "\x1b[2J\x1b]0;x\x07.mp4",
    "a script": "<script>alert(1)<|script>.mp4",
    "an attribute": "\" onmouseover='alert(1)' x=\".mp4",
    "the end of a quote in a list": "a' \nfile 'b.mp4",
    "a filter": "x[a];movie=b.mp4[c];[a][c]overlay.mp4",
    "a command": "$(touch owned)`touch owned`;touch owned&.mp4",
    "a formula": "=cmd|' |C calc'!A0.mp4",
    "a device of another system": "CON.mp4",
    "a stream of another system": "clip.mp4:evil.exe",
    "dots at its end": "clip.mp4...",
    "a space at both ends": " clip.mp4 ",
    "a path of another system": "..\\..\\clip.mp4",
    "a percent path": "..%2f..%2fclip.mp4",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3ac.mp4",
    "letters with many marks": "Z\u0351\u036b\u0343\u036a\u0302" * 10 + ".mp4",
    "no Latin letter": "видео 動画 فيديو.mp4",
    "no ending": "clip",
    "only an ending": ".mp4",
    "an ending of a program": "clip.mp4.sh",
    "120 letters of two bytes": "é" * 120 + ".mp4",
    # What no file of this system can be called, but a browser can send.
    "150 letters of two bytes": "é" * 150 + ".mp4",
    "five hundred letters": "a" * 500 + ".mp4",
    "a path upwards": "../../../etc/cron.d/clip.mp4",
    "an absolute path": "/etc/passwd",
    "only dots": "....mp4",
    "a slash in a script": "</title><script>alert(1)</script>.mp4",
    "a quote and a line break": 'a"\r\nX-Evil: 1.mp4',
    "half a character": "clip\ud800.mp4",
    "NUL": "clip\0.mp4",
}


def _clip(number: int) -> Maker:
    """The good clip, each time with other bytes at its end: the same bytes twice would be one video."""
    return lambda kit: kit.clips.mp4 + b"\0\0\0\x0cfree" + number.to_bytes(4, "big")


# Those that are dangerous on a command line or in a list go the whole way to a finished output.
RENDERED = {
    *("an option", "two dashes", "a joined file", "a number in a sequence", "the end of a quote in a list", "a filter"),
}

for _number, (_name, _file) in enumerate(NAMES.items()):
    group.add(_name, "accepted", _clip(_number), door="path" if _name in RENDERED else "upload", file=_file)

paths = Group("paths", door="name", file="list.yaml")
LEADING = {
    "upwards": "../secret.png",
    "upwards from within": "a/../../secret.png",
    "from the root": "/etc/passwd",
    "from a drive": "C:/secret.png",
    "upwards with backslashes": "..\\secret.png",
    "an address": "http://127.0.0.2/logo.png",
    "an address of a file": "file:///etc/passwd",
    "over a link": "link.png",
    "through a link": "link.png/x",
    "the folder itself": ".",
    "nothing": "",
    "NUL": "logo.png\0.sh",
    "a line break": "logo.png\nx",
    "half a character": "logo\ud800.png",
    "a thousand letters": "a" * 1000,
    "a hundred folders": "a/" * 100 + "logo.png",
    "not there": "logo.jpg",
}
for _name, _file in LEADING.items():
    paths.add(_name, "bad_name", _file.encode("utf-8", "surrogatepass"))
paths.add("the good one", "accepted", b"./logo.png")
