"""What a brand still lacks, shape by shape, each with what to do and where.

problems(brand)   from its rows alone: nothing is drawn and no file is asked for, so a list can tell it of each brand
closer(brand)     also looks into its files, places its texts and asks its fonts for every character
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils.translation import gettext as _

from brands import layouts, plates, stage
from brands.artwork import missing_glyphs
from brands.design import PlatePart
from brands.layouts import Box, Canvas
from brands.models import (
    Artwork,
    ArtworkKind,
    Brand,
    ClipKind,
    Font,
    Layer,
    LayerKind,
    PublishingProfile,
    SafeZone,
    Variant,
)
from brands.stage import Shown
from jobs.media.errors import MediaError
from jobs.media.probe import Probe

FAINT = 0.05  # of opacity: less is not seen on most videos
OPAQUE = 0.95  # of a text's box: letters of its own colour are lost on it
NAMED = 5  # characters


@dataclass(frozen=True)
class Problem:
    """One thing to put right. `variant` is "" when it holds for all that were asked about, `url` leads to the page on
    which it is done. `code` says what kind it is; a hint is good to know and keeps nobody from a good video.
    """

    variant: str
    sentence: str
    fix: str
    url: str
    code: str
    hint: bool = False


@dataclass(frozen=True)
class House:
    """What all brands have in common; read once for a list of them."""

    pictures: Sequence[Artwork]
    zones: Sequence[SafeZone]

    @classmethod
    def read(cls) -> "House":
        return cls(list(Artwork.objects.filter(brand=None)), list(SafeZone.objects.all()))


RELATED = ("layers__font", "artwork", "clips", "profile")  # to be prefetched when many are asked about


def problems(brand: Brand, variants: Iterable[str] = Variant.values, house: House | None = None) -> list[Problem]:
    """Nothing to say means ready. Reads the rows in `RELATED`, and of the house what is not given."""
    house = house or House.read()
    asked = list(variants)
    found = [problem for variant in asked for problem in _of_variant(brand, variant, house)]
    return [*_once(found, asked), *_profile(brand)]


def closer(brand: Brand, variants: Iterable[str] = Variant.values) -> list[Problem]:
    """`problems`, and what only the files can tell. Reads each file of the brand and measures its texts."""
    house, asked = House.read(), list(variants)
    found = [problem for variant in asked for problem in _in_files(brand, variant, house)]
    first = problems(brand, asked, house)
    return [*first, *(problem for problem in _once(found, asked) if problem not in first)]


def _once(found: list[Problem], asked: list[str]) -> list[Problem]:
    """What holds for all shapes is said once, for all."""
    everywhere: dict[Problem, int] = {}
    for problem in found:
        plain = replace(problem, variant="", url=problem.url.partition("?variant=")[0])
        everywhere[plain] = everywhere.get(plain, 0) + 1
    kept: dict[Problem, None] = {}
    for problem in found:
        plain = replace(problem, variant="", url=problem.url.partition("?variant=")[0])
        kept[plain if everywhere[plain] == len(asked) > 1 else problem] = None
    return sorted(kept, key=lambda problem: (problem.hint, problem.variant != ""))


# --- from rows --------------------------------------------------------------------------------------------------------


def _of_variant(brand: Brand, variant: str, house: House) -> Iterator[Problem]:
    layers = plates.visible_layers(brand.layers.all(), variant)
    if not layers and not any(plates.find_clip(brand, kind, variant) for kind in (ClipKind.INTRO, ClipKind.OUTRO)):
        yield _at_layout(brand, variant, "empty", _("Nothing is shown."), _("Add a layer, or make one visible again."))
    for layer in layers:
        yield from _lacking(brand, layer, variant, house)
        yield from _hardly_seen(brand, layer, variant)
    yield from _placed(brand, _shown(brand, layers, variant, house), variant, house)


def _at_layout(brand: Brand, variant: str, code: str, sentence: str, fix: str, hint: bool = False) -> Problem:
    url = f"{reverse('admin:brands_brand_layout', args=[brand.pk])}?variant={variant}"
    return Problem(variant, sentence, fix, url, code, hint)


def _lacking(brand: Brand, layer: Layer, variant: str, house: House) -> Iterator[Problem]:
    """What the layer needs and is not there."""
    words = {"layer": layer.name, "kind": layer.get_artwork_kind_display()}
    if layer.kind == LayerKind.IMAGE:
        picture = plates.find_artwork(brand, layer.artwork_kind, variant, house.pictures)
        if picture is None or not picture.sha256:
            sentence = _("%(layer)s shows the %(kind)s of the brand, and there is none.") % words
            yield Problem(variant, sentence, _("Add the picture."), _new_picture(brand, layer.artwork_kind), "missing")
    elif layer.kind == LayerKind.CLIP:
        if plates.find_clip(brand, ClipKind.MARK, variant) is None:
            sentence = _("%(layer)s shows the moving mark of the brand, and there is none in use.") % words
            yield Problem(variant, sentence, _("Add the clip, or put it to use."), _new_clip(brand), "missing")
    elif layer.font and not layer.font.sha256:
        sentence = _("%(layer)s has a font whose file is missing.") % words
        fix = _("Bring the font again, or choose another one.")
        yield Problem(variant, sentence, fix, reverse("admin:brands_font_change", args=[layer.font.pk]), "missing")


def _new_picture(brand: Brand, kind: str) -> str:
    kind = kind if kind in ArtworkKind.values else ArtworkKind.LOGO
    return f"{reverse('admin:brands_artwork_add')}?brand={brand.pk}&kind={kind}"


def _new_clip(brand: Brand) -> str:
    return f"{reverse('admin:brands_brandclip_add')}?brand={brand.pk}&kind={ClipKind.MARK}"


def _hardly_seen(brand: Brand, layer: Layer, variant: str) -> Iterator[Problem]:
    words = {"layer": layer.name, "low": f"{layer.opacity_low:g}"}
    if layer.adaptive and layer.opacity_low >= layer.opacity_high:
        sentence = _("%(layer)s adapts to the picture, but from %(low)s to %(low)s: it is always the same.") % words
        yield _at_layout(brand, variant, "range", sentence, _("Set two different opacities, or let it not adapt."))
    if (layer.opacity_high if layer.adaptive else layer.opacity) < FAINT:
        sentence = _("%(layer)s is so faint that hardly anybody will see it.") % words
        yield _at_layout(brand, variant, "faint", sentence, _("Raise its opacity, or hide the layer."))
    if layer.kind in stage.TEXTS and layer.box_opacity >= OPAQUE and _same(layer.text_colour, layer.box_colour):
        sentence = _("The letters of %(layer)s have the colour of their box.") % words
        yield _at_layout(brand, variant, "faint", sentence, _("Choose another colour for one of the two."))


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _shown(brand: Brand, layers: Iterable[Layer], variant: str, house: House) -> list[Shown]:
    """The layers whose box is known without measuring: pictures and moving marks."""
    canvas = layouts.canvas(variant, stage.SIZE)
    boxes = ((layer, _box(brand, layer, canvas, variant, house)) for layer in layers)
    return [
        Shown(layer, box, 0.0 if layer.full_frame or layer.kind == LayerKind.CLIP else layer.rotation)
        for layer, box in boxes
        if box
    ]


def _box(brand: Brand, layer: Layer, canvas: Canvas, variant: str, house: House) -> Box | None:
    if layer.kind == LayerKind.IMAGE:
        picture = plates.find_artwork(brand, layer.artwork_kind, variant, house.pictures)
        if picture and picture.width and picture.height:
            ratio = layouts.aspect(picture.width, picture.height, "" if layer.full_frame else layer.shape)
            place = (layer.x, layer.y, layer.width, ratio, layer.full_frame, layer.rotation)
            return layouts.image_box(canvas, *place)
    if layer.kind == LayerKind.CLIP and (clip := plates.find_clip(brand, ClipKind.MARK, variant)) and clip.facts:
        probe = Probe.from_dict(clip.facts)
        ratio = layouts.aspect(probe.display_width, probe.display_height)
        return layouts.even(layouts.image_box(canvas, layer.x, layer.y, layer.width, ratio, layer.full_frame))
    return None


def _placed(brand: Brand, layers: list[Shown], variant: str, house: House) -> Iterator[Problem]:
    """What is under signs of the platforms that the brand posts to, and what the render moves by itself. Layers that
    are pinned to an edge are meant to be moved.
    """
    for note in stage.notes(layers, variant, _zones(brand, variant, house)):
        row = next(layer.row for layer in layers if layer.row.name == note.layer)
        if note.tone == "warn":
            yield _at_layout(brand, variant, "covered", note.sentence, _("Move it inside."), hint=True)
        elif row.x not in (0, 100) and row.y not in (0, 100):
            yield _at_layout(
                brand, variant, "moved", note.sentence, _("Move it yourself, if it should stand elsewhere."), hint=True
            )


def _zones(brand: Brand, variant: str, house: House) -> list[SafeZone]:
    profile = _profile_of(brand)
    wanted = profile.platforms if profile else []
    return [zone for zone in house.zones if zone.variant == variant and zone.platform in wanted]


def _profile_of(brand: Brand) -> PublishingProfile | None:
    found: PublishingProfile | None = getattr(brand, "profile", None)  # no row is an AttributeError
    return found


def _profile(brand: Brand) -> Iterator[Problem]:
    """Hints: videos can be made without."""
    profile, page = _profile_of(brand), reverse("admin:brands_brand_change", args=[brand.pk])
    gaps = (
        (not (profile and profile.platforms), _("It is not said where the brand posts."), _("Name its platforms.")),
        (not (profile and profile.hashtags), _("The brand has no hashtags."), _("Write them down.")),
        (not (profile and profile.caption_ending), _("Its captions have no ending."), _("Write it down.")),
    )
    for missing, sentence, fix in gaps:
        if missing:
            yield Problem("", sentence, fix, page, "profile", hint=True)


# --- from files -------------------------------------------------------------------------------------------------------


def _in_files(brand: Brand, variant: str, house: House) -> Iterator[Problem]:
    layers = plates.visible_layers(brand.layers.all(), variant)
    for layer in layers:
        yield from _unreadable(brand, layer, variant, house)
    for kind in ClipKind.values:
        clip = plates.find_clip(brand, kind, variant)
        if clip and not default_storage.exists(str(clip.file.name)):
            words = {"clip": clip.get_kind_display()}
            sentence, page = _("The file of the %(clip)s is gone.") % words, _page(clip)
            yield Problem(variant, sentence, _("Bring it again."), page, "file")
    shown = stage.shown(brand, layers, variant)
    texts = [layer for layer in shown if layer.row.kind in stage.TEXTS and not layer.problem]
    yield from _placed(brand, texts, variant, house)
    yield from _without_signs(brand, variant)


def _unreadable(brand: Brand, layer: Layer, variant: str, house: House) -> Iterator[Problem]:
    picture = plates.find_artwork(brand, layer.artwork_kind, variant, house.pictures)
    if layer.kind == LayerKind.IMAGE and picture and picture.sha256:
        yield from _read(picture, variant, plates.open_artwork)
    if layer.kind in stage.TEXTS and layer.font and layer.font.sha256:
        yield from _read(layer.font, variant, plates.open_font)


def _read(row: Artwork | Font, variant: str, look: Callable[[str], bytes]) -> Iterator[Problem]:
    try:
        look(row.sha256)
    except MediaError as error:
        sentence = f"{_(error.sentence)} ({row})"
        yield Problem(variant, sentence, _(error.remedy), _page(row), "file")


def _page(row: Any) -> str:
    return reverse(f"admin:brands_{row._meta.model_name}_change", args=[row.pk])


def _without_signs(brand: Brand, variant: str) -> Iterator[Problem]:
    """Characters that no font here has. What is missing altogether was said before."""
    try:
        design = plates.design(brand, layouts.canvas(variant, stage.SIZE), variant)
        signs = "".join(
            missing_glyphs(part.plate, plates.open_font) for part in design.parts if isinstance(part, PlatePart)
        )
    except MediaError:
        return
    found = list(dict.fromkeys(signs))
    if found:
        named = ", ".join(f"{sign} (U+{ord(sign):04X})" for sign in found[:NAMED]) + (
            " …" if len(found) > NAMED else ""
        )
        sentence = _("No font here can draw %(signs)s. Its texts are drawn without.") % {"signs": named}
        yield _at_layout(brand, variant, "glyphs", sentence, _("Change the text, or bring a font that has them."))
