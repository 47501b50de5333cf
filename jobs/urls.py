"""The files of videos and outputs by their public ids, and the part of the first page that is asked for again."""

from django.urls import path

from jobs import views
from jobs.admin import dashboard, pause, preview, reframe, stale, videos

app_name = "jobs"
urlpatterns = [
    path("dashboard", dashboard.fragment, name="dashboard"),
    path("retry", dashboard.try_again, name="retry"),
    path("pause", pause.switch, name="pause"),
    path("videos", videos.newest, name="videos"),
    path("preview", preview.preview, name="preview"),
    path("videos/<uuid:uuid>/frame", reframe.frame, name="frame"),
    path("videos/<uuid:uuid>/file", views.asset_file, name="asset-file"),
    path("videos/<uuid:uuid>/poster", views.asset_poster, name="asset-poster"),
    path("outputs/<uuid:uuid>/file", views.output_file, name="output-file"),
    path("outputs/<uuid:uuid>/download", views.output_download, name="output-download"),
    path("outputs/<uuid:uuid>/poster", views.output_poster, name="output-poster"),
    path("outputs/<uuid:uuid>/recipe", views.output_recipe, name="output-recipe"),
    path("brands/<int:pk>/stale", stale.of_brand, name="stale-of-brand"),
]
