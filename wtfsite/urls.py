"""Every address of the site. What is not here does not exist; what does not say otherwise asks for a login."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from jobs.admin import storage, workers
from wtfsite import health, queue

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("health", health.health, name="health"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("health/deep", health.deep, name="health-deep"),
    path("jobs/", include("jobs.urls")),
    path("admin/workers/", admin.site.admin_view(workers.page), name="workers"),
    path("admin/workers/now", admin.site.admin_view(workers.fragment), name="workers-now"),
    path("admin/storage/", admin.site.admin_view(storage.page), name="storage"),
    path("admin/queue/", admin.site.admin_view(queue.page), name="queue"),
    path("admin/", admin.site.urls),
]
