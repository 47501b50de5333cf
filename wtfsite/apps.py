from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "wtfsite"
    verbose_name = "House"

    def ready(self) -> None:
        from wtfsite import checks  # noqa: F401  registers the system checks
