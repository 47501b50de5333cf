"""The roles that a studio begins with: groups, and what their members may do. People may change them as they like."""

from collections.abc import Iterator

from django.contrib.auth.models import Group, Permission

VIEW, WRITE = ("view",), ("view", "add", "change", "delete")
LOOK = ("brand", "artwork", "brandclip", "font", "layer", "publishingprofile", "safezone")
WORK = ("asset", "job", "output", "stage", "event", "recipe", "reframe", "brightness")
HOUSE = ("site", "lesson")

# By role: (verbs, models). `change_job` is what lets people cancel, retry, re-render, keep, and put jobs before others.
OPERATOR = [
    (VIEW, (*LOOK, *WORK, *HOUSE)),
    (("add", "change"), ("asset",)),
    (("add", "change"), ("job",)),
    (WRITE, ("reframe",)),
]
ROLES: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "operator": OPERATOR,
    "editor": [*OPERATOR, (WRITE, LOOK), (("view", "add"), ("importrun",))],
    "publisher": [(VIEW, (*LOOK, *WORK))],
    "auditor": [],  # all that can be looked at
    "admin": [],  # everything
}
OURS = ("brands", "jobs", "publishing", "wtfsite")
PEOPLE = [("auth", "group"), ("wtfsite", "user")]


def permissions(role: str) -> list[Permission]:
    """All that a role begins with, as far as this version of the studio knows of it."""
    known = Permission.objects.select_related("content_type")
    ours = [one for one in known if one.content_type.app_label in OURS or _key(one) in PEOPLE]
    if role == "admin":
        return ours
    if role == "auditor":
        return [one for one in ours if one.codename.startswith("view_")]
    wanted = {f"{verb}_{model}" for verbs, models in ROLES[role] for verb in verbs for model in models}
    return [one for one in ours if one.codename in wanted]


def _key(permission: Permission) -> tuple[str, str]:
    return permission.content_type.app_label, permission.content_type.model


def set_up(complete: bool = False) -> Iterator[str]:
    """Make the roles that are missing; their names. One that is there is left as people have made it, unless `complete`
    asks for what it lacks. Nothing is ever taken away.
    """
    for role in ROLES:
        group, new = Group.objects.get_or_create(name=role)
        if not new and not complete:
            continue
        before = group.permissions.count()
        group.permissions.add(*permissions(role))
        if new or group.permissions.count() > before:
            yield role
