"""How a video is laid into each shape: the page on which that is set, and the frames that it shows.

The page is a plain form; a script adds the pictures that can be dragged. Both ask the same form of ours.
"""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from brands import layouts
from brands.models import Variant
from jobs.media import errors, reframe
from jobs.media.errors import MediaError
from jobs.media.reframe import Frame
from jobs.models import Asset, Fit, Turn
from jobs.services import adjust, frames, reframing, stale
from jobs.services.preview import EDGE, Busy, Preview

LEAST_CROP = 2.0  # percent


class Percent(forms.FloatField):
    """A share of 0 to 1, as people write it."""

    def __init__(self, label: Any, least: float = 0.0) -> None:
        super().__init__(label=label, min_value=least, max_value=100, step_size=None)
        self.widget.attrs["step"] = "any"

    def clean(self, value: Any) -> float:
        percent: float = super().clean(value)
        return round(percent / 100, 6)

    def prepare_value(self, value: Any) -> Any:
        return f"{100 * value:.6g}" if isinstance(value, float) else value


class ReframeForm(forms.Form):
    """A Frame."""

    fit = forms.ChoiceField(label=gettext_lazy("When the shape differs"), choices=Fit.choices)
    turn = forms.TypedChoiceField(label=gettext_lazy("Turn"), choices=Turn.choices, coerce=int)
    mirror = forms.BooleanField(label=gettext_lazy("Mirror"), required=False)
    crop_left = Percent(gettext_lazy("Left"))
    crop_top = Percent(gettext_lazy("Top"))
    crop_width = Percent(gettext_lazy("Width"), LEAST_CROP)
    crop_height = Percent(gettext_lazy("Height"), LEAST_CROP)
    zoom = forms.FloatField(
        label=gettext_lazy("Zoom"),
        min_value=reframe.LEAST_ZOOM,
        max_value=reframe.MOST_ZOOM,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    pan_x = Percent(gettext_lazy("Across"))
    pan_y = Percent(gettext_lazy("Down"))

    def clean(self) -> dict[str, Any]:
        """What would reach out of the picture is refused rather than moved."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        for start, length in (("crop_left", "crop_width"), ("crop_top", "crop_height")):
            if start in given and length in given and given[start] + given[length] > 1.000001:
                self.add_error(length, _("The cut reaches out of the picture."))
        return given

    @property
    def frame(self) -> Frame:
        """Call on a valid form."""
        given = self.cleaned_data
        crop = (given["crop_left"], given["crop_top"], given["crop_width"], given["crop_height"])
        pan = (given["pan_x"], given["pan_y"])
        return Frame(given["fit"], given["turn"], given["mirror"], crop, given["zoom"], pan)


class FrameForm(forms.Form):
    """Which frame of a video somebody wants to see; `size` is its longer edge."""

    at_ms = forms.IntegerField(min_value=0, max_value=10**9, required=False)
    variant = forms.ChoiceField(choices=Variant.choices)
    size = forms.IntegerField(min_value=32, max_value=1280, required=False)
    raw = forms.BooleanField(required=False)


# --- a frame --------------------------------------------------------------------------------------------------------


@require_safe
def frame(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One frame of a video on the canvas of `variant`, without a brand: laid out as it was set for the video, or as the
    parameters of ReframeForm say. With `raw` all of the picture. A JPEG with an ETag, or {"error": sentence}.
    """
    asset = get_object_or_404(Asset.objects.for_user(request.user), uuid=uuid)
    asked, given = FrameForm(request.GET), ReframeForm(request.GET) if "zoom" in request.GET else None
    for form in (asked, given):
        if form and not form.is_valid():
            return JsonResponse({"error": _sentence(form)}, status=400)
    if not asset.file:
        raise Http404
    try:
        return _answer(request, _still(asset, asked.cleaned_data, given.frame if given else None))
    except Busy:
        sentence = _("Too many frames are being made at this moment. Try again in a few seconds.")
        return JsonResponse({"error": sentence}, status=503, headers={"Retry-After": "2"})
    except MediaError as error:
        return JsonResponse({"error": errors.told(_(error.sentence), "", _(error.remedy))}, status=422)


def _sentence(form: forms.Form) -> str:
    """All that is wrong, with the names of the fields."""
    said = []
    for name, problems in form.errors.items():
        label = form[name].label if name in form.fields else ""
        said += [f"{label}: {problem}" if label else str(problem) for problem in problems]
    return " ".join(said)


def _still(asset: Asset, asked: dict[str, Any], given: Frame | None) -> Preview:
    make = frames.whole if asked["raw"] else frames.laid
    return make(asset, asked["variant"], 1000 * (asked["at_ms"] or 0), asked["size"] or EDGE, given)


def _answer(request: HttpRequest, still: Preview) -> HttpResponse:
    etag = f'"{still.key}"'
    answer: Any = get_conditional_response(request, etag=etag) or HttpResponse(still.draw(), content_type=still.type)
    answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-cache"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer  # type: ignore[no-any-return]  # Django's helper is untyped


# --- the page -------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, asset: Asset, context: dict[str, Any], editable: bool) -> HttpResponse:
    """One video in one shape. POST keeps what was set, for this shape or (`all`) for all, or (`reset`) forgets it."""
    variant = request.GET.get("variant", "")
    variant = variant if variant in Variant.values else Variant.VERTICAL
    form = ReframeForm(request.POST if request.method == "POST" else None, initial=_initial(asset, variant))
    if request.method == "POST":
        if not editable:
            raise PermissionDenied
        if "reset" in request.POST or form.is_valid():
            _keep(request, asset, variant, form)
            return redirect(f"{reverse('admin:jobs_asset_reframe', args=[asset.pk])}?variant={variant}")
    if not editable:
        for field in form.fields.values():
            field.disabled = True
    groups = {name: [form[field] for field in form.fields if field.startswith(name)] for name in ("crop", "pan")}
    shown = {**context, **_about(asset, variant), **groups, "form": form, "editable": editable}
    return render(request, "jobs/reframe.html", shown, status=400 if form.errors else 200)


def _initial(asset: Asset, variant: str) -> dict[str, Any]:
    row = reframing.row_of(asset, variant)
    return reframing.values(reframing.frame(row) if row else Frame())


def _keep(request: HttpRequest, asset: Asset, variant: str, form: ReframeForm) -> None:
    variants = Variant.values if "all" in request.POST else [variant]
    if "reset" in request.POST:
        counts = adjust.reframe(asset, [variant], None)
        text = _("Nothing is set by hand any more: each job lays the video out as it is ordered.")
    else:
        counts = adjust.reframe(asset, variants, form.frame)
        count = len(variants)
        text = ngettext("Saved for %(count)d shape.", "Saved for %(count)d shapes.", count) % {"count": count}
    messages.success(request, " ".join([text, stale.words(counts)]).strip())


def _about(asset: Asset, variant: str) -> dict[str, Any]:
    own = {row.variant for row in asset.reframes.all()}
    canvas = layouts.canvas(variant, 1080)
    return {
        "title": _("Reframe %(video)s") % {"video": asset},
        "asset": asset,
        "variant": variant,
        "own": variant in own,
        "variants": [(value, label, value == variant, value in own) for value, label in Variant.choices],
        "data": {
            "frame": reverse("jobs:frame", args=[asset.uuid]) if asset.file and asset.probe else "",
            "variant": variant,
            "canvas": [canvas.width, canvas.height],
            "duration_ms": asset.duration_us // 1000,
            "at_ms": asset.duration_us // 3000,
            "texts": _texts(),
        },
    }


def _texts() -> dict[str, str]:
    return {
        "drawing": _("Drawing …"),
        "shown": _("As the render lays it out."),
        "failed": _("The frame could not be made."),
        "offline": _("The studio cannot be reached."),
        "signedOut": _("You are signed out. Sign in again in another tab."),
        "unsaved": _("Not saved yet."),
    }
