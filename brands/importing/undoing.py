"""An import taken back: every row as it was, with the files that were there. All of it, or nothing."""

from collections.abc import Iterator
from typing import Any

from django.db import models, transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from brands import changes as announcing
from brands.importing import filing, history, state
from brands.importing.applying import FILES, PARTS, fresh, plain
from brands.models import Brand, Font, ImportRun, SafeZone
from wtfsite.lib.names import quoted


class NotUndone(Exception):
    """Why an import is not taken back. The message is for people."""


def may_undo(run: ImportRun) -> bool:
    return run.undone_at is None and bool(run.before)


@transaction.atomic
def undo(run: ImportRun) -> list[str]:
    """Puts back what was there before; what those say who waited for changes.

    Raises NotUndone, and then nothing has changed.
    """
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.undone_at is not None:
        raise NotUndone(_("This import was undone already."))
    if not run.before:
        raise NotUndone(_("An import can be undone for %(days)d days.") % {"days": history.UNDO_DAYS})
    if found := list(_changed_since(run)):
        about = _("Changed since this import: %(what)s. Nothing was undone.")
        raise NotUndone(about % {"what": ", ".join(found)})
    ImportRun.objects.filter(pk=run.pk).update(undone_at=timezone.now())
    for pk, entry in run.before["brands"].items():
        _back(int(pk), entry)
    for pk, entry in run.before["zones"].items():
        SafeZone.objects.filter(pk=pk).delete() if entry["row"] is None else _save(SafeZone, entry["row"])
    _take_fonts(run.before.get("fonts", []))
    return announcing.changed(map(int, run.before["brands"]))


def _take_fonts(keys: list[int]) -> None:
    """Fonts that the import added to the house, unless a layer has come to use them."""
    unused = Font.objects.filter(pk__in=keys, layer=None)
    filing.drop_unheld(list(unused.values_list("file", flat=True)))
    unused.delete()


def forget(run: ImportRun) -> int:
    """The time to undo is over: what it held is let go. How many imports that were: 1, or 0 if somebody was faster."""
    names = list(history.files(run.before))
    with transaction.atomic():
        if not history.outdated().filter(pk=run.pk).update(before={}):
            return 0
        filing.drop_unheld(names)
    return 1


def _changed_since(run: ImportRun) -> Iterator[str]:
    for pk, entry in run.before["brands"].items():
        row = Brand.objects.select_for_update().filter(pk=pk).first()
        if row is None:
            yield _("%(name)s (deleted)") % {"name": quoted(entry["name"])}
        elif found := list(state.differences(entry["after"], state.state(fresh(row.pk)))):
            yield f"{quoted(row.name)} ({', '.join(dict.fromkeys(one.path[0] for one in found))})"
    for pk, entry in run.before["zones"].items():
        zone = SafeZone.objects.filter(pk=pk).first()
        if zone is None or plain(zone) != entry["after"]:
            yield quoted(entry["name"])


def _back(pk: int, entry: dict[str, Any]) -> None:
    now = [name for model in FILES.values() for name in model.objects.filter(brand=pk).values_list("file", flat=True)]
    if entry["new"]:
        _remove(pk, entry)
    else:
        _restore(pk, entry["rows"])
    filing.drop_unheld(now)


def _remove(pk: int, entry: dict[str, Any]) -> None:
    try:
        Brand.objects.get(pk=pk).delete()
    except ProtectedError as error:
        about = _("%(name)s has videos by now, and cannot be taken away again. Nothing was undone.")
        raise NotUndone(about % {"name": quoted(entry["name"])}) from error


def _restore(pk: int, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Fonts before the layers that use them, and those that go after them."""
    _save(Brand, rows["brand"][0])
    for part in ("fonts", "layers", "artwork", "clips", "profile"):
        model = PARTS[part]
        keep = [row["id"] for row in rows[part]]
        if part != "fonts":
            model._default_manager.filter(brand=pk).exclude(pk__in=keep).delete()
        for row in rows[part]:
            _save(model, row)
    PARTS["fonts"]._default_manager.filter(brand=pk).exclude(pk__in=[row["id"] for row in rows["fonts"]]).delete()


def _save(model: type[models.Model], values: dict[str, Any]) -> None:
    """As it was, times included: a plain save would date it anew."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    row = model(**{name: _value(fields[name], value) for name, value in values.items()})
    row.save_base(raw=True)


def _value(field: Any, value: Any) -> Any:
    return value if isinstance(field, models.JSONField | models.ForeignKey) else field.to_python(value)
