"""Result folders of nnU-Net v2: architecture, preprocessing and classes come from its plans."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cueseg.networks.architectures import build_network
from cueseg.networks.formats.nnunet_plans import card_from_plans, choose_configuration
from cueseg.networks.loading import load_network
from network_files import Payload

KERNELS, STRIDES = [[1, 3, 3], [3, 3, 3], [3, 3, 3]], [[1, 1, 1], [1, 2, 2], [2, 2, 2]]
KWARGS: dict[str, Any] = {
    "n_stages": 3,
    "features_per_stage": [4, 8, 12],
    "conv_op": "torch.nn.modules.conv.Conv3d",
    "kernel_sizes": KERNELS,
    "strides": STRIDES,
    "n_conv_per_stage": [2, 2, 2],
    "n_conv_per_stage_decoder": [2, 2],
    "conv_bias": True,
    "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
    "norm_op_kwargs": {"eps": 1e-05, "affine": True},
    "nonlin": "torch.nn.LeakyReLU",
}
CONFIGURATION: dict[str, Any] = {
    "patch_size": [8, 16, 32],
    "spacing": [3.0, 0.7, 0.8],
    "normalization_schemes": ["CTNormalization"],
    "use_mask_for_norm": [False],
    "architecture": {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": KWARGS,
    },
}
PLANS: dict[str, Any] = {
    "dataset_name": "Dataset009_Spleen",
    "transpose_forward": [0, 2, 1],
    "foreground_intensity_properties_per_channel": {
        "0": {"mean": 99.0, "std": 40.0, "percentile_00_5": -40.0, "percentile_99_5": 200.0}
    },
    "configurations": {
        "3d_fullres": CONFIGURATION,
        "child": {"inherits_from": "3d_fullres", "patch_size": [8, 16, 16]},
    },
}
DATASET = {"channel_names": {"0": "CT"}, "labels": {"background": 0, "tumour": 2, "spleen": 1, "ignore": 3}}


def folder_of(tmp_path: Path, plans: dict[str, Any] = PLANS, **checkpoint: Any) -> Path:
    """A result folder with weights as nnU-Net writes them: copies under other names, numpy numbers beside."""
    folder = tmp_path / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    (folder / "fold_0").mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(plans), encoding="utf-8")
    (folder / "dataset.json").write_text(json.dumps(DATASET), encoding="utf-8")
    card = card_from_plans(plans, DATASET, choose_configuration(plans, "3d_fullres"), "a")
    state = build_network(card).state_dict()
    copies = {}
    for name, tensor in state.items():
        head, _, last = name.rpartition(".")
        block, _, part = head.rpartition(".")
        if part in ("conv", "norm"):
            copies[f"{block}.all_modules.{int(part == 'norm')}.{last}"] = tensor
    copies |= {f"decoder.{n}": t for n, t in {**state, **copies}.items() if n.startswith("encoder.")}
    content = {
        "network_weights": {**state, **copies, **checkpoint.pop("extra", {})},
        "_best_ema": np.float64(0.9),
        "current_epoch": 1000,
        "init_args": {"configuration": "3d_fullres"},
        **checkpoint,
    }
    torch.save(content, folder / "fold_0" / "checkpoint_final.pth")
    return folder


@pytest.mark.parametrize("kind", ["PlainConvUNet", "ResidualEncoderUNet"])
def test_a_folder_becomes_a_network(kind: str, tmp_path: Path) -> None:
    kwargs = {**KWARGS, "n_blocks_per_stage": [1, 2, 2]} if kind.startswith("Res") else KWARGS
    settings = {"network_class_name": f"x.y.{kind}", "arch_kwargs": kwargs}
    configurations = {"3d_fullres": {**CONFIGURATION, "architecture": settings}}
    folder = folder_of(tmp_path, {**PLANS, "configurations": configurations})
    network = load_network(folder)
    card = network.card
    assert card.classes == ("background", "spleen", "tumour")
    assert (card.activation, card.patch_size, card.axis_order) == ("softmax", (8, 16, 32), "zxy")
    assert card.spacing == (3.0, 0.8, 0.7)  # in the image's order, nnU-Net's is its own
    assert card.intensity == {"kind": "clip-zscore", "low": -40, "high": 200, "mean": 99, "std": 40}
    assert network.module(torch.zeros(1, 1, *card.patch_size)).shape == (1, 3, 8, 16, 32)
    assert "fold_0/checkpoint_final.pth" in network.notes[0]
    assert load_network(folder / "fold_0").card == card


def test_names_of_weights_are_those_of_nnunet() -> None:
    card = card_from_plans(PLANS, DATASET, CONFIGURATION, "a")
    names = set(build_network(card).state_dict())
    for name in (
        "encoder.stages.0.0.convs.0.conv.weight",
        "encoder.stages.2.0.convs.1.norm.bias",
        "decoder.stages.1.convs.0.conv.bias",
        "decoder.transpconvs.0.weight",
        "decoder.seg_layers.0.weight",
    ):
        assert name in names
    settings = {
        "network_class_name": "ResidualEncoderUNet",
        "arch_kwargs": {**KWARGS, "n_blocks_per_stage": 2},
    }
    residual = card_from_plans(PLANS, DATASET, {**CONFIGURATION, "architecture": settings}, "a")
    names = set(build_network(residual).state_dict())
    for name in (
        "encoder.stem.convs.0.conv.weight",
        "encoder.stages.0.blocks.0.conv1.conv.weight",
        "encoder.stages.1.blocks.0.skip.1.conv.weight",
        "encoder.stages.1.blocks.1.conv2.norm.weight",
    ):
        assert name in names
    assert "encoder.stages.1.blocks.0.skip.1.conv.bias" not in names


def test_regions_become_overlapping_channels() -> None:
    labels = {"background": 0, "whole tumour": [1, 2], "core": [2]}
    card = card_from_plans(
        PLANS, {**DATASET, "labels": labels, "regions_class_order": [1, 2]}, CONFIGURATION, "a"
    )
    assert (card.activation, card.exclusive, card.out_channels) == ("sigmoid", False, 2)
    assert card.classes == ("background", "whole tumour", "core")


def test_older_plans_and_inheritance() -> None:
    older = {key: value for key, value in CONFIGURATION.items() if key != "architecture"} | {
        "UNet_class_name": "PlainConvUNet",
        "UNet_base_num_features": 4,
        "unet_max_num_features": 10,
        "n_conv_per_stage_encoder": [2, 2, 2],
        "n_conv_per_stage_decoder": [2, 2],
        "pool_op_kernel_sizes": STRIDES,
        "conv_kernel_sizes": KERNELS,
    }
    card = card_from_plans(PLANS, DATASET, older, "a")
    assert card.model_options["features"] == [4, 8, 10]
    assert build_network(card)(torch.zeros(1, 1, 8, 16, 32)).shape == (1, 3, 8, 16, 32)
    assert choose_configuration(PLANS, "child") == {
        **CONFIGURATION,
        "patch_size": [8, 16, 16],
        "inherits_from": "3d_fullres",
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"normalization_schemes": ["MyNormalization"]}, "'MyNormalization' is not known here"),
        (
            {"architecture": {"network_class_name": "a.UMamba", "arch_kwargs": {}}},
            "'a.UMamba' is not known here",
        ),
        ({"patch_size": None}, "another form than nnU-Net v2"),
    ],
)
def test_plans_that_are_not_known_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        card_from_plans(PLANS, DATASET, {**CONFIGURATION, **values}, "a")


def test_cascades_and_missing_configurations_are_refused() -> None:
    plans = {"configurations": {"cascade": {"previous_stage": "3d_lowres"}, "a": {"inherits_from": "a"}}}
    with pytest.raises(ValueError, match="second stage of a cascade"):
        choose_configuration(plans, "cascade")
    with pytest.raises(ValueError, match="there is cascade, a"):
        choose_configuration(plans, "2d")
    with pytest.raises(ValueError, match="in a circle"):
        choose_configuration(plans, "a")


def test_copies_that_differ_are_refused(tmp_path: Path) -> None:
    wrong = {"encoder.stages.0.0.convs.0.all_modules.0.weight": torch.zeros(4, 1, 1, 3, 3)}
    with pytest.raises(ValueError, match=r"all_modules.0.weight differs from .*conv.weight"):
        load_network(folder_of(tmp_path, extra=wrong))


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, logging=Payload(tmp_path / "witness"))
    with pytest.raises(ValueError, match=r"contains code .* will not be run"):
        load_network(folder)
    assert not (tmp_path / "witness").exists()


def test_incomplete_folders_say_what_is_missing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    with pytest.raises(ValueError, match="give one of its folders, nnUNetTrainer__nnUNetPlans__3d_fullres"):
        load_network(tmp_path)
    (folder / "fold_0" / "checkpoint_final.pth").unlink()
    with pytest.raises(FileNotFoundError, match="no checkpoint in"):
        load_network(folder)
    (folder / "dataset.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match="not valid JSON"):
        load_network(folder)
    (folder / "dataset.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"dataset.json"):
        load_network(folder)
