"""What operators see of videos, jobs and outputs. Pages read rows; every change is a POST that calls one service.

asset    videos: bring in, look at, "make branded outputs"  ->  order    the page that shows the plan and orders it
job      what is wanted, how far it is, cancel, retry           output   the files that were made
site     who is left alone for a while, and "open again"        lesson   failures without a cause, to be named
stage    what gave up, and "try again"                          pause    the switch on the first page
dashboard  the first page                                       words    values as small pieces of HTML
download   lists as CSV
"""

from jobs.admin import asset, job, lesson, output, site, stage  # noqa: F401  importing registers
