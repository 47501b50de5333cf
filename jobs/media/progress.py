"""How far a run of ffmpeg is, read from what `-progress` prints."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """`fraction` 0 to 1, `speed` in times real time, `bytes` written so far; `eta_seconds` is None at first."""

    fraction: float
    speed: float
    fps: float
    bytes: int
    out_time_us: int
    eta_seconds: float | None


class FfmpegMeter:
    """Takes the lines of `-progress pipe:1` and reports once per block.

    `mark` is the position reached, in µs: the runner takes a mark that stands still for a stall.
    `out_time_ms` is not read; in spite of its name it holds microseconds in 5.1.
    """

    def __init__(
        self,
        total_us: int,
        report: Callable[[Progress], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.mark = 0
        self._total_us = total_us
        self._report = report
        self._clock = clock
        self._started = clock()
        self._block: dict[str, str] = {}

    def feed(self, line: str) -> None:
        key, equals, value = line.strip().partition("=")
        if not equals:
            return
        self._block[key] = value.strip()
        if key == "progress":
            self._finish_block()

    def _finish_block(self) -> None:
        block, self._block = self._block, {}
        self.mark = max(self.mark, int(_number(block.get("out_time_us", ""))))
        if self._report:
            self._report(self._read(block))

    def _read(self, block: dict[str, str]) -> Progress:
        fraction = min(1.0, self.mark / self._total_us) if self._total_us > 0 else 0.0
        if block.get("progress") == "end":
            fraction = 1.0
        return Progress(
            fraction=fraction,
            speed=_number(block.get("speed", "").removesuffix("x")),
            fps=_number(block.get("fps", "")),
            bytes=int(_number(block.get("total_size", ""))),
            out_time_us=self.mark,
            eta_seconds=self._eta(fraction),
        )

    def _eta(self, fraction: float) -> float | None:
        """From the pace so far; the first hundredth tells nothing."""
        if fraction < 0.01:
            return None
        return (self._clock() - self._started) * (1 - fraction) / fraction


def _number(text: str) -> float:
    """0 for `N/A`, for nothing, and for anything below zero (times before the first frame are)."""
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0
