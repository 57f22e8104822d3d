"""`BifsegSession` at its limits: degenerate boxes, images and scribbles, bad input, exhausted memory."""

import numpy as np
import pytest

from cueseg import NetworkCard, SegmentationNetwork
from cueseg.bifseg import BifsegOptions, BifsegSession, bifseg
from refinement_networks import OutOfMemory, Plain, picture, seeded, state_of, unchanged

BOX = ((12, 9), (36, 30))
QUICK = BifsegOptions(iterations=3, alternations=2)


def network(kind=Plain, **card):
    described = NetworkCard(
        name="tiny", dims=2, in_channels=1, classes=("background", "object"), tail=("head",), **card
    )
    return SegmentationNetwork.of(seeded(lambda: kind(2, 1, 2)), described)


def scribbled(shape=(40, 48), **places):
    scribbles = np.full(shape, -1, np.int8)
    for name, place in places.items():
        scribbles[place] = int(name == "thing")
    return scribbles


@pytest.mark.parametrize("card", [{}, {"multiple": 8}, {"intensity": {"kind": "zscore", "nonzero": False}}])
@pytest.mark.parametrize("margin", [0, 5])
def test_a_box_of_one_voxel(card, margin):
    scribbles = scribbled(thing=(20, 30))
    options = BifsegOptions(iterations=3, margin=margin)
    result = bifseg(network(**card), picture(), ((30, 20), (30, 20)), scribbles, options, device="cpu")
    assert np.argwhere(result.mask).tolist() == [[20, 30]]
    assert (result.crop[0].start, result.crop[1].stop) == (20 - margin, 31 + margin)


@pytest.mark.parametrize("shape", [(1, 1), (1, 48), (3, 3)])
def test_tiny_images_are_mirrored_to_what_the_network_takes(shape):
    box = ((0, 0), (shape[1] - 1, shape[0] - 1))
    result = bifseg(
        network(multiple=8), picture((9, 48))[: shape[0], : shape[1]], box, None, QUICK, device="cpu"
    )
    assert result.mask.shape == shape
    assert np.isfinite(result.probabilities).all()


def test_a_constant_image_and_one_of_extreme_values():
    scribbles = scribbled(thing=(20, slice(20, 26)), other=(12, slice(14, 30)))
    for image in (np.zeros((40, 48)), np.full((40, 48), 7, np.int16), picture() * 1e30, picture() * 1e-30):
        net = network(intensity={"kind": "zscore", "nonzero": False})
        result = bifseg(net, image, BOX, scribbles, QUICK, device="cpu")
        assert result.mask[scribbles == 1].all()
        assert not result.mask[scribbles == 0].any()
        assert np.isfinite(result.probabilities).all()


def test_scribbles_everywhere_decide_everything(rng):
    for values in (np.ones((40, 48), int), rng.integers(0, 2, (40, 48))):
        scribbles = scribbled()
        scribbles[9:31, 12:37] = values[9:31, 12:37]
        result = bifseg(network(), picture(), BOX, scribbles, QUICK, device="cpu")
        np.testing.assert_array_equal(result.mask, scribbles == 1)
        assert not result.uncertain.any()


def test_the_box_may_be_the_image_or_exceed_it():
    whole = bifseg(network(), picture(), ((0, 0), (47, 39)), None, QUICK, device="cpu")
    larger = bifseg(network(), picture(), ((-9, -9.5), (60, 41)), None, QUICK, device="cpu")
    np.testing.assert_array_equal(whole.mask, larger.mask)
    assert whole.crop == (slice(0, 40), slice(0, 48))


def test_empty_scribbles_are_none():
    one = bifseg(network(), picture(), BOX, scribbled(), QUICK, device="cpu")
    other = bifseg(network(), picture(), BOX, None, QUICK, device="cpu")
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


def test_scribbles_honoured_whatever_the_network_says(rng):
    session = BifsegSession(network(), device="cpu")
    session.set_image(picture())
    for number in range(6):
        scribbles = scribbled()
        scribbles[9:31, 12:37] = rng.choice([-1] * 30 + [0, 1], (22, 25))
        session.set_box(BOX)
        options = BifsegOptions(
            iterations=2,
            learning_rate=(1.0, 1e-3)[number % 2],
            epsilon=(0.0, 0.2, 5.0)[number % 3],
            t0=0.5,
            t1=0.5,
            weighting=("full", "uniform")[number % 2],
        )
        result = session.segment(scribbles, options)
        np.testing.assert_array_equal(result.mask[scribbles >= 0], scribbles[scribbles >= 0] == 1)
        assert all(item.energy <= item.energy_before for item in result.alternations)


