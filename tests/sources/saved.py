"""Reads `ytdlp_errors.txt`: the saved errors of yt-dlp, one line each."""

from pathlib import Path

FILE = Path(__file__).with_name("ytdlp_errors.txt")


def errors() -> list[tuple[str, str, str]]:
    """(platform, code, text)"""
    lines = [line for line in FILE.read_text().splitlines() if line and not line.startswith("#")]
    ends = dict(line.split(" = ", 1) for line in lines if line.startswith("{"))
    return [_row(line, ends) for line in lines if not line.startswith("{")]


def _row(line: str, ends: dict[str, str]) -> tuple[str, str, str]:
    for name, end in ends.items():
        line = line.replace(name, end)
    platform, code, text = line.split(" | ", 2)
    return platform, code, text.replace("\\n", "\n").replace("\\r", "\r")
