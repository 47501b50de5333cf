"""Three fictional brands with artwork drawn here: for the demo, and to see at once what a brand is made of."""

import io
from collections.abc import Callable
from math import cos, pi, sin

from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image, ImageDraw, ImageFont

from brands.intake import take_in
from brands.layouts import canvas
from brands.models import Artwork, ArtworkKind, Brand, LayerKind, Variant
from brands.typefaces import INTER

SMOOTH = 3  # shapes are drawn this many times larger and scaled down, because Pillow draws hard edges
WHITE = "#ffffff"
NAVY, RED, ICE = "#0b2545", "#e63946", "#cfe3f5"
CREAM, TERRACOTTA, COCOA = "#fff6e9", "#c8553d", "#4a2c20"
NIGHT, LIME, VIOLET = "#17132b", "#c6f135", "#7b61ff"


def install() -> list[Brand]:
    """The three brands. Those that are there already are left as they are, whatever was changed about them."""
    return [_northshore(), _kettle(), _orbit()]


def _northshore() -> Brand:
    layers = [
        _picture("waves", ArtworkKind.WATERMARK, order=0, full_frame=True, width=100, opacity=0.16),
        _picture("logo", ArtworkKind.LOGO, order=1, x=0, y=0, width=40),
        _picture("logo", ArtworkKind.LOGO, order=1, x=0, y=0, width=24, variant=Variant.LANDSCAPE),
        _text("headline", "Harbour bridge reopens: first trams cross at noon", order=2, x=0, y=88, width=72)
        | {"text_size": 5.2, "box_colour": NAVY, "box_opacity": 0.92},
        _text("live", "It's live", order=3, x=100, y=0, width=30)
        | {"text_size": 4.2, "box_colour": RED, "box_opacity": 1.0},
    ]
    return _install("Northshore News", "northshore-news", "@northshore", _northshore_logo, _waves, layers)


def _kettle() -> Brand:
    offer = _text("offer", "50% OFF — It's live", order=2, x=50, y=80, width=84)
    offer |= {"text_size": 7.5, "text_colour": CREAM, "box_colour": TERRACOTTA, "box_opacity": 0.95}
    layers = [
        _picture("steam", ArtworkKind.WATERMARK, order=0, full_frame=True, width=100, opacity=0.2),
        _picture("logo", ArtworkKind.LOGO, order=1, x=100, y=0, width=25),
        _picture("logo", ArtworkKind.LOGO, order=1, x=100, y=0, width=14, variant=Variant.LANDSCAPE),
        offer,
        offer | {"variant": Variant.VERTICAL, "y": 88.5},
        offer | {"variant": Variant.PORTRAIT, "y": 84},
        _text("hours", "Sourdough from 6:30, till it's gone", order=3, x=50, y=100, width=80)
        | {"text_size": 3.6, "text_colour": COCOA, "box_colour": CREAM, "box_opacity": 0.95},
    ]
    return _install("Kettle & Crumb", "kettle-and-crumb", "@kettleandcrumb", _kettle_logo, _steam, layers)


def _orbit() -> Brand:
    layers = [
        _picture("rings", ArtworkKind.WATERMARK, order=0, full_frame=True, width=115, opacity=0.18),
        _picture("logo", ArtworkKind.LOGO, order=1, x=100, y=100, width=36),
        _picture("logo", ArtworkKind.LOGO, order=1, x=100, y=100, width=21, variant=Variant.LANDSCAPE),
        _text("ride", "Sunday ride\n7:30 Harbour Gate", order=2, x=0, y=0, width=60)
        | {"text_size": 5.6, "text_colour": NIGHT, "box_colour": LIME, "box_opacity": 1.0},
    ]
    return _install("Velo Club Orbit", "velo-club-orbit", "@velocluborbit", _orbit_logo, _rings, layers)


Layer = dict[str, object]


def _picture(name: str, kind: ArtworkKind, **values: object) -> Layer:
    return {"name": name, "kind": LayerKind.IMAGE, "artwork_kind": kind, **values}


