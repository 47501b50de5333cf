"""Videos: bring one in, look at it, make branded outputs of it."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.admin import order, reframe, words
from jobs.admin.download import download_list
from jobs.admin.keep import keep_files, let_go
from jobs.media.errors import MediaError
from jobs.media.probe import Probe
from jobs.models import Asset, AssetState, Job
from jobs.services import assets, keeping, lessons, progress, remove, sites, waiting
from wtfsite import theme
from wtfsite.lib.net import LONGEST_URL
from wtfsite.links import page_link, safe_link


class AddForm(forms.Form):
    """A file or an address, exactly one of them. `bring` asks the service, whose refusals are this form's errors."""

    file = forms.FileField(
        required=False,
        allow_empty_file=True,  # the service has a better sentence for it
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": "video/*,.mkv,.ts"}),
    )
    address = forms.CharField(
        required=False,
        label=gettext_lazy("Address"),
        widget=forms.URLInput(attrs={"placeholder": "https://", "maxlength": LONGEST_URL}),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and bool(given.get("file")) == bool(given.get("address")):
            raise forms.ValidationError(_("Choose a file or enter an address: exactly one of them."))
        return given

    def bring(self, owner: Any) -> tuple[Asset, bool] | None:
        """The asset, and whether it is new. None when the service refuses; the form then says why."""
        file, address = self.cleaned_data["file"], self.cleaned_data["address"]
        try:
            if file:
                return assets.from_upload(file.chunks(), file.name, owner)
            known = Asset.objects.filter(origin_url=address.strip()).exclude(state=AssetState.FAILED).exists()
            return assets.from_url(address, owner), not known
        except MediaError as error:
            cause = lessons.explain(lessons.met(error))
            told = [text for text in (cause.sentence, cause.remedy, error.detail) if text]
            self.add_error("file" if file else "address", told)
            return None


@admin.register(Asset)
class AssetAdmin(theme.ModelAdmin):
    list_display = (
        "picture",
        "video",
        "state_words",
        "source",
        "created_at",
        "kept_until",
        "reframe_link",
        "order_link",
    )
    list_display_links = ("video",)
    list_filter = ("state", "keep", "platform", "created_at")
    list_select_related = ("owner",)
    search_fields = ("title", "original_name", "origin_url", "author")
    nothing = gettext_lazy("There are no videos yet. Add one with the button at the top.")
    ordering = ("-id",)
    fields = ("title", "author", "licence_note", "keep")
    actions = ("make_outputs", keep_files, let_go, download_list)
    change_form_template = "admin/jobs/asset/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return keeping.with_need(super().get_queryset(request), "sources")

    def has_keep_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_change_permission(request))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("order/", view(self.order_view), name="jobs_asset_brand"),
            path("order/plan/", view(order.fragment), name="jobs_asset_plan"),
            path("<int:pk>/reframe/", view(self.reframe_view), name="jobs_asset_reframe"),
        ]
        return own + list(super().get_urls())

    # --- the list

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Why their fetches wait comes in a few queries for the whole page."""
        listed = super().get_changelist_instance(request)
        why = waiting.assets(listed.result_list)
        for asset in listed.result_list:
            asset.why = why[asset.pk]
        return listed

    @admin.display(description="")
    def picture(self, asset: Asset) -> str:
        return words.poster(asset)

    @admin.display(description=gettext_lazy("video"), ordering="title")
    def video(self, asset: Asset) -> str:
        line = asset.probe.summary() if asset.probe else asset.origin_url if asset.title else ""
        return format_html('<span class="ws-title">{}</span><span class="ws-sub">{}</span>', asset, line)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_words(self, asset: Any) -> str:
        said = state_sentence(asset, asset.why)
        return format_html('{}<span class="ws-sub">{}</span>', words.badge(asset), said)

    @admin.display(description=gettext_lazy("from"), ordering="platform")
    def source(self, asset: Asset) -> str:
        return safe_link(asset.origin_url, asset.platform or _("address")) if asset.origin_url else _("upload")

    @admin.display(description=gettext_lazy("file kept until"), ordering="used_at")
    def kept_until(self, asset: Asset) -> str:
        return kept(asset)

    @admin.display(description="")
    def order_link(self, asset: Asset) -> str:
        text, query = _("Make outputs"), f"?ids={asset.pk}"
        return page_link("admin:jobs_asset_brand", text=text, query=query, style="ws-button")

    # --- ordering

    def has_order_permission(self, request: HttpRequest) -> bool:
        return order.may_order(request.user)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        columns: tuple[str, ...] = tuple(super().get_list_display(request))
        return columns if self.has_order_permission(request) else columns[:-1]

    @admin.action(description=gettext_lazy("Make branded outputs"), permissions=["order"])
    def make_outputs(self, request: HttpRequest, chosen: QuerySet[Asset]) -> HttpResponse | None:
        """Opens the page that shows the plan; nothing is ordered yet."""
        limit = settings.MAX_OUTPUTS_PER_JOB
        keys = list(chosen.values_list("pk", flat=True)[: limit + 1])
        if len(keys) > limit:
            text = _("Choose at most %(limit)d videos: every output of a job counts, see MAX_OUTPUTS_PER_JOB.")
            self.message_user(request, text % {"limit": limit}, messages.ERROR)
            return None
        return redirect(f"{reverse('admin:jobs_asset_brand')}?ids={','.join(map(str, keys))}")

    def order_view(self, request: HttpRequest) -> HttpResponse:
        return order.page(request, {**self.admin_site.each_context(request), "opts": self.opts})

    # --- laying it out

    def reframe_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        asset = self.get_queryset(request).filter(pk=pk).first()
        if asset is None:
            raise Http404
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return reframe.page(request, asset, context, editable=self.has_change_permission(request, asset))

    @admin.display(description="")
    def reframe_link(self, asset: Asset) -> str:
        if not asset.file:
            return ""
        return page_link("admin:jobs_asset_reframe", asset.pk, text=_("Reframe"), style="ws-button")

    # --- one video

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = AddForm(request.POST, request.FILES) if request.method == "POST" else AddForm()
        if request.method == "POST" and form.is_valid() and (brought := form.bring(request.user)):
            return self._brought(request, *brought)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Add a video"),
            "form": form,
            "limit": words.size(settings.MAX_UPLOAD_SIZE),
            "minutes": settings.MAX_SOURCE_SECONDS // 60,
        }
        return render(request, "admin/jobs/asset/add.html", context)

    def _brought(self, request: HttpRequest, asset: Asset, new: bool) -> HttpResponse:
        if not new:
            self.message_user(request, _("This video is already here: nothing was stored twice."), messages.INFO)
        elif asset.state == AssetState.READY:
            self.log_addition(request, asset, [{"added": {}}])
            self.message_user(request, _("“%(video)s” is here.") % {"video": asset}, messages.SUCCESS)
        else:
            self.log_addition(request, asset, [{"added": {}}])
            text = _("The address is noted. The video is fetched when the first job needs it: make outputs of it now.")
            self.message_user(request, text, messages.SUCCESS)
        return redirect("admin:jobs_asset_change", asset.pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        asset = self.get_object(request, object_id)
        extra = self._about(request, asset) if asset else {}
        extra["show_save_and_add_another"] = False
        answer: HttpResponse = super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})
        return answer

    def save_model(self, request: HttpRequest, obj: Asset, form: Any, change: bool) -> None:
        """Only what the form has changed: work may have written on the row since it was read."""
        obj.save(update_fields=form.changed_data)

    def _about(self, request: HttpRequest, asset: Asset) -> dict[str, Any]:
        jobs = list(Job.objects.for_user(request.user).filter(sources=asset).select_related("owner")[:20])
        tallies = progress.tally(jobs, request.user)
        return {
            "asset": asset,
            "title": str(asset),
            "facts": fact_rows(asset),
            "origin": self._origin(asset),
            "tone": words.tone(asset.state),
            "sentence": state_sentence(asset, waiting.reason(asset)),
            "cause": words.cause(asset),
            "jobs": [(job, tallies[job.pk], words.tone(job.state)) for job in jobs],
            "events": asset.events.within_reach(request.user)[:20],
            "may_order": self.has_order_permission(request),
        }

    def _origin(self, asset: Asset) -> list[tuple[str, str]]:
        rows = [
            (_("Address"), safe_link(asset.origin_url)),
            (_("Platform"), asset.platform),
            (_("Author"), asset.author),
            (_("File name"), asset.original_name),
            (_("Brought in by"), str(asset.owner or "")),
            (_("Added"), date_format(localtime(asset.created_at), "DATETIME_FORMAT")),
            (_("File kept until"), kept(asset)),
            ("SHA-256", asset.sha256),
        ]
        return [row for row in rows if row[1]]

    # --- deleting

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """In the service's words; a video that outputs were made from is refused."""
        refused = [sentence for asset in objs if (sentence := remove.asset_refusal(asset))]
        return [str(asset) for asset in objs], {self.opts.verbose_name_plural: len(objs)}, set(), refused

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        asset = self.get_object(request, object_id)
        if asset and self.has_delete_permission(request, asset) and (refusal := remove.asset_refusal(asset)):
            self.message_user(request, refusal, messages.ERROR)
            return redirect("admin:jobs_asset_change", asset.pk)
        answer: HttpResponse = super().delete_view(request, object_id, extra_context)
        return answer

    def delete_model(self, request: HttpRequest, obj: Asset) -> None:
        remove.assets(Asset.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Asset]) -> None:
        remove.assets(Asset.objects.filter(pk__in=queryset.values("pk")))


def state_sentence(asset: Asset, why: str = "") -> str:
    """What the state means for the next step. `why` is what its fetch waits for, when a job needs it."""
    if why:
        return why
    if asset.state == AssetState.PENDING:
        waits = sites.sentence(asset.error_code, asset.origin_url) if asset.error_code == sites.CLOSED else ""
        return waits or _("Fetched when the first job needs it.")
    if asset.state == AssetState.FAILED and (cause := words.cause(asset)):
        return f"{cause.sentence} {cause.remedy}"
    if asset.state == AssetState.EXPIRED:
        again = _("Fetched again when a job needs it.") if asset.origin_url else _("Upload it again to use it.")
        return f"{keeping.source_words(asset)} {again}"
    return ""


def kept(asset: Asset) -> str:
    """Until when the file stays, in words."""
    return keeping.source_words(asset) if asset.state == AssetState.READY else ""


def fact_rows(asset: Asset) -> list[tuple[str, str]]:
    """The probe record as a table for people; empty until the file has been read."""
    probe = asset.probe
    if probe is None:
        return []
    rows = [
        (_("Length"), words.clock(probe.duration_us / 1e6)),
        (_("Size"), words.size(probe.bytes)),
        (_("Container"), _container(probe)),
        *_video_rows(probe),
        *_audio_rows(probe),
    ]
    return [row for row in rows if row[1]]


def _container(probe: Probe) -> str:
    """One name: ffprobe calls every member of a family by its first, and may list all of them."""
    name = probe.container.split(",")[0]
    return {"mov": "mp4 / mov", "matroska": "mkv / webm"}.get(name, name)


def _video_rows(probe: Probe) -> list[tuple[str, str]]:
    video = probe.video
    if video is None:
        return []
    shape = f"{probe.display_width} x {probe.display_height}"
    rate = f"{float(video.rate):.5g} fps" if video.rate else ""
    return [
        (
            _("Picture"),
            shape + (_(" (turned by %(degrees)d°)") % {"degrees": video.rotation} if video.rotation else ""),
        ),
        (_("Frame rate"), rate + (_(", irregular") if probe.variable_rate else "")),
        (_("Video codec"), f"{video.codec} {video.profile}".strip()),
        (_("Pixel format"), video.pix_fmt),
        (_("Colour"), _colour(probe)),
        (_("Fields"), _("interlaced") if video.interlaced else ""),
    ]


def _colour(probe: Probe) -> str:
    video = probe.video
    assert video is not None
    names = " / ".join(name for name in (video.primaries, video.transfer, video.matrix) if name)
    return (names or _("not tagged")) + (_(", HDR") if probe.hdr else "")


def _audio_rows(probe: Probe) -> list[tuple[str, str]]:
    audio = probe.audio
    if audio is None:
        return [(_("Sound"), _("none"))]
    channels = {1: _("mono"), 2: _("stereo")}.get(audio.channels) or _("%(count)d channels") % {"count": audio.channels}
    return [(_("Sound"), f"{audio.codec} · {channels} · {audio.sample_rate / 1000:g} kHz")]
