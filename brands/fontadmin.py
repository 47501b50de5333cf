"""Admin pages of fonts."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from brands import fontintake
from brands.importing.filing import drop_unheld
from brands.models import Font, Layer
from brands.protection import OfABrand
from brands.telling import tell
from jobs.media import errors
from jobs.media.errors import MediaError
from wtfsite import theme
from wtfsite.lib import process

ACCEPT = {"accept": ".otf,.ttf,font/otf,font/ttf"}


class FontForm(forms.ModelForm):
    """Has the font rebuilt before it is kept, and says what is wrong with it."""

    class Meta:
        model = Font
        fields = ["brand", "name", "file"]
        widgets = {"file": theme.FileWidget(attrs=ACCEPT)}
        help_texts = {
            "file": _("OpenType (.otf) or TrueType (.ttf), at most 20 MB. What cannot be drawn is taken out of it.")
        }

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if isinstance(file, UploadedFile):
            try:
                return fontintake.take_in(self.instance, file)
            except MediaError as error:
                raise ValidationError(_told(error)) from error
        return file


@admin.register(Font)
class FontAdmin(OfABrand, theme.ModelAdmin):
    form = FontForm
    list_display = ["name", "owner", "font_format", "used"]
    list_filter = ["brand"]
    list_select_related = ["brand"]
    search_fields = ["name", "original_name", "brand__name"]
    fields = ["name", "brand", "file", "original_name"]
    readonly_fields = ["original_name"]

    run: process.Runner = staticmethod(process.run)

    @theme.display(description=_("brand"), ordering="brand__name")
    def owner(self, font: Font) -> str:
        return font.brand.name if font.brand else gettext("every brand")

    @theme.display(description=_("layers"), ordering="layers")
    def used(self, font: Any) -> int:
        return int(font.layers)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(layers=Count("layer"))
        return rows

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        for _name, files in request.FILES.lists():  # before the form, which is read in a transaction
            for file in files:
                fontintake.rebuild(file, self.run)
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return response

    def save_model(self, request: HttpRequest, obj: Font, form: Any, change: bool) -> None:
        before = _files(Font.objects.filter(pk=obj.pk))
        super().save_model(request, obj, form, change)
        drop_unheld(before)
        if "file" in form.changed_data:
            tell(request, Layer.objects.filter(font=obj).values_list("brand", flat=True))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """What keeps a font is told without names where somebody may not see the brand."""
        going, counts, lacking, kept = super().get_deleted_objects(objs, request)
        users = Layer.objects.filter(font__in=[font.pk for font in objs])
        if users.exists():
            kept = [f"{layer.brand}: {layer}" for layer in users.within_reach(request.user).select_related("brand")]
            if len(kept) < users.count():
                kept.append(gettext("layers of brands that you may not see"))
        return going, counts, lacking, kept

    def delete_model(self, request: HttpRequest, obj: Font) -> None:
        before = [obj.file.name or ""]
        super().delete_model(request, obj)
        drop_unheld(before)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        before = _files(queryset)
        super().delete_queryset(request, queryset)
        drop_unheld(before)


def _told(error: MediaError) -> str:
    """What happened, the detail, what to do."""
    return errors.told(gettext(error.sentence), error.detail and gettext(error.detail), gettext(error.remedy))


def _files(rows: QuerySet[Any]) -> list[str]:
    return list(rows.values_list("file", flat=True))
