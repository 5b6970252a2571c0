"""What tests of the play ground share."""

import pytest
from play_client import Client, streaming, wait_for


@pytest.fixture
def client():
    made = Client()
    yield made
    made.site.close()
    wait_for(lambda: not streaming())
