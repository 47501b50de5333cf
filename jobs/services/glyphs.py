"""What texts on videos will lack, because no font of this machine has it."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from django.utils.translation import gettext as _

from brands import plates
from brands.artwork import missing_glyphs
from brands.design import PlatePart
from brands.layouts import canvas
from brands.models import Brand, LayerKind
from jobs.media.errors import MediaError
from jobs.models import Asset
from jobs.services import cells
from jobs.services.options import BrandOptions

NAMED = 5


def warnings(
    sources: tuple[Asset, ...], brand: Brand, variants: tuple[str, ...], options: BrandOptions
) -> Iterable[str]:
    """One sentence at most. Credits say something else on each video, so each is asked about."""
    credited = any(layer.kind == LayerKind.CREDIT for layer in brand.layers.all())
    found: dict[str, None] = {}
    for source in sources if credited else sources[:1]:
        for name in variants:
            found |= dict.fromkeys(_missing(source, brand, name, options))
    if found:
        signs = ", ".join(f"{sign} (U+{ord(sign):04X})" for sign in list(found)[:NAMED])
        words = {"brand": brand, "signs": signs + (" …" if len(found) > NAMED else "")}
        yield _("%(brand)s: no font here can draw %(signs)s. Its texts are drawn without.") % words


def _missing(source: Asset, brand: Brand, variant: str, options: BrandOptions) -> Iterator[str]:
    with suppress(MediaError):  # what blocks a cell is said elsewhere
        design = plates.design(brand, canvas(variant, options.size), variant, cells.video(source))
        for part in design.parts:
            if isinstance(part, PlatePart):
                yield from missing_glyphs(part.plate, plates.open_font)
