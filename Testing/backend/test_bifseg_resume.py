"""A round that was taken back is no part of the next one: `BifsegSession.resume`."""

import pytest

from bifseg_case import BOX, BRIEF, SCRIBBLES, clear, network, same, session_of
from cueseg.bifseg import BifsegSession


def test_rounds_are_the_same_from_the_same_weights():
    session = session_of(network(), clear())
    first = session.segment(SCRIBBLES, BRIEF)
    second = session.segment(SCRIBBLES, BRIEF)
    session.segment(None, BRIEF)
    session.resume(first.delta)
    same(session.segment(SCRIBBLES, BRIEF), second)
    session.resume(None)
    same(session.segment(SCRIBBLES, BRIEF), first)


def test_without_a_box_there_is_nothing_to_resume():
    session = BifsegSession(network(), device="cpu")
    with pytest.raises(RuntimeError, match="call set_image and set_box first"):
        session.resume(None)
    session.set_image(clear())
    session.set_box(BOX)
    session.resume(None)
