"""The form of artwork: what is to be cut from a picture, shown before it is saved."""

import io
from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageDraw

from brands import cutout, intake
from brands.intake import Wishes
from brands.models import Artwork
from jobs.media import errors
from jobs.media.errors import MediaError
from wtfsite import theme
from wtfsite.lib import process

ACCEPT = {"accept": "image/png,image/jpeg,image/webp,image/gif"}
PREVIEW_EDGE = 480  # pixels
CHECK = 12  # pixels: a square of the ground of previews
GREYS = (200, 200, 200), (150, 150, 150)
GROUNDS = [
    (cutout.AS_IT_IS, _("as it is")),
    (cutout.DARK, _("remove the dark ground")),
    (cutout.LIGHT, _("remove the light ground")),
    (cutout.AUTO, _("remove whichever it is")),
]
CUTS = ("ground", "strength", "trim")


class Slider(forms.NumberInput):
    input_type = "range"


class CutForm(forms.Form):
    """What may be cut away. All of it may be left out."""

    ground = forms.ChoiceField(
        label=_("Ground"),
        choices=GROUNDS,
        required=False,
        widget=theme.SelectWidget,
        help_text=_("For logos on one plain colour. What the logo encloses stays."),
    )
    strength = forms.IntegerField(
        label=_("Strength"),
        min_value=0,
        max_value=cutout.STRONGEST,
        initial=cutout.STRENGTH,
        required=False,
        widget=Slider(attrs={"data-cutout": reverse_lazy("admin:brands_artwork_cutout")}),
        help_text=_("0 to 150. To change it later, choose the file again: what was cut away is not kept."),
    )
    trim = forms.BooleanField(label=_("Trim empty margins"), required=False, widget=theme.SwitchWidget)

    def wishes(self) -> Wishes:
        """Of a form that was read; what is wrong in it counts as left out."""
        said = self.cleaned_data
        strength = said.get("strength")
        return Wishes(
            ground=said.get("ground", ""),
            strength=cutout.STRENGTH if strength is None else strength,
            trim=said.get("trim", False),
            longest=intake.longest(said.get("kind", "")),
        )


class PreviewForm(CutForm):
    kind = forms.CharField(required=False)
    file = forms.FileField()


class ArtworkForm(forms.ModelForm, CutForm):
    """Has the picture rebuilt before it is kept, and says what is wrong with it."""

    class Meta:
        model = Artwork
        fields = ["brand", "kind", "variant", "file"]
        widgets = {"file": theme.FileWidget(attrs=ACCEPT)}
        help_texts = {
            "file": _("PNG (best, with transparency), JPEG, WebP or GIF, at most 20 MB. It is kept as a new PNG.")
        }

    class Media:
        js = ["wtfsite/cutout.js"]

    def clean(self) -> None:
        super().clean()
        file = self.cleaned_data.get("file")
        if isinstance(file, UploadedFile):
            self._take_in(file)
        elif file and (self.cleaned_data.get("ground") or self.cleaned_data.get("trim")):
            self.add_error("file", _("Choose the file again: only what is uploaded now can be cut."))

    def _take_in(self, file: UploadedFile) -> None:
        try:
            self.cleaned_data["file"] = intake.take_in(self.instance, file, wishes=self.wishes())
        except MediaError as error:
            self.add_error("file", ValidationError(told(error)))


def wishes_for(request: HttpRequest, name: str) -> Wishes:
    """What the form says of the file in the field `name`, before the form itself is read."""
    form = PreviewForm(request.POST, prefix=name.rpartition("-")[0] or None)
    form.full_clean()
    return form.wishes()


def preview(request: HttpRequest, run: process.Runner) -> HttpResponse:
    """What would be kept of an uploaded picture, small, on checks; with status 422 a sentence that says why not."""
    form = PreviewForm(request.POST, request.FILES)
    if not form.is_valid():
        return HttpResponseBadRequest(gettext("Choose a file."), content_type="text/plain")
    try:
        image = intake.picture_of(form.cleaned_data["file"], run, replace(form.wishes(), longest=PREVIEW_EDGE))
    except MediaError as error:
        return HttpResponse(told(error), status=422, content_type="text/plain")
    return HttpResponse(_on_checks(image), content_type="image/png", headers={"Cache-Control": "no-store"})


def _on_checks(image: Image.Image) -> bytes:
    shown = Image.new("RGB", image.size, GREYS[0])
    draw = ImageDraw.Draw(shown)
    for top in range(0, image.height, CHECK):
        for left in range(top % (2 * CHECK), image.width, 2 * CHECK):
            draw.rectangle((left, top, left + CHECK - 1, top + CHECK - 1), fill=GREYS[1])
    shown.paste(image, mask=image.getchannel("A"))
    target = io.BytesIO()
    shown.save(target, "PNG", compress_level=intake.QUICK)
    return target.getvalue()


class Cuts:
    """A page, or rows of one, with what may be cut: not where there is nothing but to look at."""

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)  # type: ignore[misc]  # Django's base class
        may = obj is None or self.has_change_permission(request, obj)  # type: ignore[attr-defined]  # Django's
        return fields if may else [name for name in fields if name not in CUTS]


def told(error: MediaError) -> str:
    """What happened, the detail, what to do."""
    return errors.told(gettext(error.sentence), error.detail and gettext(error.detail), gettext(error.remedy))
