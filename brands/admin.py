"""Admin pages of brands and their artwork."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import get_conditional_response
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

import brands.clipadmin
import brands.fontadmin  # noqa: F401  importing registers
from brands import cutadmin, editor, importadmin, plates
from brands.cutadmin import CUTS, ArtworkForm, Cuts, told
from brands.grantadmin import Granted, GrantInline
from brands.intake import decode, drop_files, place_logo
from brands.layouts import canvas
from brands.markadmin import DrawsWatermarks
from brands.models import Artwork, Brand, Font, Layer, SafeZone, Variant
from brands.protection import InABrand, Lockable, OfABrand
from brands.readyadmin import Ready
from brands.telling import tell, users
from jobs.media.errors import MediaError
from wtfsite import theme
from wtfsite.lib import process
from wtfsite.links import page_link

PREVIEW_VERSION = 1  # part of the ETag: to be raised when previews look different
PREVIEW_EDGE = 640
THUMBNAIL_EDGE = 144
ALL_VARIANTS = [("", _("all variants")), *Variant.choices]


# --- forms ----------------------------------------------------------------------------------------------------------


class BrandAddForm(forms.ModelForm):
    place_logo = forms.BooleanField(
        label=_("Place the logo bottom right"),
        required=False,
        initial=True,
        widget=theme.SwitchWidget,
        help_text=_("Shows the logo that you add below in the corner of every video. Everything can be moved later."),
    )

    class Meta:
        model = Brand
        fields = ["name", "slug", "handle", "active"]


# --- inlines --------------------------------------------------------------------------------------------------------


class _AllVariants:
    """An empty variant is a choice with a meaning, not a field left out."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]  # Django's base class
        if db_field.name == "variant":
            field.choices = ALL_VARIANTS
        return field


class ArtworkInline(Cuts, InABrand, _AllVariants, theme.TabularInline):
    model = Artwork
    form = ArtworkForm
    fields = ["thumbnail", "kind", "variant", "file", *CUTS]
    readonly_fields = ["thumbnail"]

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """A new brand is asked for its logo straight away."""
        return 0 if obj else 1

    @theme.display(description=_("picture"))
    def thumbnail(self, artwork: Artwork) -> str:
        return artwork_image(artwork)


