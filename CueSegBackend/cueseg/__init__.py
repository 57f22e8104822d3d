"""CueSeg backend: segmentation from extreme points and scribbles, in plain numpy, scipy and torch.

Importing this package imports neither torch nor scipy; the public names below are loaded at first use, so a
3D Slicer panel can open without PyTorch installed.
"""

from cueseg.lazy_names import lazy_names

__version__ = "0.1.0"

_HOMES = {
    "confidence_map": "confidence",
    "confidence_map_batch": "confidence_torch",
    "gaussian_points": "confidence",
    "extreme_points_from_mask": "extreme_points",
    "jitter_points": "extreme_points",
    "CropWindow": "geometry",
    "IntensityRule": "intensity",
    "create_model": "models",
    "convert_dextr_checkpoint": "models.dextr",
    "load_model": "weights_file",
    "list_models": "weights_file",
    "save_model": "weights_file",
    "WeightsCard": "weights_file",
    "ExtremePointPredictor": "predictor",
    "Prediction": "predictor",
    "SegmentationNetwork": "networks",
    "NetworkCard": "networks",
    "load_network": "networks",
    "list_networks": "networks",
    "save_network": "networks",
    "inspect_network": "networks",
    "refine": "refinement",
    "RefinementOptions": "refinement",
    "RefinementSession": "refinement",
    "RefinementResult": "refinement",
    "load_delta": "refinement",
    "BifsegOptions": "bifseg",
    "BifsegResult": "bifseg",
    "BifsegSession": "bifseg",
    "grow_scribbles": "scribbles",
    "GrowthOptions": "scribbles",
    "simulate_scribbles": "scribbles",
    "Expansion": "seven_points",
    "Target": "seven_points",
    "expand_points": "seven_points",
    "VolumeOptions": "volumes",
    "VolumeResult": "volumes",
    "VolumeSession": "volumes",
    "fill_between": "volumes",
    "suggest_slice": "volumes",
    "segment_from_points": "seven_points",
}

__all__ = ["__version__", *_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
