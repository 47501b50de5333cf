"""Pictures of what a render makes, for other pages: of a brand as it is saved, or of a layout that is not.

GET and POST take the same values; POST may bring `layout`, the document of the layout editor. What goes wrong is told
as JSON: {"error": sentence and remedy, "problems": [{"path", "sentence"}]}.

The other functions say for templates what is to be asked.
"""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from brands import layoutjson
from brands.layoutjson import LayoutError
from brands.models import Brand, Layer, Variant
from jobs.media import errors
from jobs.media.errors import MediaError
from jobs.models import Asset, AssetState, Fit, Output
from jobs.services import preview as service
from jobs.services.options import BrandOptions
from jobs.services.preview import Busy, Preview, Wanted

MOST_BYTES = 512 * 1024  # of a layout, as the editor's own
LONGEST_MS = 86_400_000
AGAIN = 2  # seconds


class Question(forms.Form):
    """`size` is the longer edge of the picture and `pixels` the size of the render, both in pixels."""

    asset = forms.UUIDField()
    brand = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    variant = forms.ChoiceField(choices=Variant.choices)
    at_ms = forms.IntegerField(required=False, min_value=0, max_value=LONGEST_MS)
    size = forms.IntegerField(required=False, min_value=32, max_value=1920)
    pixels = forms.TypedChoiceField(required=False, choices=[(1080, ""), (720, "")], coerce=int)
    fit = forms.ChoiceField(required=False, choices=Fit.choices)
    without = forms.BooleanField(required=False)

    def options(self) -> BrandOptions:
        return BrandOptions(size=self.cleaned_data["pixels"] or 1080, fit=self.cleaned_data["fit"] or Fit.FILL)


class Refused(Exception):
    """The answer to give in place of a picture."""

    def __init__(self, status: int, sentence: str, problems: list[dict[str, str]] | None = None) -> None:
        super().__init__(sentence)
        self.answer = JsonResponse({"error": sentence, "problems": problems or []}, status=status)
        self.answer["Cache-Control"] = "no-store"


@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest) -> HttpResponse:
    """A frame with a brand; `without=1` leaves the brand out, for a look at before and after."""
    try:
        if not any(request.user.has_perm(f"jobs.{verb}_asset") for verb in ("view", "change")):
            raise Refused(403, _("You may not look at videos."))
        data = _posted(request) if request.method == "POST" else request.GET
        return _answer(request, _wanted(request, data, data.get("layout")))
    except Refused as refused:
        return refused.answer


def _posted(request: HttpRequest) -> dict[str, Any]:
    if len(request.body) > MOST_BYTES:
        raise Refused(413, _("This layout is too large."))
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise Refused(400, _("This is not a question for a preview: send a JSON object."))
    return data


def _wanted(request: HttpRequest, data: Any, layout: Any) -> Wanted:
    question = Question(data)
    if not question.is_valid():
        wrong = {name: " ".join(map(str, said)) for name, said in question.errors.items()}
        problems = [{"path": name, "sentence": f"{name}: {sentence}"} for name, sentence in wrong.items()]
        raise Refused(400, " ".join(problem["sentence"] for problem in problems), problems)
    asked = question.cleaned_data
    brand = _brand(request, asked["brand"])
    return Wanted(
        asset=_asset(request, asked["asset"]),
        brand=None if asked["without"] else brand,
        variant=asked["variant"],
        at_us=1000 * (asked["at_ms"] or 0),
        edge=asked["size"] or service.EDGE,
        options=question.options(),
        layers=_layers(layout, brand) if layout is not None and brand else None,
    )


def _asset(request: HttpRequest, uuid: UUID) -> Asset:
    asset: Asset | None = Asset.objects.for_user(request.user).filter(uuid=uuid).first()
    if asset is None:
        raise Refused(404, _("There is no such video. Choose another one."))
    if not has_frames(asset):
        raise Refused(409, _("The file of this video is not here. Fetch or upload it again, or choose another video."))
    return asset


def _brand(request: HttpRequest, pk: int | None) -> Brand | None:
    if pk is None:
        return None
    brand: Brand | None = Brand.objects.for_user(request.user).filter(pk=pk).first()
    if brand is None:
        raise Refused(404, _("There is no such brand."))
    return brand


def _layers(layout: Any, brand: Brand) -> list[Layer]:
    try:
        return layoutjson.parse(layout, brand)
    except LayoutError as error:
        problems = [vars(problem) for problem in error.problems]
        raise Refused(400, " ".join(problem["sentence"] for problem in problems), problems) from error


def _answer(request: HttpRequest, wanted: Wanted) -> HttpResponse:
    try:
        found = service.plan(wanted)
        etag = f'"{found.key}"'
        response = get_conditional_response(request, etag=etag) or _picture(found)
    except Busy as busy:
        refused = Refused(503, _("Other previews are being made just now. This one is tried again in a moment."))
        refused.answer["Retry-After"] = str(AGAIN)
        raise refused from busy
    except MediaError as error:
        raise Refused(422, _told(error)) from error
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"  # a brand may change at any moment: ask, and be told 304
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _picture(found: Preview) -> HttpResponse:
    return HttpResponse(found.draw(), content_type=found.type)


def _told(error: MediaError) -> str:
    return errors.told(_(error.sentence), error.detail and _(error.detail), _(error.remedy))


# --- for other pages -------------------------------------------------------------------------------------------------


def has_frames(asset: Asset) -> bool:
    """Whether its file is here, and known to be a video."""
    return asset.state == AssetState.READY and bool(asset.file) and bool(asset.probe and asset.probe.video)


def of_output(output: Output) -> dict[str, str] | None:
    """What `jobs/_compare.html` shows: the output's video without and with its brand, a moment after the beginning."""
    if not has_frames(output.source):
        return None
    options = BrandOptions.from_json(output.job.options)
    after = address(output.source, output.brand, output.variant, options, size=720)
    return {
        "before": f"{after}&without=1",
        "after": after,
        "variant": output.variant,
        "caption": _("The brand was changed since: this is what a new render would make.")
        if output.stale_since
        else _("Selected for output: the brand as it is saved."),
    }


def looks(
    videos: Iterable[Asset], brands: Iterable[Brand], variants: Iterable[str], options: BrandOptions
) -> list[dict[str, str]]:
    """What `jobs/_looks.html` shows: the first of the videos that is here, with every brand in every shape."""
    asset = next(filter(has_frames, videos), None)
    if asset is None:
        return []
    shapes = list(variants)
    return [
        {
            "address": address(asset, brand, variant, options, size=320),
            "label": f"{brand.name} · {Variant(variant).label}",
            "variant": variant,
        }
        for brand in brands
        for variant in shapes
    ]


def address(asset: Asset, brand: Brand, variant: str, options: BrandOptions, size: int) -> str:
    values = {"asset": asset.uuid, "brand": brand.pk, "variant": variant, "at_ms": moment(asset)}
    shape = {"size": size, "pixels": options.size, "fit": options.fit}
    return f"{reverse('jobs:preview')}?{urlencode({**values, **shape})}"


def moment(asset: Asset) -> int:
    """Milliseconds: a second after the beginning, as the posters, or the middle of what is shorter than two."""
    return min(1000, asset.duration_us // 2000)
