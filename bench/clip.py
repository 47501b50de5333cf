"""The bench's own clip: it behaves like camera footage, and nothing in it comes from outside.

    noise in octaves, letters, edges --> four scenes --camera, parallax, objects--> frames --grain, x264--> clip

A test card costs an encoder next to nothing, and then everything around the encoder decides the result. So there is
texture at every scale, motion by fractions of a pixel, turning, parallax, things that cover each other, a cut every
1.5 seconds and grain that differs in every frame. Drawing it takes about a minute, once.
"""

import math
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

VERSION = 2  # to be raised whenever other frames or another encoding come out
WIDTH, HEIGHT, RATE = 1080, 1920, 30
SCENE_SECONDS = 1.5
SECONDS = 6.0  # what is drawn; longer clips repeat it
WORLD = (1700, 2560)  # pixels of a backdrop: room for the camera to move
BITRATE = "5900k"  # what a phone's app uploads at this size
LENS = 1.6  # pixels: no lens is as sharp as a drawn frame, and no app keeps what it saw
GRAIN = 5
FONT = Path(__file__).parent.parent / "brands" / "fonts" / "Inter-SemiBold.otf"
Picture = Image.Image
Size = tuple[int, int]


@dataclass(frozen=True)
class Way:
    """Through a picture: place in pixels, pixels and radians per second, zoom, and a hand's shake in pixels."""

    x: float
    y: float
    dx: float = 0.0
    dy: float = 0.0
    turn: float = 0.0
    zoom: float = 1.0
    dzoom: float = 0.0
    shake: float = 0.0

    def place(self, time: float) -> tuple[float, float]:
        """x and y at that time. The shake's sines share no period, so it never repeats within a scene."""
        across = math.sin(7.3 * time) + 0.6 * math.sin(17.1 * time + 1) + 0.25 * math.sin(41.0 * time)
        down = math.sin(8.9 * time + 2) + 0.6 * math.sin(14.3 * time) + 0.25 * math.sin(37.0 * time + 1)
        return self.x + self.dx * time + self.shake * across, self.y + self.dy * time + self.shake * down


@dataclass(frozen=True)
class Layer:
    """A picture larger than the frame (with alpha in front of others), and the camera's way over it."""

    picture: Picture
    camera: Way


@dataclass(frozen=True)
class Thing:
    """A picture smaller than the frame, and its own way across the frame."""

    picture: Picture
    way: Way


@dataclass(frozen=True)
class Scene:
    """From back to front."""

    parts: tuple[Layer | Thing, ...]

    def frame(self, time: float) -> Picture:
        frame = Image.new("RGBA", (WIDTH, HEIGHT))
        for part in self.parts:
            if isinstance(part, Layer):
                frame.alpha_composite(view(part.picture, (WIDTH, HEIGHT), part.camera.place(time), part.camera, time))
            else:
                put(frame, part, time)
        return frame.convert("RGB")


def view(picture: Picture, size: Size, centre: tuple[float, float], way: Way, time: float) -> Picture:
    """`size` pixels of the picture around `centre`, turned and zoomed, moved by fractions of a pixel."""
    scale, angle = 1 / (way.zoom + way.dzoom * time), way.turn * time
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    half_width, half_height = size[0] / 2, size[1] / 2
    left = centre[0] - cosine * half_width - sine * half_height
    top = centre[1] + sine * half_width - cosine * half_height
    matrix = (cosine, sine, left, -sine, cosine, top)
    return picture.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


def put(frame: Picture, thing: Thing, time: float) -> None:
    """Lay a thing over the frame, its fraction of a pixel included."""
    side = 2 * math.ceil(math.hypot(*thing.picture.size) / 2) + 4
    x, y = (value - side / 2 for value in thing.way.place(time))
    left, top = math.floor(x), math.floor(y)
    middle = (thing.picture.width / 2 - (x - left), thing.picture.height / 2 - (y - top))
    drawn = view(thing.picture, (side, side), middle, thing.way, time)
    frame.paste(drawn, (left, top), drawn)


# Textures