class LayerInline(InABrand, _AllVariants, theme.StackedInline):
    model = Layer
    collapsible = True
    fieldsets = [
        (None, {"fields": [("name", "kind", "variant"), ("order", "visible", "locked")]}),
        (_("Place"), {"fields": [("x", "y"), ("width", "rotation")]}),
        (_("Strength"), {"fields": ["opacity", "adaptive", ("opacity_high", "opacity_low")]}),
        (_("Picture"), {"fields": [("artwork_kind", "shape"), "full_frame"]}),
        (_("Text"), {"fields": ["text", ("font", "text_size"), "text_colour", ("box_colour", "box_opacity")]}),
        (_("Time"), {"fields": [("timing", "start_ms"), ("length_ms", "fade_ms")]}),
    ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("text_colour", "box_colour"):
            kwargs["widget"] = theme.ColourWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Fonts of the house and of this brand."""
        if db_field.name == "font":
            kwargs["queryset"] = _fonts(request.resolver_match.kwargs.get("object_id"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class _DecodesFirst:
    """A page whose form has pictures. They are decoded before it: the form is read in a transaction."""

    run: process.Runner = staticmethod(process.run)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        for name, files in request.FILES.lists():  # there are none of people who may not upload here
            for file in files:
                decode(file, self.run, cutadmin.wishes_for(request, name))
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]  # Django's
        return response


# --- pages ----------------------------------------------------------------------------------------------------------


@admin.register(Brand)
class BrandAdmin(Ready, DrawsWatermarks, Granted, Lockable, _DecodesFirst, theme.ModelAdmin):
    list_display = ["thumbnail", "name", "handle", "active", "protected", "layout_link"]
    list_display_links = ["thumbnail", "name"]
    list_filter = ["active", "locked"]
    list_before_template = "brands/_list_top.html"
    actions = [importadmin.export_chosen]
    search_fields = ["name", "slug", "handle"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [(None, {"fields": [("name", "slug"), ("handle", "active"), "locked"]})]
    add_fieldsets = [(None, {"fields": [("name", "slug"), ("handle", "active"), "place_logo"]})]
    inlines = [ArtworkInline, LayerInline, GrantInline]
    change_form_before_template = "brands/_previews.html"

    @theme.display(description=_("look"))
    def thumbnail(self, brand: Brand) -> str:
        address = reverse("admin:brands_brand_preview", args=[brand.pk, Variant.SQUARE])
        return _image(f"{address}?small=1", _("%(brand)s on a square video") % {"brand": brand.name}, 56)

    @theme.display(description=_("protected"), ordering="locked")
    def protected(self, brand: Brand) -> str:
        return gettext("yes") if brand.locked else ""

    @theme.display(description=_("layout"))
    def layout_link(self, brand: Brand) -> str:
        words = gettext("Lay out %(brand)s") % {"brand": brand.name}
        return page_link("admin:brands_brand_layout", brand.pk, text=gettext("Lay out"), label=words)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = BrandAddForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view, cacheable=True)  # it sets its own headers
        preview = path("<int:pk>/preview/<str:variant>/", view, name="brands_brand_preview")
        return [preview, *editor.urls(), *importadmin.urls(), *super().get_urls()]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """How a brand writes is asked when there is one."""
        return [*self.inlines, importadmin.ProfileInline] if obj else self.inlines

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**(extra_context or {}), "may_import": importadmin.may_import(request.user)}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def preview_view(self, request: HttpRequest, pk: int, variant: str) -> HttpResponse:
        """The brand's plate on one variant as PNG; when it cannot be drawn, a picture that says why."""
        brand = self.get_queryset(request).filter(pk=pk).first()
        if brand is None or variant not in Variant.values:
            raise Http404
        if not self.has_view_permission(request, brand):
            raise PermissionDenied
        frame = canvas(variant, 720)
        edge = THUMBNAIL_EDGE if request.GET.get("small") else PREVIEW_EDGE
        try:
            spec = plates.spec(brand, frame, variant)
            return _answer(request, f"{spec.digest()}-{edge}", lambda: plates.preview(spec, longest=edge))
        except MediaError as error:
            return _uncached(plates.notice_png(told(error), frame, longest=edge))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> TemplateResponse:
        if brand := kwargs.get("obj"):
            context["previews"] = [_preview(brand, variant) for variant in Variant]
        response: TemplateResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        before = _files(Artwork.objects.filter(brand=form.instance))
        super().save_formset(request, form, formset, change)
        drop_files(before)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if form.cleaned_data.get("place_logo"):
            place_logo(form.instance)
        tell(request, [form.instance.pk])

    def delete_model(self, request: HttpRequest, obj: Brand) -> None:
        before = _files(obj.artwork.all())
        super().delete_model(request, obj)
        drop_files(before)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        before = _files(Artwork.objects.filter(brand__in=queryset))
        super().delete_queryset(request, queryset)
        drop_files(before)


@admin.register(Artwork)
class ArtworkAdmin(Cuts, OfABrand, _DecodesFirst, _AllVariants, theme.ModelAdmin):
    form = ArtworkForm
    list_display = ["thumbnail", "owner", "kind", "shape", "pixels", "original_name"]
    list_display_links = ["thumbnail", "owner"]
    list_filter = ["kind", "variant", "brand"]
    list_select_related = ["brand"]
    search_fields = ["original_name", "brand__name"]
    fields = ["brand", ("kind", "variant"), "file", *CUTS, "thumbnail", "pixels", "original_name"]
    readonly_fields = ["thumbnail", "pixels", "original_name"]

    @theme.display(description=_("picture"))
    def thumbnail(self, artwork: Artwork) -> str:
        return artwork_image(artwork)

    @theme.display(description=_("brand"), ordering="brand__name")
    def owner(self, artwork: Artwork) -> str:
        return artwork.brand.name if artwork.brand else gettext("every brand without its own")

    @theme.display(description=_("variant"), ordering="variant")
    def shape(self, artwork: Artwork) -> str:
        return str(artwork.get_variant_display() or gettext("all variants"))

    @theme.display(description=_("pixels"))
    def pixels(self, artwork: Artwork) -> str:
        return f"{artwork.width} × {artwork.height}" if artwork.width else "–"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.picture_view, cacheable=True)
        cut = require_POST(self.admin_site.admin_view(self.cutout_view))
        return [
            path("<int:pk>/picture/", view, name="brands_artwork_picture"),
            path("cutout/", cut, name="brands_artwork_cutout"),
            *super().get_urls(),
        ]

    def cutout_view(self, request: HttpRequest) -> HttpResponse:
        """How a picture would look with what is cut from it."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        return cutadmin.preview(request, self.run)

    def picture_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The picture, small and newly encoded."""
        artwork = self.get_queryset(request).filter(pk=pk).first()
        if artwork is None:
            raise Http404
        if not self.has_view_permission(request, artwork):
            raise PermissionDenied
        try:
            return _answer(request, artwork.sha256, lambda: plates.picture_png(artwork, THUMBNAIL_EDGE * 2))
        except MediaError as error:
            return _uncached(plates.notice_png(told(error), canvas("square", 720), THUMBNAIL_EDGE * 2))

    def save_model(self, request: HttpRequest, obj: Artwork, form: Any, change: bool) -> None:
        rows = Artwork.objects.filter(pk=obj.pk)
        before, shown = _files(rows), users(rows)
        super().save_model(request, obj, form, change)
        drop_files(before)
        tell(request, shown | users([obj]))

    def delete_model(self, request: HttpRequest, obj: Artwork) -> None:
        before, shown = [obj.file.name or ""], users([obj])
        super().delete_model(request, obj)
        drop_files(before)
        tell(request, shown)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        before, shown = _files(queryset), users(queryset)
        super().delete_queryset(request, queryset)
        drop_files(before)
        tell(request, shown)


