"""Names of processes that outlive them."""

import dataclasses

from jobs.engine import identity
from jobs.engine.leased import Leased


def test_a_name_can_be_read_back_and_fits_its_column():
    me = identity.me()
    assert identity.parse(str(me)) == me
    longest = dataclasses.replace(me, host="h" * identity.LONGEST_HOST, pid=4194304, started=10**11)
    assert len(str(longest)) <= Leased._meta.get_field("worker").max_length


def test_what_is_no_name_is_none():
    assert identity.parse("") is None
    assert identity.parse("host boot space pid started") is None


def test_a_process_is_gone_when_its_number_means_another_one():
    me = identity.me()
    assert not me.gone
    assert dataclasses.replace(me, started=me.started - 1).gone
    assert dataclasses.replace(me, boot="earlier").gone


def test_of_other_hosts_and_containers_nothing_is_sure():
    me = identity.me()
    assert not dataclasses.replace(me, host="elsewhere", started=1).gone
    assert not dataclasses.replace(me, space=me.space + 1, started=1).gone
