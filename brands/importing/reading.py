"""One reader for each format. `read` finds out which documents of a kit are what, and lets each reader add its drafts.

own         wtf-brands.json                 what `export_brands` writes
brandlist   brands: {Name: {...}}           names, logos, marks by their key, how a brand writes
assetmap    {Name: {assets:, options:}}     pictures by their path
brandfolder manifest.yml, watermark.yml, orientation.yml beside logo.png, watermark.png, template.png
tree        Logos/{Circle,Square}/, Watermarks/{Vertical_HD,Square,Landscape}/, watermarks/
routing     {Name: {platforms:, priority:}}
rules       platforms: {tiktok: {...}}      safe zones, patterns of file names
"""

from pathlib import PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from brands.importing.drafts import ERROR, NOTE
from brands.importing.files import Kit, Unreadable, stem
from brands.importing.readers import assetmap, brandfolder, brandlist, own, routing, rules, tree
from brands.importing.readers.base import Document, Reading
from brands.importing.values import Sheet
from wtfsite.lib import documents
from wtfsite.lib.documents import BadDocument

YAML, JSON = (".yml", ".yaml"), (".json",)
MOST_JSON, MOST_YAML = 8 << 20, 64 << 10  # bytes; our own format grows with the brands


def read(kit: Kit, sheet: Sheet) -> Reading:
    """All that the kit's documents and file names say."""
    reading = Reading(kit, sheet)
    found = [document for path in kit.names if (document := _document(kit, path, sheet))]
    for reader in (own, brandlist, assetmap, brandfolder, routing, rules):
        for document in [one for one in found if reader.knows(one)]:
            found.remove(document)
            reading.understood += 1
            reader.read(document, reading)
    for document in found:
        sheet.say(NOTE, document.path, _("This list is of no kind that is known, and was left out."))
    tree.read(reading)
    return reading


def _document(kit: Kit, path: str, sheet: Sheet) -> Document | None:
    ending = PurePosixPath(path).suffix.casefold()
    if ending not in YAML + JSON:
        return None
    try:
        value: Any
        if ending in YAML:
            value = documents.read_yaml(kit.read(path, MOST_YAML), MOST_YAML)
        else:
            value = documents.read_json(kit.read(path, MOST_JSON), MOST_JSON)
    except (Unreadable, BadDocument) as error:
        sheet.say(ERROR, path, str(error))
        return None
    if not isinstance(value, dict):
        sheet.say(ERROR, path, _("The list has to be a mapping: a name, a colon, and what belongs to it."))
        return None
    return Document(path, stem(path).casefold(), value)
