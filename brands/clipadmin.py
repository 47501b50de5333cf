"""Admin pages of clips."""

import io
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from PIL import Image

from brands import clipintake, plates
from brands.importing.filing import drop_unheld
from brands.layouts import canvas
from brands.models import BrandClip, Variant
from brands.protection import OfABrand
from brands.telling import tell
from jobs.media import errors
from jobs.media.errors import MediaError
from jobs.media.probe import Probe
from wtfsite import theme
from wtfsite.lib import process

ACCEPT = {"accept": "video/webm,video/mp4,video/quicktime,.webm,.mp4,.mov,.mkv"}
GROUND = (128, 128, 128, 255)


class ClipForm(forms.ModelForm):
    """Has the clip looked at before it is kept, and says what is wrong with it."""

    class Meta:
        model = BrandClip
        fields = ["brand", "kind", "variant", "active", "file"]
        widgets = {"file": theme.FileWidget(attrs=ACCEPT)}
        help_texts = {
            "file": _(
                "A mark: WebM (VP9) with transparency; MP4 has none. An intro or outro: any video with a picture. It is"
                " kept as it is."
            )
        }

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if isinstance(file, UploadedFile):
            try:
                return clipintake.take_in(self.instance, file)
            except MediaError as error:
                raise ValidationError(_told(error)) from error
        return file


@admin.register(BrandClip)
class ClipAdmin(OfABrand, theme.ModelAdmin):
    form = ClipForm
    list_display = ["picture", "brand", "kind", "shape", "facts_line", "active"]
    list_display_links = ["picture", "brand"]
    list_filter = ["kind", "active", "brand"]
    list_select_related = ["brand"]
    search_fields = ["original_name", "brand__name"]
    fields = ["brand", ("kind", "variant"), "file", "active", "picture", "facts_line", "original_name"]
    readonly_fields = ["picture", "facts_line", "original_name"]

    run: process.Runner = staticmethod(process.run)

    @theme.display(description=_("picture"))
    def picture(self, clip: BrandClip) -> str:
        if not clip.pk:
            return "–"
        address = reverse("admin:brands_brandclip_picture", args=[clip.pk])
        return format_html('<img src="{}" alt="{}" height="56" loading="lazy" decoding="async">', address, clip)

    @theme.display(description=_("variant"), ordering="variant")
    def shape(self, clip: BrandClip) -> str:
        return str(clip.get_variant_display() or gettext("all variants"))

    @theme.display(description=_("what it is"))
    def facts_line(self, clip: BrandClip) -> str:
        return Probe.from_dict(clip.facts).summary() if clip.facts else "–"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "variant":
            field.choices = [("", _("all variants")), *Variant.choices]
        return field

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.picture_view, cacheable=True)
        return [path("<int:pk>/picture/", view, name="brands_brandclip_picture"), *super().get_urls()]

    def picture_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One frame of the clip, small, on grey; when there is none, a picture that says why."""
        clip = self.get_queryset(request).filter(pk=pk).first()
        if clip is None:
            raise Http404
        if not self.has_view_permission(request, clip):
            raise PermissionDenied
        try:
            data = _on_grey(clipintake.still(clip))
        except MediaError as error:
            notice = plates.notice_png(_told(error), canvas("square", 720), 288)
            return HttpResponse(notice, content_type="image/png", headers={"Cache-Control": "no-store"})
        return HttpResponse(data, content_type="image/png", headers={"Cache-Control": "private, no-cache"})

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        for _name, files in request.FILES.lists():  # before the form, which is read in a transaction
            for file in files:
                clipintake.look(file, self.run)
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return response

    def save_model(self, request: HttpRequest, obj: BrandClip, form: Any, change: bool) -> None:
        rows = BrandClip.objects.filter(pk=obj.pk)
        before, brands = _files(rows), {*rows.values_list("brand", flat=True), obj.brand_id}
        super().save_model(request, obj, form, change)
        drop_unheld(before)
        for sentence in clipintake.advice(obj):
            self.message_user(request, sentence, messages.WARNING)
        self._tell(request, brands if form.changed_data else ())

    def delete_model(self, request: HttpRequest, obj: BrandClip) -> None:
        files = [obj.file.name or ""]
        super().delete_model(request, obj)
        drop_unheld(files)
        self._tell(request, {obj.brand_id})

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        files, brands = _files(queryset), set(queryset.values_list("brand", flat=True))
        super().delete_queryset(request, queryset)
        drop_unheld(files)
        self._tell(request, brands)

    def _tell(self, request: HttpRequest, brands: Any) -> None:
        tell(request, brands)


def _on_grey(data: bytes) -> bytes:
    """Newly encoded: what the browser gets is ours."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
        shown = Image.new("RGBA", picture.size, GROUND)
        shown.alpha_composite(picture.convert("RGBA"))
    target = io.BytesIO()
    shown.convert("RGB").save(target, "PNG")
    return target.getvalue()


def _told(error: MediaError) -> str:
    """What happened, the detail, what to do."""
    return errors.told(gettext(error.sentence), error.detail and gettext(error.detail), gettext(error.remedy))


def _files(rows: QuerySet[Any]) -> list[str]:
    return list(rows.values_list("file", flat=True))
