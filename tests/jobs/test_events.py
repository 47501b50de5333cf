"""What happened, in words."""

from jobs.models import Event


def test_a_long_message_loses_its_end(db):
    event = Event.objects.tell("Fetching " + "a" * 700)
    assert len(event.message) == 500
    assert event.message.startswith("Fetching a")
    assert event.message.endswith("…")


def test_a_message_that_fits_stays_whole(db):
    assert Event.objects.tell("a" * 500).message == "a" * 500
