"""Admin pages of imports: bring a kit, see what it would change, apply it, take it back. And the profile of a brand."""

import tempfile
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from brands import exporting
from brands.importing import history, undoing, uploads
from brands.importing.applying import apply, report
from brands.importing.files import Unreadable
from brands.importing.pictures import told
from brands.importing.planning import Changes
from brands.importing.readers.base import PLATFORMS
from brands.importing.session import planned
from brands.importing.undoing import NotUndone
from brands.importing.values import meant, prose
from brands.models import Brand, ImportRun, PublishingProfile
from brands.protection import InABrand
from jobs.media.errors import MediaError
from wtfsite import theme
from wtfsite.lib import names
from wtfsite.lib.archives import BadArchive

MODELS = ("brand", "artwork", "layer", "publishingprofile", "safezone", "font")
NEEDED = ["brands.add_importrun", *(f"brands.{verb}_{model}" for model in MODELS for verb in ("add", "change"))]
ACCEPT = {"accept": ".zip,.yml,.yaml,.json"}
TONES = {"new": "good", "changes": "busy", "refused": "bad", "same": ""}
LEVELS = {"error": "bad", "warning": "warn", "note": ""}


def may_import(user: Any) -> bool:
    return bool(user.has_perms(NEEDED))


def urls() -> list[URLPattern]:
    """For the addresses of the brands' admin."""
    pages = (("import/", upload, "brands_brand_import"), ("import/plan/", plan, "brands_brand_import_plan"))
    return [path(address, admin.site.admin_view(view), name=name) for address, view, name in pages]


# --- bring ------------------------------------------------------------------------------------------------------------


class KitForm(forms.Form):
    file = forms.FileField(widget=forms.FileInput(attrs=ACCEPT))


@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    _allowed(request)
    form = KitForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            token = uploads.keep(form.cleaned_data["file"], request.user)
            return redirect(f"{reverse('admin:brands_brand_import_plan')}?kit={token}")
        except MediaError as error:
            form.add_error("file", told(error))
    return _page(request, "brands/import.html", title=_("Import brands"), form=form)


@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest) -> HttpResponse:
    """What the kit would change; with POST it is done, if it still is what was shown."""
    _allowed(request)
    token = request.POST.get("kit") or request.GET.get("kit", "")
    try:
        with uploads.opened(token, request.user) as (kit, name), planned(kit, name, request.user) as changes:
            if request.method == "POST" and request.POST.get("plan") == changes.digest():
                return _applied(request, changes)
            if request.method == "POST":
                messages.warning(request, _("Something has changed meanwhile. Look at the plan once more."))
            return _shown(request, changes, token)
    except uploads.Gone:
        messages.warning(request, _("That upload is not kept any more. Bring it once more."))
    except Unreadable as error:
        messages.error(request, str(error))
    except MediaError as error:
        messages.error(request, told(error))
    return redirect("admin:brands_brand_import")


def _allowed(request: HttpRequest) -> None:
    if not may_import(request.user):
        raise PermissionDenied


def _applied(request: HttpRequest, changes: Changes) -> HttpResponse:
    run = apply(changes, request.user)
    uploads.clear(request.user)
    if run is None:
        messages.info(request, _("Nothing was changed."))
        return redirect("admin:brands_brand_changelist")
    count = len(run.before["brands"])
    done = ngettext("%(count)d brand was imported.", "%(count)d brands were imported.", count) % {"count": count}
    messages.success(request, done)
    for sentence in dict.fromkeys(changes.said):
        messages.info(request, sentence)
    return redirect("admin:brands_importrun_change", run.pk)


def _shown(request: HttpRequest, changes: Changes, token: str) -> HttpResponse:
    context = {"kit": token, "plan": changes.digest(), "name": changes.name, "may_apply": changes.has_changes}
    return _page(request, "brands/import_plan.html", title=_("Import brands"), **context, **lines(report(changes)))


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    return render(request, template, {**admin.site.each_context(request), **context})


def lines(told: list[dict[str, Any]]) -> dict[str, Any]:
    """A report as the pages show it: what becomes of brands and the like, and what was found."""
    things = [{**one, "title": title(one), "tone": TONES[one["outcome"]]} for one in told if "outcome" in one]
    findings = [{**one, "tone": LEVELS[one["level"]], "label": level(one["level"])} for one in told if "level" in one]
    findings.sort(key=lambda one: list(LEVELS).index(one["level"]))
    counts = {outcome: sum(one["outcome"] == outcome for one in things if "slug" in one) for outcome in TONES}
    labels = {
        "new": _("new"),
        "changes": _("changed"),
        "same": _("the same"),
        "refused": _("refused"),
    }
    return {
        "things": [{**one, "label": labels[one["outcome"]]} for one in things],
        "findings": findings,
        "counts": [{"label": labels[name], "count": count, "tone": TONES[name]} for name, count in counts.items()],
    }