def _text(name: str, text: str, **values: object) -> Layer:
    return {"name": name, "kind": LayerKind.TEXT, "text": text, **values}


@transaction.atomic
def _install(
    name: str,
    slug: str,
    handle: str,
    logo: Callable[[], Image.Image],
    watermark: Callable[[int, int], Image.Image],
    layers: list[Layer],
) -> Brand:
    brand, new = Brand.objects.get_or_create(slug=slug, defaults={"name": name, "handle": handle})
    if not new:
        return Brand.objects.get(pk=brand.pk)
    _add(brand, ArtworkKind.LOGO, "", logo())
    for variant in (Variant.VERTICAL, Variant.SQUARE, Variant.LANDSCAPE):
        frame = canvas(variant, 1080)
        _add(brand, ArtworkKind.WATERMARK, variant, watermark(frame.width, frame.height))
    for layer in layers:
        brand.layers.create(**layer)
    return brand


def _add(brand: Brand, kind: ArtworkKind, variant: str, image: Image.Image) -> None:
    target = io.BytesIO()
    image.save(target, "PNG")
    file = ContentFile(target.getvalue(), name=f"{brand.slug}-{kind}{variant and '-' + variant}.png")
    artwork = Artwork(brand=brand, kind=kind, variant=variant)
    take_in(artwork, file)
    artwork.save()


# --- drawing --------------------------------------------------------------------------------------------------------


class _Sheet:
    """A transparent sheet whose lengths are given in final pixels."""

    def __init__(self, width: int, height: int, smooth: int = SMOOTH) -> None:
        self.smooth, self.size = smooth, (width, height)
        self.image = Image.new("RGBA", (width * smooth, height * smooth))
        self.pen = ImageDraw.Draw(self.image)

    def _big(self, *values: float) -> tuple[float, ...]:
        return tuple(value * self.smooth for value in values)

    def panel(self, box: tuple[float, float, float, float], radius: float, colour: str) -> None:
        self.pen.rounded_rectangle(self._big(*box), radius * self.smooth, fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: str) -> None:
        self.pen.ellipse(self._big(x - radius, y - radius, x + radius, y + radius), fill=colour)

    def ring(self, x: float, y: float, radius: float, width: float, colour: str) -> None:
        corners = self._big(x - radius, y - radius, x + radius, y + radius)
        self.pen.ellipse(corners, outline=colour, width=round(width * self.smooth))

    def line(self, points: list[tuple[float, float]], width: float, colour: str) -> None:
        """With round joints and ends."""
        big = [(x * self.smooth, y * self.smooth) for x, y in points]
        self.pen.line(big, fill=colour, width=round(width * self.smooth), joint="curve")
        for x, y in (points[0], points[-1]):
            self.disc(x, y, width / 2, colour)

    def shape(self, points: list[tuple[float, float]], colour: str) -> None:
        self.pen.polygon([(x * self.smooth, y * self.smooth) for x, y in points], fill=colour)

    def word(
        self, x: float, y: float, text: str, size: float, colour: str, spread: float = 0, middle: bool = False
    ) -> None:
        """Letters standing on y, `spread` pixels further apart than usual; from x on, or around it."""
        font = ImageFont.truetype(INTER, round(size * self.smooth))
        gap = spread * self.smooth
        length = sum(font.getlength(char) + gap for char in text) - gap
        at = x * self.smooth - (length / 2 if middle else 0)
        for char in text:
            self.pen.text((at, y * self.smooth), char, fill=colour, font=font, anchor="ls")
            at += font.getlength(char) + gap

    def done(self) -> Image.Image:
        return self.image.resize(self.size, Image.Resampling.LANCZOS)


def _wave(width: float, middle: float, height: float, length: float, start: float = 0) -> list[tuple[float, float]]:
    steps = max(24, int(width / 6))
    return [
        (start + width * step / steps, middle + height * sin(2 * pi * width * step / steps / length))
        for step in range(steps + 1)
    ]


