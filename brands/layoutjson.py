"""The layers of a brand as one document, for the editor, and back.

    {"token": "…",                              names the saved state that the document began from
     "layers": [{"name": "logo",
                 "content": {kind, text, …},    what it is: the same on all variants
                 "place": {x, y, width, …},     where it is; null: only on the variants named below
                 "variants": {"square": {"place": {…},     a place of its own there
                                         "own": {…}}}}]}   content that differs there, if any

The fields and their ranges are those of the model: `schema()` tells them, for the page and for the checks here.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from brands import changes
from brands.models import Brand, Font, Layer, Variant

CONTENT = (
    "kind",
    "artwork_kind",
    "text",
    "font",
    "text_colour",
    "box_colour",
    "box_opacity",
    "shape",
    "timing",
    "start_ms",
    "length_ms",
    "fade_ms",
    "order",
    "locked",
)
PLACE = (
    "x",
    "y",
    "width",
    "rotation",
    "opacity",
    "adaptive",
    "opacity_low",
    "opacity_high",
    "text_size",
    "visible",
    "full_frame",
)
MOST_LAYERS = 60
LARGEST_WHOLE = {"order": 32_767}  # others: what the database takes
ANY_WHOLE = 2_147_483_647

Document = dict[str, Any]
Key = tuple[str, str]  # a layer's name and variant


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place of a document: `layers[2].place.x`, and a sentence for people."""

    path: str
    sentence: str


