"""The rows: Asset -> Job -> Output (cell), worked on by Stages, told about by Events."""

from jobs.models.asset import Asset, AssetKind, AssetState
from jobs.models.brightness import Brightness
from jobs.models.event import Event, EventLevel
from jobs.models.gate import Gate
from jobs.models.host import Host
from jobs.models.job import Fit, Job, JobState, Profile
from jobs.models.lesson import Lesson
from jobs.models.output import Output, OutputState
from jobs.models.pace import Pace
from jobs.models.recipe import Recipe
from jobs.models.reframe import Reframe, Turn
from jobs.models.site import Site
from jobs.models.stage import Stage, StageKind

__all__ = [
    "Asset",
    "AssetKind",
    "AssetState",
    "Brightness",
    "Event",
    "EventLevel",
    "Fit",
    "Gate",
    "Host",
    "Job",
    "JobState",
    "Lesson",
    "Output",
    "OutputState",
    "Pace",
    "Profile",
    "Recipe",
    "Reframe",
    "Site",
    "Stage",
    "StageKind",
    "Turn",
]
