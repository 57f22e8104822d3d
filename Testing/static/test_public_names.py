"""Names that callers outside the project rely on; removing or renaming one breaks them."""

import inspect
import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

from project_tree import ROOT

PUBLIC = {
    "cueseg": (
        "__version__ confidence_map gaussian_points extreme_points_from_mask jitter_points create_model "
        "confidence_map_batch convert_dextr_checkpoint ExtremePointPredictor Prediction load_model "
        "list_models save_model WeightsCard SegmentationNetwork NetworkCard load_network list_networks "
        "save_network inspect_network refine RefinementOptions RefinementSession RefinementResult load_delta "
        "grow_scribbles GrowthOptions simulate_scribbles BifsegOptions BifsegResult BifsegSession "
        "Expansion Target expand_points segment_from_points"
    ),
    "cueseg.datasets": (
        "KINDS SliceOrigin TrainingCase assign_splits export_training_set list_data_set read_splits write_manifest"
    ),
    "cueseg.bifseg": "Alternation BifsegOptions BifsegResult BifsegSession bifseg",
    "cueseg.energy": "contrast_weights energy_of expand_labels grid_cut",
    "cueseg.image_files": "Segmentation extract_slice read_image write_segmentation",
    "cueseg.networks.deepbrain": "convert_deepbrain",
    "cueseg.refinement": "Decision RefinementCancelled RefinementProgress WeightDelta list_layers",
    "cueseg.refinement.regularisation": "regularised_probabilities",
    "cueseg.seven_points": (
        "DIRECTIONS Expansion Finding SevenPointsCancelled SevenPointsOptions SevenPointsResult Target check_target "
        "directions expand_points read_targets segment_from_points simulated_target"
    ),
    "cueseg.training.cases": "read_case read_entries read_manifest",
    "cueseg.volumes": (
        "Propagation PropagationOptions SliceResult VolumeOptions VolumeResult VolumeSession derived_points "
        "fill_between filled_volume ranked_slices segment_between suggest_slice"
    ),
    "cueseg.intensity": "MODALITIES IntensityRule",
    "cueseg.extreme_points": "check_points order_extreme_points extreme_points_from_mask jitter_points",
    "cueseg.confidence_torch": "confidence_map_batch gaussian_points_batch",
    "cueseg.weights_file": "DEFAULT_MODEL LoadedModel load_model list_models save_model",
    "cueseg.predictor": "ExtremePointPredictor Prediction",
    "cueseg.models": "create_model",
    "cueseg.metrics": "SurfaceDistances dice surface_distances",
}

# module:name -> parameter names in order; what comes after is free.
SIGNATURES = {
    "cueseg:confidence_map": ["points", "shape"],
    "cueseg:gaussian_points": ["points", "shape", "sigma"],
    "cueseg:extreme_points_from_mask": ["mask", "rng"],
    "cueseg:create_model": ["name", "in_channels"],
    "cueseg:RefinementSession": ["network", "device"],
    "cueseg:RefinementSession.set_image": ["self", "image", "spacing", "modality"],
    "cueseg:RefinementSession.refine": ["self", "scribbles", "options"],
    "cueseg:BifsegSession": ["network", "device"],
    "cueseg:BifsegSession.set_image": ["self", "image", "spacing", "modality"],
    "cueseg:BifsegSession.set_box": ["self", "box"],
    "cueseg:BifsegSession.segment": ["self", "scribbles", "options"],
    "cueseg:VolumeSession": ["predictor"],
    "cueseg:VolumeSession.set_image": ["self", "image", "modality", "spacing"],
    "cueseg:VolumeSession.segment_between": ["self", "clicked", "options", "monitor"],
    "cueseg:VolumeSession.propagate": ["self", "start", "mask", "direction", "until", "options", "monitor"],
    "cueseg:fill_between": ["masks", "pixel_size"],
    "cueseg:suggest_slice": ["result"],
    "cueseg.volumes:segment_between": ["predictor", "image", "clicked"],
    "cueseg.volumes:derived_points": ["mask"],
    "cueseg.bifseg:bifseg": ["network", "image", "box", "scribbles", "options"],
    "cueseg.datasets:export_training_set": ["cases", "folder", "layout"],
    "cueseg.energy:grid_cut": ["unary0", "unary1", "weights"],
    "cueseg.seven_points:Target": ["seed", "outside"],
    "cueseg.seven_points:check_target": ["target", "shape", "spacing", "image"],
    "cueseg.seven_points:directions": ["seed", "outside", "spacing"],
    "cueseg.seven_points:expand_points": ["image", "targets", "spacing", "threshold"],
    "cueseg.seven_points:segment_from_points": ["image", "targets", "spacing", "options"],
    "cueseg.seven_points:simulated_target": ["mask", "spacing", "margin", "rng"],
    "cueseg:ExtremePointPredictor": ["model", "device"],
    "cueseg:ExtremePointPredictor.set_image": ["self", "image", "modality", "spacing"],
    "cueseg:ExtremePointPredictor.predict": ["self", "points", "threshold"],
}


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in PUBLIC.items() for n in names.split()])
def test_public_names_can_be_imported(module, name):
    assert getattr(import_module(module), name) is not None


@pytest.mark.parametrize("path", SIGNATURES)
def test_signatures_stay(path):
    target = pkgutil.resolve_name(path)
    assert list(inspect.signature(target).parameters)[: len(SIGNATURES[path])] == SIGNATURES[path]


def test_modalities_and_presets_keep_their_names():
    from cueseg import confidence_map
    from cueseg.intensity import MODALITIES

    assert MODALITIES == ("ct", "mr", "grey", "rgb")
    assert inspect.signature(confidence_map).parameters["preset"].default == "paper"


def test_the_package_lists_its_names_and_refuses_others():
    import cueseg

    assert set(PUBLIC["cueseg"].split()) <= set(dir(cueseg))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        cueseg.nonsense  # noqa: B018


@pytest.mark.parametrize(
    "statement", ["import cueseg", "from cueseg.weights_file import list_models; list_models()"]
)
def test_importing_and_listing_models_needs_no_torch(statement):
    code = f"import sys; {statement}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / "CueSegBackend", check=True, timeout=60)