class LayoutError(ValueError):
    """A document that cannot be taken, with all that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.sentence}" for problem in problems))
        self.problems = problems


class Outdated(LayoutError):
    """Somebody saved since the document was read; `document` is what they saved."""

    def __init__(self, document: Document) -> None:
        super().__init__([Problem("token", _("Somebody else saved this layout after you opened it."))])
        self.document = document


class Protected(LayoutError):
    def __init__(self) -> None:
        super().__init__([Problem("", _("This brand is protected: nobody changes it before that is switched off."))])


@dataclass(frozen=True)
class Saved:
    """The document as it is now, whether anything had to be changed for it, and what others say of the change."""

    document: Document
    changed: bool
    said: list[str]


# --- the fields -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Field:
    """One value of a document: number, whole, switch, choice, text, colour or font, with its range."""

    name: str
    label: str
    help: str
    kind: str
    default: Any
    low: float | None = None
    high: float | None = None
    longest: int | None = None
    choices: tuple[tuple[str, str], ...] = ()

    def check(self, value: Any) -> str:
        """What is wrong with a value, in words; "" if nothing is."""
        if self.kind in ("number", "whole"):
            return "" if self._is_number(value) else self._range()
        if self.kind == "switch":
            return "" if isinstance(value, bool) else _("Write true or false.")
        if not isinstance(value, str):
            return _("Write a text.")
        return self._check_text(value)

    def _is_number(self, value: Any) -> bool:
        wanted = int if self.kind == "whole" else int | float
        if (
            isinstance(value, bool)
            or not isinstance(value, wanted)
            or (isinstance(value, float) and not isfinite(value))
        ):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def _range(self) -> str:
        words = {"low": f"{self.low:g}", "high": f"{self.high:.0f}" if self.kind == "whole" else f"{self.high:g}"}
        if self.kind == "whole":
            return _("Write a whole number from %(low)s to %(high)s.") % words
        return _("Write a number from %(low)s to %(high)s.") % words

    def _check_text(self, value: str) -> str:
        if self.kind == "choice" and value not in dict(self.choices):
            return _("Choose one of these: %(names)s.") % {
                "names": ", ".join(name or '""' for name, _l in self.choices)
            }
        if self.kind == "colour" and not _is_colour(value):
            return _("Write a colour as # and six hex digits, for example #ff8800.")
        if self.longest and len(value) > self.longest:
            return _("Write at most %(longest)d letters.") % {"longest": self.longest}
        return ""

    def as_json(self) -> dict[str, Any]:
        shown = {name: value for name, value in vars(self).items() if value is not None}
        return {**shown, "choices": [list(choice) for choice in self.choices]}


def schema() -> dict[str, dict[str, Field]]:
    """The fields of `content` and of `place` by their names."""
    return {"content": {name: _field(name) for name in CONTENT}, "place": {name: _field(name) for name in PLACE}}


def _field(name: str) -> Field:
    column: Any = Layer._meta.get_field(name)
    low = next((rule.limit_value for rule in column.validators if isinstance(rule, MinValueValidator)), None)
    high = next((rule.limit_value for rule in column.validators if isinstance(rule, MaxValueValidator)), None)
    kind = _kind(column)
    if kind == "whole":
        low, high = 0, LARGEST_WHOLE.get(name, ANY_WHOLE)
    choices = tuple((str(value), str(label)) for value, label in column.choices or ())
    if kind == "choice" and column.blank and "" not in dict(choices):
        choices = (("", "–"), *choices)
    return Field(
        name=name,
        label=str(column.verbose_name),
        help=str(column.help_text),
        kind=kind,
        default="" if kind == "font" else column.get_default(),
        low=low,
        high=high,
        longest=column.max_length if kind == "text" else None,
        choices=choices,
    )


def _kind(column: Any) -> str:
    if isinstance(column, models.ForeignKey):
        return "font"
    if column.choices:
        return "choice"
    if isinstance(column, models.BooleanField):
        return "switch"
    if isinstance(column, models.FloatField):
        return "number"
    if isinstance(column, models.IntegerField):
        return "whole"
    return "colour" if any(isinstance(rule, RegexValidator) for rule in column.validators) else "text"


def _is_colour(value: str) -> bool:
    try:
        Layer._meta.get_field("text_colour").run_validators(value)
    except ValidationError:
        return False
    return True


# --- rows to document -----------------------------------------------------------------------------------------------


def read(brand: Brand) -> Document:
    """The saved layers of a brand, from back to front."""
    layers = _as_layers(brand.layers.select_related("font"))
    return {"token": _token(layers), "layers": layers}


def _token(layers: list[Document]) -> str:
    return hashlib.sha256(json.dumps(layers, sort_keys=True).encode()).hexdigest()


def _as_layers(rows: Iterable[Layer]) -> list[Document]:
    named: dict[str, dict[str, Layer]] = {}
    for row in rows:
        named.setdefault(row.name, {})[row.variant] = row
    layers = [_as_layer(name, by_variant) for name, by_variant in named.items()]
    return sorted(layers, key=lambda layer: (layer["content"]["order"], layer["name"]))


def _as_layer(name: str, rows: dict[str, Layer]) -> Document:
    variants = [variant for variant in Variant.values if variant in rows]
    shared = rows.get("") or rows[variants[0]]
    content = _values(shared, CONTENT)
    return {
        "name": name,
        "content": content,
        "place": _values(rows[""], PLACE) if "" in rows else None,
        "variants": {variant: _as_override(rows[variant], content) for variant in variants},
    }


def _as_override(row: Layer, shared: Document) -> Document:
    own = {name: value for name, value in _values(row, CONTENT).items() if value != shared[name]}
    return {"place": _values(row, PLACE), "own": own}


def _values(row: Layer, names: Iterable[str]) -> Document:
    return {name: _font_name(row) if name == "font" else getattr(row, name) for name in names}


def _font_name(row: Layer) -> str:
    return str(row.font.uuid) if row.font else ""


# --- document to rows -----------------------------------------------------------------------------------------------


def parse(data: Any, brand: Brand | None = None) -> list[Layer]:
    """The rows a document stands for, unsaved. Fonts are those of the house and of the brand. Raises LayoutError."""
    reader = _Reader(brand)
    rows = list(reader.rows(data))
    if reader.problems:
        raise LayoutError(reader.problems)
    return rows


class _Reader:
    """Goes through a document once and notes everything that is wrong with it."""

    def __init__(self, brand: Brand | None) -> None:
        self.brand = brand
        self.problems: list[Problem] = []
        self.schema = schema()
        owners = models.Q(brand=None) | (models.Q(brand=brand) if brand else models.Q())
        self.fonts = {str(font.uuid): font for font in Font.objects.filter(owners if brand else models.Q())}

    def note(self, path: str, sentence: str) -> None:
        self.problems.append(Problem(path, sentence))

    def rows(self, data: Any) -> Iterator[Layer]:
        document = self.members(data, "", ("token", "layers"))
        layers = document.get("layers")
        if not isinstance(layers, list):
            return self.note("layers", _("Write a list of layers."))
        if len(layers) > MOST_LAYERS:
            return self.note("layers", _("A brand has at most %(most)d layers.") % {"most": MOST_LAYERS})
        taken: set[str] = set()
        for number, layer in enumerate(layers):
            yield from self.layer(layer, f"layers[{number}]", taken)
        return None

    def members(self, data: Any, path: str, known: Iterable[str]) -> Document:
        """The members of an object; those that are unknown are noted and left out."""
        if not isinstance(data, dict):
            self.note(path, _("Write an object with named values."))
            return {}
        for name in sorted(set(data) - set(known)):
            self.note(f"{path}.{name}" if path else name, _("There is no such value."))
        return {name: data[name] for name in known if name in data}

    def layer(self, data: Any, path: str, taken: set[str]) -> Iterator[Layer]:
        layer = self.members(data, path, ("name", "content", "place", "variants"))
        name = self.name(layer.get("name"), f"{path}.name", taken)
        content = self.values(layer.get("content", {}), f"{path}.content", "content")
        paths = {"name": f"{path}.name", **{field: f"{path}.content.{field}" for field in CONTENT}}
        overrides = self.members(layer.get("variants", {}), f"{path}.variants", Variant.values)
        place = layer.get("place")
        if place is None and not overrides:
            return self.note(f"{path}.place", _("Say where the layer is."))
        if place is not None:
            yield self.row(name, "", content, self.values(place, f"{path}.place", "place"), paths, f"{path}.place")
        for variant, override in overrides.items():
            yield self.override(name, variant, content, override, paths, f"{path}.variants.{variant}")
        return None

    def override(self, name: str, variant: str, shared: Document, data: Any, paths: Any, path: str) -> Layer:
        override = self.members(data, path, ("place", "own"))
        place = self.values(override.get("place", {}), f"{path}.place", "place")
        own = self.values(override.get("own", {}), f"{path}.own", "content", fill=False)
        paths = {**paths, **{field: f"{path}.own.{field}" for field in own}}
        return self.row(name, variant, {**shared, **own}, place, paths, f"{path}.place")

    def name(self, value: Any, path: str, taken: set[str]) -> str:
        if not isinstance(value, str):
            self.note(path, _("Write a text."))
            return ""
        try:
            Layer._meta.get_field("name").clean(value, None)
        except ValidationError as error:
            self.note(path, " ".join(error.messages))
        if value in taken:
            self.note(path, _("There are two layers of this name."))
        taken.add(value)
        return value

    def values(self, data: Any, path: str, part: str, fill: bool = True) -> Document:
        """Checked values; those that are wrong or, with `fill`, missing are replaced by the usual ones."""
        given = self.members(data, path, self.schema[part])
        checked: Document = {}
        for name, field in self.schema[part].items():
            if name in given and (wrong := self.wrong(field, given[name])):
                self.note(f"{path}.{name}", wrong)
                checked[name] = field.default
            elif name in given:
                checked[name] = given[name]
            elif fill:
                checked[name] = field.default
        return checked

    def wrong(self, field: Field, value: Any) -> str:
        sentence = field.check(value)
        if not sentence and field.kind == "font" and value and _uuid(value) not in self.fonts:
            return _("This brand has no such font.")
        return sentence

    def row(
        self, name: str, variant: str, content: Document, place: Document, paths: dict[str, str], place_path: str
    ) -> Layer:
        values = {**content, **place, "font": self.fonts.get(_uuid(content["font"]))}
        row = Layer(name=name, variant=variant, **values)
        if self.brand:
            row.brand = self.brand
        try:
            row.clean()
        except ValidationError as error:
            for field, sentences in error.message_dict.items():
                known = {problem.path for problem in self.problems}
                found = paths.get(field, f"{place_path}.{field}")
                if found not in known:
                    self.note(found, " ".join(sentences))
        return row


def _uuid(value: str) -> str:
    """In the one way we write them; "" for what is none."""
    try:
        return str(UUID(value))
    except ValueError:
        return ""


# --- saving ---------------------------------------------------------------------------------------------------------


def save(brand: Brand, data: Any, user: Any) -> Saved:
    """Makes the rows of the brand those of the document, in one transaction, or leaves all as it is.

    Raises PermissionDenied, Protected, Outdated when the rows are no longer those that the document began from, and
    LayoutError with what is wrong with it.
    """
    if not user.has_perm("brands.change_brand") or not Brand.objects.for_user(user).filter(pk=brand.pk).exists():
        raise PermissionDenied
    with transaction.atomic():
        brand = Brand.objects.select_for_update().get(pk=brand.pk)  # two who save at once do so one after the other
        if brand.locked:
            raise Protected
        rows = parse(data, brand)
        before = read(brand)
        if data.get("token") != before["token"]:
            raise Outdated(before)
        if not _replace(brand, rows):
            return Saved(before, False, [])
        Brand.objects.filter(pk=brand.pk).update(updated_at=timezone.now())
        said = changes.changed([brand.pk])
        return Saved(read(brand), True, said)


def _replace(brand: Brand, rows: list[Layer]) -> bool:
    """Deletes, changes and adds rows as needed; False when nothing was."""
    there = {_key(row): row for row in brand.layers.select_related("font")}
    wanted = {_key(row): row for row in rows}
    gone = [row.pk for key, row in there.items() if key not in wanted]
    edited = [_taken_over(there[key], row) for key, row in wanted.items() if key in there and _differ(there[key], row)]
    new = [row for key, row in wanted.items() if key not in there]
    Layer.objects.filter(pk__in=gone).delete()
    Layer.objects.bulk_update(edited, [*CONTENT, *PLACE])
    Layer.objects.bulk_create(new)
    return bool(gone or edited or new)


def _key(row: Layer) -> Key:
    return row.name, row.variant


def _differ(one: Layer, other: Layer) -> bool:
    return _values(one, CONTENT + PLACE) != _values(other, CONTENT + PLACE)


def _taken_over(row: Layer, newer: Layer) -> Layer:
    for name in CONTENT + PLACE:
        setattr(row, name, getattr(newer, name))
    return row
