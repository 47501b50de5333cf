"""The boxes of an mp4 file, read without a tool."""

from collections.abc import Iterator
from pathlib import Path


def boxes(path: Path) -> Iterator[str]:
    """Names of the outermost boxes in their order; ends where the file does or stops making sense."""
    end = path.stat().st_size
    with path.open("rb") as file:
        position = 0
        while position + 8 <= end:
            file.seek(position)
            size, name = int.from_bytes(file.read(4), "big"), file.read(4)
            if size == 1:  # the real size follows, in 8 bytes
                size = int.from_bytes(file.read(8), "big")
            yield name.decode("latin-1")
            if size < 8:  # 0: up to the end
                return
            position += size


def index_first(path: Path) -> bool:
    """Whether a player finds the index (`moov`) before the pictures (`mdat`)."""
    order = [name for name in boxes(path) if name in ("moov", "mdat")]
    return order[:1] == ["moov"] and "mdat" in order
