"""The layout editor of a brand: one page, and what it asks for while somebody works on it.

The page sends the whole document (see `brands.layoutjson`) and gets places, pictures and refusals back; only `save`
keeps anything. Videos, their frames and true previews are asked of other apps by the names of their addresses.
"""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.cache import get_conditional_response
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from brands import layoutjson, layouts, plates, stage
from brands.layoutjson import LayoutError, Outdated, Protected
from brands.models import Artwork, Brand, Font, SafeZone, Variant
from brands.stage import Shown
from jobs.media.errors import MediaError

MOST_BYTES = 512 * 1024  # of a document: 60 layers with the longest texts on all variants are half of that
ARTWORK_EDGE = 1080
NO_UUID = "00000000-0000-0000-0000-000000000000"  # stands in an address until the page knows the video


def urls() -> list[URLPattern]:
    """For the addresses of the brands' admin."""
    views: dict[str, Callable[..., HttpResponse]] = {
        "": page,
        "save/": save,
        "boxes/": boxes,
        "text/": text,
        "artwork/<int:artwork>/": artwork_picture,
    }
    return [
        path(f"<int:pk>/layout/{address}", admin.site.admin_view(view, cacheable=True), name=name_of(view))
        for address, view in views.items()
    ]


def name_of(view: Callable[..., HttpResponse]) -> str:
    name = view.__name__
    return "brands_brand_layout" if name == "page" else f"brands_brand_layout_{name}"


# --- the page -------------------------------------------------------------------------------------------------------


@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The editor; for those who may not change the brand, and for protected brands, to look at."""
    brand = _brand(request, pk)
    variant = request.GET.get("variant", "")
    variant = variant if variant in Variant.values else Variant.VERTICAL
    shown = {
        **admin.site.each_context(request),
        "title": _("Lay out %(brand)s") % {"brand": brand.name},
        "brand": brand,
        "editable": may_edit(request, brand),
        "variants": [(value, label, value == variant) for value, label in Variant.choices],
        "data": _data(request, brand, variant),
    }
    return render(request, "brands/editor.html", shown)


def may_edit(request: HttpRequest, brand: Brand) -> bool:
    return bool(request.user.has_perm("brands.change_brand")) and not brand.locked


def _brand(request: HttpRequest, pk: int) -> Brand:
    brand: Brand | None = Brand.objects.for_user(request.user).filter(pk=pk).first()
    if brand is None:
        raise Http404
    return brand


def _data(request: HttpRequest, brand: Brand, variant: str) -> dict[str, Any]:
    """All that the page's script begins with."""
    return {
        "document": layoutjson.read(brand),
        "schema": {
            part: {name: {**about.as_json(), "label": capfirst(about.label)} for name, about in fields.items()}
            for part, fields in layoutjson.schema().items()
        },
        "variants": [_variant(value, str(label)) for value, label in Variant.choices],
        "variant": variant,
        "zones": [_zone(zone) for zone in SafeZone.objects.all()],  # guidance for whoever may lay a brand out
        "fonts": [[str(font.uuid), font.name] for font in _fonts(brand)],
        "pictures": sorted({artwork.kind for artwork in _artwork(brand)}),
        "urls": _urls(brand, request.user),
        "brand": brand.pk,
        "editable": may_edit(request, brand),
        "texts": texts(),
    }


def _variant(value: str, label: str) -> dict[str, Any]:
    canvas = layouts.canvas(value, stage.SIZE)
    return {"value": value, "label": label, "width": canvas.width, "height": canvas.height}


def _zone(zone: SafeZone) -> dict[str, Any]:
    sides = {side: getattr(zone, side) for side in ("top", "right", "bottom", "left")}
    checked = zone.checked_on.isoformat() if zone.checked_on else ""
    return {
        "id": zone.pk,
        "name": zone.name,
        "variant": zone.variant,
        "source": zone.source,
        "checked": checked,
        **sides,
    }


def _fonts(brand: Brand) -> Any:
    return Font.objects.filter(brand=None) | Font.objects.filter(brand=brand)


def _artwork(brand: Brand) -> Any:
    return Artwork.objects.filter(brand=None) | Artwork.objects.filter(brand=brand)


def _urls(brand: Brand, user: Any) -> dict[str, str]:
    """Those of the editor, and what other apps offer this person; "" for what they do not."""
    sees_videos = any(user.has_perm(f"jobs.{verb}_asset") for verb in ("view", "change"))
    own = {name: reverse(f"admin:brands_brand_layout_{name}", args=[brand.pk]) for name in ("save", "boxes", "text")}
    others = {
        "videos": _address("jobs:videos") if sees_videos else "",
        "poster": _address("jobs:asset-poster", NO_UUID),
        "frame": _address("jobs:frame", NO_UUID),
        "preview": _address("jobs:preview"),
    }
    return {**own, **others, "placeholder": NO_UUID}