def noise(size: Size, seed: int, cells: int, octaves: int, roughness: float) -> Picture:
    """Grey value noise: `cells` across in the coarsest octave, each finer one doubled and weaker by `roughness`."""
    dice = random.Random(seed)
    sum_ = Image.new("L", size, 128)
    for octave in reversed(range(octaves)):
        columns = min(size[0], cells << octave)
        rows = max(1, columns * size[1] // size[0])
        grid = Image.frombytes("L", (columns, rows), dice.randbytes(columns * rows))
        sum_ = Image.blend(sum_, grid.resize(size, Image.Resampling.BICUBIC), 1 - roughness)
    return ImageOps.autocontrast(sum_, cutoff=1)


def coloured(grey: Picture, dark: str, middle: str, light: str) -> Picture:
    return ImageOps.colorize(grey, dark, light, middle).convert("RGBA")


def masked(picture: Picture, mask: Picture) -> Picture:
    out = picture.copy()
    out.putalpha(mask)
    return out


def threshold(grey: Picture, level: int, soft: int) -> Picture:
    """A mask: 0 below the level, 255 above, with an edge of `soft` grey levels."""
    return grey.point([min(255, max(0, (value - level) * 255 // soft)) for value in range(256)])


def words(dice: random.Random, count: int) -> str:
    letters = "aeiounrstlkmdgbpAENRST"
    return " ".join("".join(dice.choices(letters, k=dice.randint(2, 9))) for _ in range(count))


def write(picture: Picture, dice: random.Random, top: int, bottom: int, size: int, colour: str) -> None:
    """Fill a band with lines of letters."""
    pen, font = ImageDraw.Draw(picture), ImageFont.truetype(str(FONT), size)
    for y in range(top, bottom, round(size * 1.35)):
        pen.text((40 + dice.randint(0, 60), y), words(dice, 60), font=font, fill=colour)


# Scenes


def meadow() -> Scene:
    """A hillside with trees; leaves close to the camera pass by faster."""
    sky = coloured(noise(WORLD, 11, 3, 6, 0.5), "#7d9cc4", "#b9cbe0", "#f3f4f2")
    ground = coloured(noise(WORLD, 12, 6, 8, 0.72), "#18230f", "#4f6a2c", "#b5b871")
    slope = Image.linear_gradient("L").resize(WORLD)
    ridge = threshold(ImageChops.add(slope, noise(WORLD, 13, 4, 7, 0.6), 2), 105, 5)
    sky.alpha_composite(masked(ground, ridge))
    leaves = coloured(noise(WORLD, 14, 24, 6, 0.7), "#0c1a08", "#2c5420", "#8fb04a")
    branches = masked(leaves, threshold(noise(WORLD, 15, 7, 6, 0.6), 158, 14))
    return Scene(
        (
            Layer(sky, Way(680, 1250, dx=110, dy=14, shake=1.6)),
            Layer(branches, Way(640, 1200, dx=265, dy=-31, shake=2.5)),
        )
    )


def street() -> Scene:
    """House fronts with windows and signs; people and a car pass."""
    dice = random.Random(21)
    wall = coloured(noise(WORLD, 22, 5, 9, 0.78), "#4c3b33", "#8d7665", "#d2c2ae")
    pen = ImageDraw.Draw(wall)
    glass = coloured(noise((180, 260), 23, 4, 6, 0.6), "#0e1a26", "#33506b", "#dce8ee")
    for y in range(90, WORLD[1] - 900, 380):
        for x in range(60, WORLD[0] - 200, 270):
            wall.paste(glass, (x + dice.randint(-8, 8), y))
            pen.rectangle((x - 10, y - 10, x + 190, y + 270), outline="#e9e2d6", width=9)
            pen.line((x + 90, y, x + 90, y + 260), fill="#e9e2d6", width=6)
    write(wall, dice, 1690, 1800, 74, "#f6e27a")
    road = coloured(noise((WORLD[0], 620), 24, 9, 9, 0.85), "#26272a", "#5b5c60", "#a3a39f")
    wall.paste(road, (0, WORLD[1] - 620))
    people = [Thing(person(dice.randint(0, 999)), way) for way in PEOPLE]
    return Scene((Layer(wall, Way(1000, 1420, dx=-84, dy=6, shake=1.2)), *people))


PEOPLE = (
    Way(180, 1240, dx=150, turn=0.05, shake=3),
    Way(900, 1300, dx=-390, dy=12, turn=-0.09, shake=4),
    Way(420, 1420, dx=205, dy=-8, turn=0.12, zoom=1.25, shake=5),
)


def person(seed: int) -> Picture:
    """A figure in patterned clothes."""
    size = (260, 620)
    dice = random.Random(seed)
    hues = [f"hsl({dice.randint(0, 359)},{dice.randint(25, 70)}%,{light}%)" for light in (14, 45, 82)]
    cloth = coloured(noise(size, seed, 8, 6, 0.75), *hues)
    mask = Image.new("L", size)
    pen = ImageDraw.Draw(mask)
    pen.ellipse((85, 5, 175, 115), fill=255)
    pen.rounded_rectangle((40, 110, 220, 390), 60, fill=255)
    pen.polygon(((60, 380), (200, 380), (245, 610), (160, 610), (130, 440), (90, 610), (15, 610)), fill=255)
    return masked(cloth, mask.filter(ImageFilter.GaussianBlur(1.2)))


def poster() -> Scene:
    """A wall of print that comes nearer while the camera turns a little."""
    dice = random.Random(31)
    paper = coloured(noise(WORLD, 32, 4, 9, 0.7), "#8b7c5e", "#d9cdae", "#fbf6e6")
    for number, (top, bottom) in enumerate(((60, 420), (1240, 1600), (2060, 2500))):
        write(paper, dice, top, bottom, (30, 44, 24)[number], ("#3a2b20", "#7a1f1f", "#22303f")[number])
    art = coloured(noise((WORLD[0] - 160, 760), 33, 5, 8, 0.66), "#14213d", "#c05a2c", "#fcefc7")
    paper.paste(art, (80, 450))
    pen = ImageDraw.Draw(paper)
    for ring in range(60, 360, 22):
        pen.ellipse((850 - ring, 1830 - ring // 2, 850 + ring, 1830 + ring // 2), outline="#22303f", width=4)
    return Scene((Layer(paper, Way(800, 1180, dx=52, dy=96, turn=0.03, zoom=1.02, dzoom=0.09, shake=0.8)),))


def hand() -> Scene:
    """A box held in front of a room that is out of focus."""
    room = coloured(noise(WORLD, 41, 5, 7, 0.6), "#2b2420", "#8a7663", "#efe4d2")
    room = room.filter(ImageFilter.GaussianBlur(7))
    box = coloured(noise((760, 980), 42, 6, 8, 0.74), "#1b1f3b", "#b23a48", "#fcb9b2")
    dice = random.Random(43)
    write(box, dice, 80, 300, 52, "#fff4e0")
    write(box, dice, 640, 900, 26, "#1a1420")
    ImageDraw.Draw(box).rectangle((0, 0, 759, 979), outline="#fff4e0", width=14)
    return Scene(
        (
            Layer(room, Way(820, 1280, dx=-30, dy=22, shake=6)),
            Thing(box, Way(520, 930, dx=26, dy=-18, turn=0.16, zoom=0.96, dzoom=0.05, shake=11)),
        )
    )


# The clip


def frames() -> Iterator[bytes]:
    """Raw RGB frames of the whole clip."""
    count = round(SCENE_SECONDS * RATE)
    for scene in (meadow(), street(), poster(), hand()):
        for number in range(count):
            yield scene.frame(number / RATE).tobytes()


SOUND = (
    "aevalsrc='0.10*sin(2*PI*147*t)*(0.6+0.4*sin(2*PI*3.1*t))+0.05*sin(2*PI*441*t)*gt(sin(2*PI*2.3*t),0)"
    "+0.06*(random(0)*2-1)*gt(sin(2*PI*1.7*t),0.3)':s=48000"
)


def draw_command(ffmpeg: str, target: Path) -> list[str]:
    """Raw frames on stdin, the clip out. Two passes would be steadier; one is near enough to the bit rate wanted."""
    grain = f"noise=alls={GRAIN}:allf=t:all_seed=5"
    return [
        *(ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-y"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "pipe:0"),
        # A little shorter than the picture, or the clip would have a gap wherever it is repeated.
        *("-f", "lavfi", "-t", str(SECONDS - 0.05), "-i", SOUND),
        *("-vf", f"gblur=sigma={LENS},scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,{grain}"),
        *("-c:v", "libx264", "-preset", "medium", "-b:v", BITRATE, "-maxrate", "9M", "-bufsize", "12M"),
        *("-g", str(2 * RATE), "-profile:v", "high", "-color_primaries", "bt709", "-color_trc", "bt709"),
        *("-colorspace", "bt709", "-color_range", "tv", "-c:a", "aac", "-b:a", "128k", "-ac", "2"),
        *("-movflags", "+faststart", str(target)),
    ]


def lengthen_command(ffmpeg: str, source: Path, length: float, seconds: float, target: Path) -> list[str]:
    """The clip (`length` seconds) over and over up to `seconds`, or its beginning, without encoding anything again.

    A clip that fits a whole number of times is not cut: a cut by time lets two frames more through than it should.
    """
    times = max(1, math.ceil(round(seconds / length, 2)))
    limit = ["-t", f"{seconds:g}"] if times * length - seconds > 1 / RATE else []
    return [
        *(ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-y"),
        *("-stream_loop", str(times - 1), "-i", str(source), *limit),
        *("-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", "-movflags", "+faststart", str(target)),
    ]


def make(ffmpeg: str, folder: Path) -> Path:
    """The clip, drawn at the first call and kept."""
    target = folder / f"clip-{VERSION}.mp4"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "part.mp4"
    with subprocess.Popen(draw_command(ffmpeg, part), stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for frame in frames():
            encoder.stdin.write(frame)
    if encoder.returncode:
        raise SystemExit(f"The bench's clip could not be made: ffmpeg ended with {encoder.returncode}.")
    part.replace(target)
    return target


def cut(ffmpeg: str, source: Path, length: float, seconds: float, folder: Path) -> Path:
    """The clip (`length` seconds) at another length."""
    target = folder / f"{source.stem}-{seconds:g}s.mp4"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(lengthen_command(ffmpeg, source, length, seconds, target), check=True)
    return target
