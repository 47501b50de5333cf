"""A watermark drawn from the logo, for brands that have none."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from brands import intake
from brands.cutadmin import told
from brands.models import Artwork, Brand
from brands.protection import is_locked
from brands.telling import tell
from jobs.media.errors import MediaError


def may_draw(request: HttpRequest, brand: Brand) -> bool:
    """Whether the page of this brand offers it."""
    allowed = request.user.has_perms(["brands.change_brand", "brands.add_artwork"])
    return allowed and not is_locked(brand) and intake.lacks_watermark(brand)


@require_POST
def draw(request: HttpRequest, pk: int) -> HttpResponse:
    """Draws it, with the name of the brand if that is wanted, and goes back to the page of the brand."""
    brand: Brand | None = Brand.objects.for_user(request.user).filter(pk=pk).first()
    if brand is None:
        raise Http404
    if not may_draw(request, brand):
        raise PermissionDenied
    try:
        artwork = intake.watermark(brand, with_name="with_name" in request.POST)
        _keep(request, brand, artwork)
    except MediaError as error:
        messages.error(request, told(error))
    except IntegrityError:
        messages.info(request, _("The brand has a watermark by now."))
    return redirect(reverse("admin:brands_brand_change", args=[pk]))


def _keep(request: HttpRequest, brand: Brand, artwork: Artwork) -> None:
    with transaction.atomic():
        artwork.save()
        messages.success(request, _("A watermark was drawn from the logo. A layer that shows the watermark shows it."))
        tell(request, [brand.pk])


class DrawsWatermarks:
    """The page of brands: the button, for those that have a logo and no watermark."""

    def get_urls(self) -> list[URLPattern]:
        view = admin.site.admin_view(draw)
        return [path("<int:pk>/watermark/", view, name="brands_brand_watermark"), *super().get_urls()]  # type: ignore[misc]  # Django's

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if brand := kwargs.get("obj"):
            context["may_draw"] = may_draw(request, brand)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]  # Django's base class
