"""A small web server on loopback that gives out a folder, and makers of what the web is full of.

    with files.serve(folder) as server:
        server.url("clip.mp4")

`hls`, `dash`, `live` and `page` put a stream or a page into the folder and return its name.
"""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".mp4": "video/mp4",
    ".m4s": "video/iso.segment",
    ".ts": "video/mp2t",
}


@dataclass
class Server:
    port: int
    requests: list[str] = field(default_factory=list)  # paths in the order in which they were asked for

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"


class Handler(BaseHTTPRequestHandler):
    """GET and HEAD for the files of one folder, whole or a byte range."""

    protocol_version = "HTTP/1.1"

    def __init__(self, folder: Path, seen: list[str], *args, **kwargs) -> None:
        self.folder = folder
        self.seen = seen
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        self.seen.append(self.path)
        file = self.folder / Path(self.path.partition("?")[0]).name
        if not file.is_file():
            self.send_error(404)
            return
        with suppress(BrokenPipeError, ConnectionResetError):  # a client may have seen enough
            self.send(file)

    do_HEAD = do_GET

    def send(self, file: Path) -> None:
        data = file.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        end = min(int(asked[2] or len(data)), len(data) - 1) if asked else len(data) - 1
        if asked and start > end:
            self.send_error(416)
            return
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", TYPES.get(file.suffix, "application/octet-stream"))
        self.send_header("Content-Length", str(end - start + 1))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[start : end + 1])

    def log_message(self, *args) -> None:
        """Silent: the requests are on the list."""


@contextmanager
def serve(folder: Path, port: int = 0) -> Iterator[Server]:
    """Serve the folder until the block ends. Port 0: any free one."""
    seen: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, folder, seen)) as http:
        http.daemon_threads = True
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield Server(http.server_address[1], seen)
        finally:
            http.shutdown()
            thread.join()


def clip(folder: Path, seconds: int = 1, name: str = "clip.mp4") -> Path:
    """A small moving picture with a tone."""
    picture = f"testsrc2=size=320x240:rate=25:duration={seconds}"
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"]
    _ffmpeg(*inputs, *codecs, "-movflags", "+faststart", str(folder / name))
    return folder / name


def hls(folder: Path, source: Path) -> str:
    """A finished stream in segments of two seconds."""
    _ffmpeg("-i", str(source), "-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_list_size", "0", f"{folder}/hls.m3u8")
    return "hls.m3u8"


def live(folder: Path, source: Path) -> str:
    """The same stream while it is still running: its list has no end."""
    text = (folder / hls(folder, source)).read_text()
    (folder / "live.m3u8").write_text(text.replace("#EXT-X-ENDLIST\n", ""))
    return "live.m3u8"


def dash(folder: Path, source: Path) -> str:
    """Picture and sound apart."""
    sets = "id=0,streams=v id=1,streams=a"
    _ffmpeg("-i", str(source), "-c", "copy", "-f", "dash", "-adaptation_sets", sets, str(folder / "dash.mpd"))
    return "dash.mpd"


def page(folder: Path) -> str:
    """A page without a video."""
    (folder / "page.html").write_text("<!doctype html><title>Words</title><p>Nothing moves here.</p>")
    return "page.html"


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], check=True)