@admin.register(SafeZone)
class SafeZoneAdmin(theme.ModelAdmin):
    list_display = ["name", "variant", "top", "right", "bottom", "left", "source", "checked_on"]
    list_filter = ["platform", "variant"]
    search_fields = ["name", "platform", "source"]
    prepopulated_fields = {"platform": ["name"]}
    fieldsets = [
        (None, {"fields": [("name", "platform", "variant")]}),
        (_("What is covered, in percent of the frame"), {"fields": [("top", "right"), ("bottom", "left")]}),
        (
            _("Where this is from"),
            {
                "fields": ["source", "checked_on"],
                "description": _("Guidance, not law: sources differ and change. Say where the numbers are from."),
            },
        ),
    ]


# --- what both pages use --------------------------------------------------------------------------------------------


def _fonts(brand: Any) -> QuerySet[Any]:
    """Those that a brand may use, by its id; those of the house when there is none yet."""
    house = Font.objects.filter(brand=None)
    return house | Font.objects.filter(brand=brand) if str(brand or "").isdigit() else house


def artwork_image(artwork: Artwork) -> str:
    if not artwork.pk:
        return "–"
    return _image(reverse("admin:brands_artwork_picture", args=[artwork.pk]), str(artwork), 56)


def _image(address: str, description: str, height: int) -> str:
    return format_html(
        '<img src="{}" alt="{}" height="{}" style="height: {}px" loading="lazy" decoding="async">',
        address,
        description,
        height,
        height,
    )


def _preview(brand: Brand, variant: Variant) -> dict[str, str]:
    """For the change page. What can be told without drawing is told in words, the rest by the picture itself."""
    problem = ""
    try:
        plates.spec(brand, canvas(variant, 720), variant)
    except MediaError as error:
        problem = told(error)
    return {"label": str(variant.label), "variant": variant.value, "problem": problem}


def _answer(request: HttpRequest, name: str, draw: Callable[[], bytes]) -> HttpResponse:
    """The picture, or 304 when the browser has it: drawing is only done for the former."""
    etag = f'"{name}-{PREVIEW_VERSION}"'
    found = get_conditional_response(request, etag=etag)
    response = found if found is not None else HttpResponse(draw(), content_type="image/png")
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def _uncached(data: bytes) -> HttpResponse:
    return HttpResponse(data, content_type="image/png", headers={"Cache-Control": "no-store"})


def _files(rows: QuerySet[Any]) -> list[str]:
    return list(rows.values_list("file", flat=True))
