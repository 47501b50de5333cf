"""The site: puts the apps together.

browser / program -> urls -> admin, health ------+
manage.py demo, studio, runworkers --------------+--> jobs.services -> rows -> jobs.engine -> pipelines -> storage
settings <- lib.env <- environment               |
lib: process, sandbox, net, env, clock  <--------+   (the floor: no Django)
"""

VERSION = "0.1.0"