def test_without_an_object_nothing_is_learnt():
    net = network()
    scribbles = scribbled(other=(slice(9, 31), slice(12, 37)))
    session = BifsegSession(net, device="cpu")
    session.set_image(picture())
    session.set_box(BOX)
    result = session.segment(scribbles)
    assert (result.stopped_by, result.iterations, result.mask.any()) == ("nothing", 0, False)
    assert "no object was found in the box, so nothing was learnt" in result.notes[0]
    for name, tensor in result.delta.tensors.items():
        assert (tensor == net.module.state_dict()[name]).all()


def test_where_every_voxel_is_uncertain_nothing_is_learnt():
    scribbles = scribbled(thing=(slice(20, 22), slice(20, 26)))
    options = BifsegOptions(t0=0.0, t1=1.0, margin=0)
    result = bifseg(network(), picture(), BOX, scribbles, options, device="cpu")
    assert result.iterations > 0  # from the scribbles alone
    session = BifsegSession(network(), device="cpu")
    session.set_image(picture())
    session.set_box(BOX)
    blind = session.segment(None, BifsegOptions(t0=0.0, t1=1.0, margin=0, smoothness=0))
    assert (blind.stopped_by, blind.iterations) == ("nothing", 0)
    assert "every voxel is uncertain" in blind.notes[0]


def test_nan_in_the_crop_is_refused_and_elsewhere_it_does_not_matter():
    image = picture()
    image[0, 0] = np.nan
    result = bifseg(network(), image, BOX, None, QUICK, device="cpu")
    assert np.isfinite(result.probabilities).all()
    image[20, 20] = np.inf
    with pytest.raises(ValueError, match="the image holds 1 values that are NaN, infinite"):
        bifseg(network(), image, BOX, None, QUICK, device="cpu")


def test_contradictory_shapes_and_missing_parts():
    net, image = network(), picture()
    with pytest.raises(ValueError, match=r"its spatial shape should be \(9, 9\), that of the scribbles"):
        bifseg(net, image, BOX, np.full((9, 9), -1), device="cpu")
    session = BifsegSession(net, device="cpu")
    with pytest.raises(RuntimeError, match="call set_image first"):
        session.set_box(BOX)
    session.set_image(image)
    with pytest.raises(RuntimeError, match="call set_image and set_box first"):
        session.segment()
    session.set_box(BOX)
    with pytest.raises(ValueError, match=r"the scribbles have shape \(9, 9\)"):
        session.segment(np.full((9, 9), -1))
    with pytest.raises(ValueError, match="connectivity is 6 for 2 dimensions"):
        session.segment(options=BifsegOptions(connectivity=6))
    with pytest.raises(ValueError, match="the network has no layer 'hade'"):
        session.segment(options=BifsegOptions(layers="hade"))
    with pytest.raises(ValueError, match="the box is empty"):
        session.set_box(((5, 5), (1, 1)))
    assert session.segment(options=QUICK).iterations > 0
    session.set_image(image)
    with pytest.raises(RuntimeError, match="no box around an object"):
        session.segment()


def test_networks_of_other_classes_are_refused():
    with pytest.raises(ValueError, match=r"the network has 3 classes \(background, class 1, class 2\)"):
        BifsegSession(seeded(Plain))
    with pytest.raises(ValueError, match="cache_megabytes is -1"):
        BifsegSession(network(), cache_megabytes=-1)


def test_features_that_do_not_fit_are_computed_again():
    scribbles = scribbled(thing=(20, slice(20, 26)), other=(12, slice(14, 30)))
    results = []
    for megabytes in (0, 100):
        session = BifsegSession(network(), device="cpu", cache_megabytes=megabytes)
        session.set_image(picture())
        session.set_box(BOX)
        results.append(session.segment(scribbles, QUICK))
    np.testing.assert_array_equal(results[0].probabilities, results[1].probabilities)


def test_a_rate_that_is_far_too_large_is_named():
    with pytest.raises(
        RuntimeError, match=r"the fine-tuning diverged after \d+ iterations: use a learning rate"
    ):
        bifseg(network(), picture(), BOX, None, BifsegOptions(learning_rate=1e38), device="cpu")


@pytest.mark.parametrize("later", [0, 1, 2, 3])
def test_exhausted_memory_is_a_message_and_changes_nothing(monkeypatch, later):
    net = network(OutOfMemory)
    before = state_of(net.module)
    session = BifsegSession(net, device="cpu")
    session.set_image(picture())
    session.set_box(BOX)
    first = session.segment(None, QUICK)
    session.set_box(BOX)
    monkeypatch.setattr(OutOfMemory, "limit", OutOfMemory.calls + later)
    with pytest.raises(RuntimeError, match=r"the memory of cpu did not suffice; nothing was changed"):
        session.segment(None, QUICK)
    monkeypatch.setattr(OutOfMemory, "limit", 10**9)
    assert unchanged(net.module, before)
    session.set_box(BOX)
    np.testing.assert_array_equal(session.segment(None, QUICK).probabilities, first.probabilities)
