from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = _("Studio")

    def ready(self) -> None:
        from brands.changes import on_change
        from jobs.engine import registry
        from jobs.models import Stage
        from jobs.services import lessons, stages, stale

        registry.register(Stage, stages.handle, stages.ended, stages.lock, lessons.judge, stages.interrupted)
        on_change(stale.heard)
