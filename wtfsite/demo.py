"""What `manage.py demo` shows when it is given no video: a clip drawn and composed on the spot."""

import math
import tempfile
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageDraw, ImageFilter

from jobs.media import errors
from jobs.media.tools import Tools
from wtfsite.lib import process

SECONDS = 12
WIDTH, HEIGHT = 1080, 1920
HORIZON = 1180
SKY = ((18, 30, 66), (96, 62, 116), (240, 138, 94), (255, 212, 150))  # from the top to the horizon
SEA = ((226, 132, 98), (70, 62, 110), (16, 26, 58))  # from the horizon to the bottom
Colour = tuple[int, int, int]


def clip(tools: Tools) -> Path:
    """A 12-second vertical clip with sound: the sun rises behind drifting hills, and boats go by.

    Made once and kept; the same ffmpeg makes the same bytes, so that a second demo recognises it. Raises MediaError.
    """
    target: Path = settings.DATA_DIR / "demo" / "harbour-at-dawn.mp4"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        _compose(tools, Path(folder)).replace(target)
    return target


def _compose(tools: Tools, work: Path) -> Path:
    layers = [work / f"{name}.png" for name in ("sky", "sun", "hills", "sea", "boats")]
    for draw, layer in zip((_sky, _sun, _hills, _sea, _boats), layers, strict=True):
        draw().save(layer)
    made = work / "clip.mp4"
    try:
        tools.run(_command(tools, layers, made), work=work, reads=layers, timeout=300)
    except process.ProcessError as error:
        raise errors.translate(error) from error
    return made


def _gradient(stops: tuple[Colour, ...], width: int, height: int) -> Image.Image:
    """The colours from top to bottom, evenly spaced; smooth, since it is drawn small and enlarged."""
    small = Image.new("RGB", (1, len(stops)))
    small.putdata(stops)
    return small.resize((width, height), Image.Resampling.BICUBIC)


def _sky() -> Image.Image:
    return _gradient(SKY, WIDTH, HEIGHT)


def _sun() -> Image.Image:
    image = Image.new("RGBA", (560, 560), (255, 226, 160, 0))
    pen = ImageDraw.Draw(image)
    pen.ellipse((100, 100, 460, 460), fill=(255, 214, 140, 70))
    pen.ellipse((150, 150, 410, 410), fill=(255, 238, 196, 255))
    return image.filter(ImageFilter.GaussianBlur(14))


def _ridge(pen: ImageDraw.ImageDraw, width: int, top: int, swing: int, colour: tuple[int, ...], bottom: int) -> None:
    """A line of hills from a few sine waves whose lengths do not repeat within the picture."""
    waves = [
        (x, top + swing * (math.sin(x / 173) + 0.6 * math.sin(x / 71 + 2) + 0.3 * math.sin(x / 29)))
        for x in range(0, width + 4, 4)
    ]
    pen.polygon([(0, bottom), *waves, (width, bottom)], fill=colour)


def _hills() -> Image.Image:
    image = Image.new("RGBA", (2 * WIDTH, 420), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    _ridge(pen, 2 * WIDTH, 150, 55, (122, 74, 110, 255), 420)
    _ridge(pen, 2 * WIDTH, 290, 40, (74, 48, 92, 255), 420)
    return image


def _sea() -> Image.Image:
    """Water with glints that get longer and sparser towards us."""
    image = _gradient(SEA, WIDTH, HEIGHT - HORIZON).convert("RGBA")
    pen = ImageDraw.Draw(image, "RGBA")
    for number in range(260):
        y = (number * 37) % image.height
        x = (number * 613 + y * 7) % WIDTH
        length = 14 + y // 9
        pen.line((x, y, x + length, y), fill=(255, 214, 160, 150 - y // 7), width=2 + y // 220)
    return image


def _boats() -> Image.Image:
    image = Image.new("RGBA", (1600, 420), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    for x, y, scale in ((80, 170, 1.0), (700, 250, 1.7), (1330, 150, 0.8)):
        _boat(pen, x, y, scale)
    return image


def _boat(pen: ImageDraw.ImageDraw, x: int, y: int, scale: float) -> None:
    def at(*points: tuple[int, int]) -> list[tuple[float, float]]:
        return [(x + scale * right, y + scale * down) for right, down in points]

    pen.polygon(at((0, 70), (150, 70), (122, 100), (26, 100)), fill=(30, 26, 52, 255))
    pen.polygon(at((72, -70), (72, 62), (8, 62)), fill=(250, 240, 224, 255))
    pen.polygon(at((80, -50), (80, 62), (138, 62)), fill=(232, 110, 86, 255))


def _command(tools: Tools, layers: list[Path], target: Path) -> list[str]:
    """Each layer is read once; `loop` holds the sky, and `overlay` repeats the others at places that move with time."""
    scene = ";".join(
        [
            f"[0:v]loop=-1:1,setpts=N/30/TB,fps=30,trim=duration={SECONDS}[sky]",
            f"[sky][1:v]overlay=x=(W-w)/2+60*sin(t/2):y={HORIZON - 200}-t*46[lit]",
            f"[lit][2:v]overlay=x=-200-t*38:y={HORIZON - 330}[land]",
            f"[land][3:v]overlay=x=0:y={HORIZON}[water]",
            f"[water][4:v]overlay=x=W-200-t*150:y={HORIZON + 60}+10*sin(t*2)[scene]",
            "[scene]noise=alls=5:allf=t:all_seed=7,format=yuv420p[v]",
        ]
    )
    chord = "0.12*sin(440*PI*t)+0.09*sin(554.37*PI*t)+0.09*sin(659.26*PI*t)+0.05*sin(880*PI*t)*sin(PI*t/2)"
    inputs = [word for layer in layers for word in ("-i", f"file:{layer}")]
    return [
        *(tools.ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *inputs),
        *("-f", "lavfi", "-i", f"aevalsrc={chord}|{chord}:s=48000:d={SECONDS}"),
        *("-filter_complex", scene, "-map", "[v]", "-map", f"{len(layers)}:a", "-t", str(SECONDS)),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-threads", "1", "-c:a", "aac", "-b:a", "128k"),
        *("-fflags", "+bitexact", "-flags", "+bitexact", "-map_metadata", "-1", "-movflags", "+faststart"),
        f"file:{target}",
    ]
