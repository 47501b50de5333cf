"""The page behind "make branded outputs": what would be made, what it costs, what speaks against it; then the order."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from brands.models import Brand, Variant
from jobs.admin import preview
from jobs.models import Asset, Fit, Profile
from jobs.services import enqueue, plan, turns
from jobs.services.options import BrandOptions

SIZES = ((1080, gettext_lazy("1080: full size")), (720, gettext_lazy("720: smaller and quicker")))


class BrandChoices(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class OrderForm(forms.Form):
    """Nothing but `ids` is required: a plan without brands is shown too, with the reason why it cannot be ordered."""

    ids = forms.CharField(widget=forms.HiddenInput)
    brands = BrandChoices(queryset=Brand.objects.none(), required=False, widget=forms.CheckboxSelectMultiple)
    variants = forms.MultipleChoiceField(
        choices=Variant.choices, required=False, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Shapes")
    )
    profile = forms.ChoiceField(
        choices=Profile.choices, widget=forms.RadioSelect, label=gettext_lazy("Quality"), initial=Profile.STANDARD
    )
    size = forms.TypedChoiceField(
        choices=SIZES, coerce=int, widget=forms.RadioSelect, label=gettext_lazy("Size"), initial=1080
    )
    fit = forms.ChoiceField(
        choices=Fit.choices,
        widget=forms.RadioSelect,
        label=gettext_lazy("When the shape differs"),
        initial=Fit.FILL,
    )

    priority = forms.TypedChoiceField(
        choices=turns.PRIORITIES,
        coerce=int,
        widget=forms.RadioSelect,
        label=gettext_lazy("Its turn"),
        initial=turns.NORMAL,
        required=False,
    )

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if not may_put(user):
            del self.fields["priority"]
        brands: Any = self.fields["brands"]
        brands.queryset = Brand.objects.for_user(user).active().prefetch_related("layers__font", "artwork", "clips")

    def clean_ids(self) -> list[Asset]:
        """The videos themselves; those that are gone or may not be seen drop out."""
        numbers = [int(word) for word in self.cleaned_data["ids"].split(",") if word.isdecimal() and len(word) < 18]
        return list(Asset.objects.for_user(self.user).filter(pk__in=numbers))

    def plan(self) -> plan.Plan:
        """What this form would order. Call on a valid form."""
        chosen = self.cleaned_data
        return plan.make(chosen["ids"], chosen["brands"], chosen["variants"], self.options())

    def options(self) -> BrandOptions:
        chosen = self.cleaned_data
        return BrandOptions(size=chosen["size"], profile=chosen["profile"], fit=chosen["fit"])

    def looks(self) -> list[dict[str, str]]:
        """Previews of what it would make."""
        chosen = self.cleaned_data
        return preview.looks(chosen["ids"], chosen["brands"], chosen["variants"], self.options())


def untouched(user: Any, ids: str) -> OrderForm:
    """The form as the page opens it: every active brand, and the two shapes that most feeds take."""
    brands = Brand.objects.for_user(user).active().values_list("pk", flat=True)
    data = {
        "ids": ids,
        "brands": list(brands),
        "variants": [Variant.VERTICAL, Variant.SQUARE],
        "profile": Profile.STANDARD,
        "size": 1080,
        "fit": Fit.FILL,
        "priority": turns.NORMAL,
    }
    return OrderForm(user, data)


def may_put(user: Any) -> bool:
    """May this user put work before others'?"""
    return bool(user.has_perm("jobs.change_job"))


def may_order(user: Any) -> bool:
    return bool(user.has_perm("jobs.add_job") and user.has_perm("jobs.view_asset"))


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """GET shows the plan and changes nothing, POST orders it. `context` is the admin site's."""
    _allow(request)
    if request.method == "POST":
        form = OrderForm(request.user, request.POST)
        if form.is_valid() and (answer := _order(request, form)):
            return answer
    else:
        form = untouched(request.user, request.GET.get("ids", ""))
    if not form.is_valid() or not form.cleaned_data["ids"]:
        messages.error(request, _("No video was chosen, or it is gone. Choose videos in the list, then the action."))
        return redirect("admin:jobs_asset_changelist")
    return render(
        request,
        "admin/jobs/asset/order.html",
        {
            **context,
            "title": _("Make branded outputs"),
            "form": form,
            "plan": _shown(form),
            "videos": form.cleaned_data["ids"],
        },
    )


@require_safe
def fragment(request: HttpRequest) -> HttpResponse:
    """The plan for what is ticked now; asked for at every change of the form."""
    _allow(request)
    form = OrderForm(request.user, request.GET)
    if not form.is_valid():
        return HttpResponse(status=400)
    return render(request, "jobs/_plan.html", {"plan": _shown(form)})


def _allow(request: HttpRequest) -> None:
    if not may_order(request.user):
        raise PermissionDenied


def _shown(form: OrderForm) -> dict[str, Any]:
    """What the fragment shows. Time, disk and warnings of nothing would only confuse."""
    made = form.plan()
    button = ngettext("Make %(count)d output", "Make %(count)d outputs", made.count) % {"count": made.count}
    return {
        "sentence": plan.sentence(made) if made.count else made.formula,
        "warnings": made.warnings if made.count else (),
        "looks": form.looks(),
        "refusal": made.refusal,
        "button": button if made.count else _("Make outputs"),
    }


def _order(request: HttpRequest, form: OrderForm) -> HttpResponse | None:
    """The way to the new job's page, or None (with a message) when the plan is refused."""
    wanted, priority = form.plan(), form.cleaned_data.get("priority") or turns.NORMAL
    try:
        job = enqueue.order(wanted, owner=request.user, priority=priority)
    except plan.PlanRefused as error:
        messages.error(request, f"{error.refusal.reason} {error.refusal.next_step}")
        return None
    message = ngettext("%(count)d output is ordered.", "%(count)d outputs are ordered.", wanted.count)
    messages.success(request, message % {"count": wanted.count})
    return redirect("admin:jobs_job_change", job.pk)