def _address(name: str, *args: str) -> str:
    """Of a page of another app; "" when this studio has none."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


# --- what the page asks for ------------------------------------------------------------------------------------------


@require_POST
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes {"document"}; answers with the document as saved, or says what is wrong and keeps all as it was."""
    brand = _brand(request, pk)
    try:
        saved = layoutjson.save(brand, _posted(request).get("document"), request.user)
    except Outdated as error:
        return JsonResponse({"problems": _problems(error), "document": error.document}, status=409)
    except Protected as error:
        return JsonResponse({"problems": _problems(error)}, status=403)
    except LayoutError as error:
        return JsonResponse({"problems": _problems(error)}, status=400)
    if saved.changed:
        _note_change(request, brand)
    sentences = [_("Saved."), *saved.said] if saved.changed else [_("Nothing had changed.")]
    return JsonResponse({"document": saved.document, "sentence": " ".join(sentences)})


def _note_change(request: HttpRequest, brand: Brand) -> None:
    """In the history of the brand."""
    user: Any = request.user
    LogEntry.objects.log_actions(user.pk, [brand], CHANGE, change_message=_("Layout changed."), single_object=True)


@require_POST
def boxes(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes {"document", "variant", "zones"}; answers where everything is on that variant, and what is to be said."""
    brand, data = _brand(request, pk), _posted(request)
    variant = data.get("variant")
    if variant not in Variant.values:
        raise Http404
    try:
        layers = stage.shown(brand, layoutjson.parse(data.get("document"), brand), variant)
    except LayoutError as error:
        return JsonResponse({"problems": _problems(error)}, status=400)
    return JsonResponse(_places(brand, layers, variant, _zones(data.get("zones"), variant)))


def _zones(wanted: Any, variant: str) -> list[SafeZone]:
    chosen = {one for one in wanted if isinstance(one, int)} if isinstance(wanted, list) else set()
    return [zone for zone in SafeZone.objects.filter(variant=variant) if zone.pk in chosen]


def _places(brand: Brand, layers: list[Shown], variant: str, zones: list[SafeZone]) -> dict[str, Any]:
    canvas = layouts.canvas(variant, stage.SIZE)
    return {
        "variant": variant,
        "canvas": [canvas.width, canvas.height],
        "safe": _box(layouts.safe_area(canvas)),
        "layers": {layer.row.name: _place(brand, layer, canvas) for layer in layers},
        "notes": [vars(note) for note in stage.notes(layers, variant, zones)],
    }


def _place(brand: Brand, layer: Shown, canvas: layouts.Canvas) -> dict[str, Any]:
    x, y = layouts.centre(canvas, layer.box)
    return {
        "box": _box(layer.box),
        "bounds": _box(layouts.turned(layer.box, layer.rotation)),
        "centre": [x, y],
        "rotation": layer.rotation,
        "full": layer.full,
        "opacity": stage.opacity(layer.row),
        "problem": layer.problem,
        "picture": _picture(brand, layer),
    }


def _picture(brand: Brand, layer: Shown) -> str:
    if not layer.artwork:
        return ""
    address = reverse("admin:brands_brand_layout_artwork_picture", args=[brand.pk, layer.artwork.pk])
    return f"{address}?v={layer.artwork.sha256[:12]}"


def _box(box: layouts.Box) -> list[int]:
    return [box.x, box.y, box.width, box.height]


@require_POST
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes {"document" of one layer, "variant"}; answers with the text as the render draws it, upright, as PNG."""
    brand, data = _brand(request, pk), _posted(request)
    variant = data.get("variant")
    try:
        rows = layoutjson.parse(data.get("document"), brand)
    except LayoutError as error:
        return JsonResponse({"problems": _problems(error)}, status=400)
    row = next(iter(plates.visible_layers(rows, str(variant))), None)
    if variant not in Variant.values or row is None or row.kind not in stage.TEXTS:
        raise Http404
    try:
        return HttpResponse(
            stage.text_png(brand, row, variant), content_type="image/png", headers={"Cache-Control": "no-store"}
        )
    except MediaError as error:
        return JsonResponse({"problems": [{"path": "", "sentence": stage.told(error)}]}, status=400)


@require_safe
def artwork_picture(request: HttpRequest, pk: int, artwork: int) -> HttpResponse:
    """A picture that the brand may use, large enough to be laid out with."""
    found = _artwork(_brand(request, pk)).filter(pk=artwork).first()
    if found is None:
        raise Http404
    etag = f'"{found.sha256}-{ARTWORK_EDGE}"'
    response: Any = get_conditional_response(request, etag=etag)
    try:
        response = response or HttpResponse(plates.picture_png(found, ARTWORK_EDGE), content_type="image/png")
    except MediaError as error:
        raise Http404(stage.told(error)) from error
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=3600"  # another picture has another address
    return response  # type: ignore[no-any-return]  # a response, or the 304 of Django's helper


def _posted(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request; {} for anything else, which the checks then refuse."""
    if len(request.body) > MOST_BYTES:
        return {}
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _problems(error: LayoutError) -> list[dict[str, str]]:
    return [vars(problem) for problem in error.problems]


# --- words ----------------------------------------------------------------------------------------------------------


def texts() -> dict[str, Any]:
    """What the page's script says. Names in braces are filled in by it."""
    return {
        "added": _("{name} was added."),
        "backward": _("Move {name} backward"),
        "chooseVideo": _("Choose a video under “Behind” to see its frame as the render makes it."),
        "copied": _("Copied."),
        "describe": _("{name}: x {x} %, y {y} %, size {size} %, turned by {rotation}°"),
        "describeFull": _("{name}: covers the whole frame, {width} %"),
        "describeHidden": _("{name}: hidden"),
        "describeNone": _("{name}: not on this variant"),
        "drawing": _("Rendering the frame …"),
        "duplicate": _("Duplicate"),
        "editsAll": _("Changes of the place count for all variants without a place of their own."),
        "editsHere": _("Changes of the place count for {variant} only."),
        "elsewhere": _("not here"),
        "failed": _("That did not work, and nothing was lost. Try again."),
        "fields": _("The chosen layer"),
        "fixed": _("This layer is locked or covers the whole frame: it cannot be moved."),
        "forbidden": _(
            "You may not do that, or you were signed out. Nothing was lost: look in another tab, then try again."
        ),
        "forward": _("Move {name} forward"),
        "groupLook": _("Strength"),
        "groupPlace": _("Place"),
        "groupTime": _("Time"),
        "groupWhat": _("What is shown"),
        "hide": _("Hide {name}"),
        "lock": _("Lock {name}"),
        "moveInside": _("Move it inside"),
        "movedBackward": _("{name} is further back now."),
        "movedForward": _("{name} is further to the front now."),
        "name": _("Name"),
        "newCredit": _("Video: {author}"),
        "newText": _("Your text"),
        "notCopied": _("Your browser does not let this page copy."),
        "notHere": _("This layer is not on {variant}."),
        "nothingChosen": _("Choose a layer on the canvas or in the list."),
        "nowHidden": _("{name} is hidden."),
        "nowLocked": _("{name} is locked."),
        "nowOwn": _("{layer} has a place of its own on {variant}."),
        "nowShared": _("{layer} is on {variant} where it is on all variants."),
        "nowUnlocked": _("{name} is not locked any more."),
        "nowVariant": _("Shown: {variant}"),
        "nowVisible": _("{name} is visible."),
        "offline": _("The studio does not answer. Nothing was lost: try again in a moment."),
        "onlyThere": _("Only on some variants"),
        "ownContent": _("On {variant} this layer has its own: {fields}."),
        "ownCount": _("Layers with a place of their own: {count}"),
        "ownPlace": _("own place"),
        "ownSwitch": _("Own place on {variant}"),
        "picker": _("{field}, chosen by eye"),
        "pinNames": [
            _("Top left"),
            _("Top"),
            _("Top right"),
            _("Left"),
            _("Middle"),
            _("Right"),
            _("Bottom left"),
            _("Bottom"),
            _("Bottom right"),
        ],
        "pins": _("Put it to"),
        "previewOnly": _("Preview only: {variant} at {time}, with what is not saved yet. No output is made of it."),
        "previewSaved": _("Selected for output: {variant} at {time}, as it is saved."),
        "redone": _("Done again."),
        "remove": _("Delete"),
        "removed": _("{name} was deleted."),
        "reset": _("Reset"),
        "saving": _("Saving …"),
        "signedOut": _("You were signed out. Nothing was lost: sign in in another tab, then save again."),
        "studioFont": _("Inter (the studio's own)"),
        "takenBack": _("Taken back."),
        "theirsShown": _("This is what was saved. Undo brings yours back."),
        "undone": _("Undone."),
        "unhide": _("Show {name}"),
        "unlock": _("Unlock {name}"),
        "unsaved": _("Not saved yet."),
        "writeDown": _("Write this place down"),
        "wrongColour": _("Write a colour as # and six hex digits, for example #ff8800."),
        "wrongNumber": _("Write a number from {low} to {high}."),
    }