def title(one: dict[str, Any]) -> str:
    if "slug" in one:
        return str(one["name"])
    if "font" in one:
        return _("Font %(name)s") % {"name": one["font"]}
    return _("Safe zone of %(platform)s (%(variant)s)") % {"platform": one["zone"], "variant": one["variant"]}


def level(name: str) -> str:
    return {"error": _("left out"), "warning": _("look here"), "note": _("note")}[name]


# --- what was done ----------------------------------------------------------------------------------------------------


@admin.register(ImportRun)
class ImportRunAdmin(theme.ModelAdmin):
    list_display = ["name", "owner", "created_at", "undone_at"]
    list_select_related = ["owner"]
    search_fields = ["name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It holds what undoing needs, and goes by itself."""
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.undo_view))
        return [path("<int:pk>/undo/", view, name="brands_importrun_undo"), *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """To look at, and to undo."""
        run = self.get_object(request, object_id)
        if run is None:
            raise Http404
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        context = {
            "run": run,
            "may_undo": undoing.may_undo(run) and may_import(request.user),
            "days": history.UNDO_DAYS,
            **lines(run.report),
        }
        return _page(request, "brands/import_run.html", title=str(run), **context)

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        _allowed(request)
        run = self.get_queryset(request).filter(pk=pk).first()
        if run is None:
            raise Http404
        try:
            _all_visible(run, request.user)
            said = undoing.undo(run)
            messages.success(request, _("The import was undone: everything is as it was before."))
            for sentence in said:
                messages.info(request, sentence)
        except NotUndone as error:
            messages.error(request, str(error))
        return redirect("admin:brands_importrun_change", pk)


def _all_visible(run: ImportRun, user: Any) -> None:
    keys = [int(pk) for pk in run.before.get("brands", {})]
    there = Brand.objects.filter(pk__in=keys)
    if there.count() != Brand.objects.for_user(user).filter(pk__in=keys).count():
        raise NotUndone(_("Among its brands are some that you may not change."))


# --- out again --------------------------------------------------------------------------------------------------------


@admin.action(description=gettext_lazy("Export (ZIP)"), permissions=["view"])
def export_chosen(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> FileResponse | None:
    """Of the ticked brands those that this person may see, as `export_brands` writes them."""
    rows = Brand.objects.for_user(request.user).filter(pk__in=chosen.order_by().values("pk"))
    file = tempfile.TemporaryFile(dir=settings.TEMP_DIR)  # noqa: SIM115  closed with the answer
    exported = exporting.export(rows)
    try:
        exporting.pack(exported, file)
    except BadArchive as error:
        file.close()
        page.message_user(request, _("%(reason)s Choose fewer brands.") % {"reason": error}, messages.ERROR)
        return None
    for missing in exported.missing:
        page.message_user(request, _("The file is gone: %(what)s.") % {"what": missing}, messages.WARNING)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename="brands.zip", headers={"Cache-Control": "no-store"})


# --- the profile ------------------------------------------------------------------------------------------------------


class WordsField(forms.CharField):
    """A list, written with commas or spaces between its items; `known` are the only ones that there are, if given."""

    def __init__(self, known: tuple[str, ...] = (), **kwargs: Any) -> None:
        self.known = known
        super().__init__(**{"required": False, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return " ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        words = names.line(value or "", 2000).replace(",", " ").split()
        for word in words:
            if self.known and word not in self.known:
                unknown = _("%(word)s is not known.") % {"word": word}
                raise ValidationError(unknown + meant(word, self.known))
        return list(dict.fromkeys(words))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(list(initial or []) != (data or "").replace(",", " ").split())


class ProfileForm(forms.ModelForm):
    """Lists as people write them, and a caption ending in which emoji and flags stay."""

    caption_ending = forms.CharField(
        label=gettext_lazy("Caption ending"), required=False, max_length=500, widget=theme.TextWidget(attrs={"rows": 2})
    )
    hashtags = WordsField(label=gettext_lazy("Hashtags"), help_text=gettext_lazy("For example #Northshore #News"))
    languages = WordsField(label=gettext_lazy("Languages"), help_text=gettext_lazy("For example en gd"))
    platforms = WordsField(PLATFORMS, label=gettext_lazy("Platforms"), help_text=", ".join(PLATFORMS))
    priority = WordsField(PLATFORMS, label=gettext_lazy("Platforms by rank"))

    class Meta:
        model = PublishingProfile
        fields = [
            *("caption_ending", "hashtags", "languages", "cadence_hours"),
            *("platforms", "priority", "filename_pattern"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("hashtags", "languages", "platforms", "priority"):
            self.fields[name].widget = theme.LineWidget()

    def clean_caption_ending(self) -> str:
        return prose(self.cleaned_data["caption_ending"])


class ProfileInline(InABrand, theme.StackedInline):
    model = PublishingProfile
    form = ProfileForm
    max_num = 1
    can_delete = False
    fieldsets = [
        (None, {"fields": ["caption_ending", ("hashtags", "languages")]}),
        (None, {"fields": [("platforms", "priority"), ("cadence_hours", "filename_pattern")]}),
    ]

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 1 if self.has_add_permission(request, obj) else 0