def _northshore_logo() -> Image.Image:
    sheet = _Sheet(760, 220)
    sheet.panel((0, 0, 760, 220), 44, NAVY)
    sheet.disc(120, 82, 36, RED)
    for row, colour in enumerate((WHITE, WHITE, ICE)):
        sheet.line(_wave(140, 118 + row * 28, 9, 70, start=50), 12, colour)
    sheet.word(232, 116, "NORTHSHORE", 68, WHITE, spread=2)
    sheet.word(234, 172, "NEWS", 40, RED, spread=14)
    sheet.panel((418, 143, 702, 172), 6, RED)
    return sheet.done()


def _kettle_logo() -> Image.Image:
    sheet = _Sheet(560, 560)
    sheet.disc(280, 280, 280, TERRACOTTA)
    sheet.disc(280, 280, 264, CREAM)
    sheet.ring(280, 280, 246, 5, TERRACOTTA)
    for x in (244, 280, 316):
        sheet.line([(x + 11 * sin(step / 3), 92 + step * 4) for step in range(14)], 9, TERRACOTTA)
    sheet.ring(280, 232, 76, 16, COCOA)
    sheet.shape([(188, 322), (206, 216), (354, 216), (372, 322)], COCOA)
    sheet.panel((180, 300, 380, 340), 18, COCOA)
    sheet.shape([(352, 262), (432, 212), (444, 228), (366, 312)], COCOA)
    sheet.panel((226, 204, 334, 224), 10, TERRACOTTA)
    sheet.disc(280, 198, 14, TERRACOTTA)
    sheet.word(280, 408, "Kettle & Crumb", 52, COCOA, middle=True)
    sheet.word(280, 454, "BAKED DAILY", 27, TERRACOTTA, spread=5, middle=True)
    return sheet.done()


def _orbit_logo() -> Image.Image:
    sheet = _Sheet(720, 240)
    sheet.panel((0, 0, 720, 240), 120, NIGHT)
    sheet.ring(120, 120, 84, 13, LIME)
    for spoke in range(12):
        angle = spoke * pi / 6
        sheet.line([(120, 120), (120 + 76 * cos(angle), 120 + 76 * sin(angle))], 3, VIOLET)
    sheet.disc(120, 120, 15, LIME)
    tilted = [(120 + 112 * cos(t), 120 + 34 * sin(t) - 40 * cos(t)) for t in (step * pi / 60 for step in range(121))]
    sheet.line(tilted, 6, WHITE)
    sheet.disc(218, 76, 15, WHITE)
    sheet.word(262, 146, "ORBIT", 104, WHITE, spread=8)
    sheet.word(266, 192, "VELO CLUB", 34, LIME, spread=15)
    return sheet.done()


def _waves(width: int, height: int) -> Image.Image:
    """Water along the lower edge."""
    sheet = _Sheet(width, height, smooth=1)
    pitch = min(width, height) / 15
    for row in range(5):
        line = _wave(
            width + 200 + 5 * pitch, height - pitch * (row + 0.7), pitch / 4, pitch * 5, start=-100 - row * pitch
        )
        sheet.line(line, pitch / 3, WHITE if row % 2 else ICE)
    return sheet.done()


def _steam(width: int, height: int) -> Image.Image:
    """Steam rising on both sides."""
    sheet = _Sheet(width, height, smooth=1)
    pitch = min(width, height) / 14
    for column in range(3):
        for x in (pitch * (0.8 + column), width - pitch * (0.8 + column)):
            wave = _wave(height * 0.8, x, pitch / 3, pitch * 4, start=height * 0.1)
            line = [(across, down) for down, across in wave]
            sheet.line(line, pitch / 5, CREAM)
    return sheet.done()


def _rings(width: int, height: int) -> Image.Image:
    """Orbits around the lower corner."""
    sheet = _Sheet(width, height, smooth=1)
    pitch = min(width, height) / 7
    for number in range(2, 14, 2):
        sheet.ring(width, height, number * pitch, pitch / 12, LIME if number % 4 else VIOLET)
        angle = pi + number * 0.9 % (pi / 2)
        sheet.disc(width + number * pitch * cos(angle), height + number * pitch * sin(angle), pitch / 5, WHITE)
    return sheet.done()
