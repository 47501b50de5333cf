"""The first safe zones. Guidance to begin with: each row says what it is from, and people correct it on its page."""

from datetime import date

from django.db import migrations

UNCHECKED = "A guess to begin with. Compare it with the platform's own page, then note that here."
# name, platform, top, right, bottom, left, source, looked at
ZONES = [
    ("Any platform", "any", 10, 0, 15, 0, "The mildest of general advice: 10 to 20 % at the top, 15 to 35 % at the bottom.", date(2026, 11, 20)),
    ("Reels", "instagram_reels", 14, 6, 35, 6, "Advertising guides of 2026 that quote Meta; not Meta's own page.", date(2026, 11, 20)),
    ("Shorts", "youtube_shorts", 15, 18, 35, 4.5, UNCHECKED + " One guide says 25 % at the bottom.", None),
    ("TikTok", "tiktok", 7, 13, 25, 6, UNCHECKED, None),
]


def add(apps, schema_editor):
    SafeZone = apps.get_model("brands", "SafeZone")
    for name, platform, top, right, bottom, left, source, checked_on in ZONES:
        SafeZone.objects.get_or_create(
            platform=platform,
            variant="vertical",
            defaults={
                "name": name,
                "top": top,
                "right": right,
                "bottom": bottom,
                "left": left,
                "source": source,
                "checked_on": checked_on,
            },
        )


def remove(apps, schema_editor):
    """Only those that nobody has corrected."""
    SafeZone = apps.get_model("brands", "SafeZone")
    for _name, platform, top, right, bottom, left, source, _checked_on in ZONES:
        SafeZone.objects.filter(
            platform=platform, variant="vertical", top=top, right=right, bottom=bottom, left=left, source=source
        ).delete()


class Migration(migrations.Migration):
    dependencies = [("brands", "0002_studio")]
    operations = [migrations.RunPython(add, remove)]
