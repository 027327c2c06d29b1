"""What can be said about mmlite's loop without a clock."""

from __future__ import annotations


def test_twenty_steps_end_where_the_plain_loop_ends(session):
    from tiny import loss_difference

    assert loss_difference(session, steps=20) < 1e-4


def test_nothing_is_read_between_log_lines(session):
    from loops import reads_per_iteration

    assert reads_per_iteration(session) <= 0.1


def test_reads_are_counted():
    import torch
    from loops import HostReads

    with HostReads() as reads:
        value = torch.ones(3).sum()
        assert reads.count == 0
        assert value.item() == float(value) == 3
        assert bool(value > 2)
    assert reads.count == 3
