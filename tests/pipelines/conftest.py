import pytest

from jobs.media import tools
from jobs.media.tools import Tools


@pytest.fixture(scope="session")
def real_tools() -> Tools:
    return tools.find()
