"""What the plans and the data set of an nnU-Net v2 say about its input, output and architecture."""

from math import prod
from typing import Any

from cueseg.networks.card import NetworkCard

__all__ = ["card_from_plans", "choose_configuration"]

_ARCHITECTURES = {
    "PlainConvUNet": "plain-nnunet",
    "ResidualEncoderUNet": "residual-nnunet",
}


def choose_configuration(plans: dict[str, Any], name: str) -> dict[str, Any]:
    """The settings of a configuration, those it inherits filled in.

    Raises:
        ValueError: no such configuration, or one that needs the result of another (a cascade).
    """
    known = plans.get("configurations")
    if not isinstance(known, dict) or name not in known:
        names = ", ".join(known) if isinstance(known, dict) else "none"
        raise ValueError(
            f"plans.json has no configuration {name!r}: there is {names}; check the folder's name"
        )
    merged: dict[str, Any] = {}
    seen: set[str] = set()
    while name:
        if name in seen or name not in known:
            raise ValueError(f"plans.json: configuration {name!r} is inherited in a circle or missing")
        seen.add(name)
        merged = {**known[name], **merged}
        name = known[name].get("inherits_from", "")
    if merged.get("previous_stage"):
        raise ValueError(
            "this is the second stage of a cascade, which needs the first one's result as input: give the folder of "
            "the configuration 3d_fullres or 3d_lowres"
        )
    return merged


def card_from_plans(
    plans: dict[str, Any], dataset: dict[str, Any], configuration: dict[str, Any], name: str
) -> NetworkCard:
    """Write the card.

    Args:
        plans: content of plans.json.
        dataset: content of dataset.json.
        configuration: from `choose_configuration`.
        name: of the network.

    Raises:
        ValueError: an architecture or a normalisation that is not known here, or settings missing.
    """
    try:
        patch = tuple(int(side) for side in configuration["patch_size"])
        spacing = tuple(float(mm) for mm in configuration["spacing"])
        architecture, options = _architecture(configuration, len(patch))
        order = plans.get("transpose_forward", [0, 1, 2])
        channels = dataset.get("channel_names") or dataset["modality"]
        classes, regions = _classes(dataset)
        intensity = _intensity(plans, configuration, len(channels))
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(
            f"plans.json or dataset.json lacks {error}, or has it in another form than nnU-Net v2: export the "
            "network with nnUNetv2_export_model_to_zip, or copy both files again"
        ) from error
    letters = "".join("zyx"[axis] for axis in order)
    back = sorted(order[-len(patch) :])
    stride = max(prod(step[axis] for step in options["strides"]) for axis in range(len(patch)))
    return NetworkCard(
        name=name,
        dims=len(patch),
        in_channels=len(channels),
        classes=classes,
        activation="sigmoid" if regions else "softmax",
        exclusive=not regions,
        # nnU-Net gives the spacing in its own order of axes, the card in the image's.
        spacing=tuple(spacing[order[-len(patch) :].index(axis)] for axis in back),
        intensity=intensity,
        patch_size=patch,
        multiple=stride if all(side % stride == 0 for side in patch) else 1,
        axis_order=letters,
        architecture=architecture,
        model_options=options,
        description=f"nnU-Net v2, data set {plans.get('dataset_name', 'unknown')}",
    )


def _classes(dataset: dict[str, Any]) -> tuple[tuple[str, ...], bool]:
    labels = {key: value for key, value in dataset["labels"].items() if key != "ignore"}
    if any(isinstance(value, list) for value in labels.values()):
        background = [key for key, value in labels.items() if value in (0, [0])]
        regions = [key for key in labels if key not in background]
        return (*(background[:1] or ["background"]), *regions), True
    return tuple(sorted(labels, key=lambda key: int(labels[key]))), False


def _intensity(plans: dict[str, Any], configuration: dict[str, Any], count: int) -> dict[str, Any]:
    schemes = configuration["normalization_schemes"]
    masks = configuration.get("use_mask_for_norm", [False] * count)
    found = plans.get("foreground_intensity_properties_per_channel", {})
    rules = [_rule(schemes[i], bool(masks[i]), found.get(str(i), {})) for i in range(count)]
    return rules[0] if count == 1 else {"kind": "per-channel", "rules": rules}


def _rule(scheme: str, masked: bool, found: dict[str, float]) -> dict[str, Any]:
    if scheme == "CTNormalization":
        low, high = found["percentile_00_5"], found["percentile_99_5"]
        return {"kind": "clip-zscore", "low": low, "high": high, "mean": found["mean"], "std": found["std"]}
    plain: dict[str, dict[str, Any]] = {
        "ZScoreNormalization": {"kind": "zscore", "nonzero": masked},
        "NoNormalization": {"kind": "none"},
        "RescaleTo01Normalization": {"kind": "percentiles", "low": 0, "high": 100, "out": [0, 1]},
        "RGBTo01Normalization": {"kind": "scale", "divisor": 255},
    }
    if scheme not in plain:
        raise ValueError(
            f"plans.json: normalisation {scheme!r} is not known here: there is CTNormalization, {', '.join(plain)}; "
            "prepare the images yourself and load the weights with a card of your own"
        )
    return plain[scheme]


def _architecture(configuration: dict[str, Any], dims: int) -> tuple[str, dict[str, Any]]:
    """Name and options, from the plans of nnU-Net 2.3 and later, or of earlier ones."""
    settings = configuration.get("architecture")
    kind = settings["network_class_name"] if settings else configuration["UNet_class_name"]
    short = str(kind).rsplit(".", 1)[-1]
    if short not in _ARCHITECTURES:
        raise ValueError(
            f"plans.json: architecture {kind!r} is not known here: there is {' and '.join(_ARCHITECTURES)}; export "
            "the network as unfrozen TorchScript instead"
        )
    values = settings["arch_kwargs"] if settings else _older(configuration)
    _check_known(values)
    stages = int(values["n_stages"])
    blocks = values.get("n_blocks_per_stage", values.get("n_conv_per_stage"))
    return _ARCHITECTURES[short], {
        "features": list(values["features_per_stage"]),
        "kernels": [_sides(kernel, dims) for kernel in values["kernel_sizes"]],
        "strides": [_sides(stride, dims) for stride in values["strides"]],
        "blocks": blocks if isinstance(blocks, list) else [blocks] * stages,
        "decoder_convs": _repeated(values["n_conv_per_stage_decoder"], stages - 1),
        "bias": bool(values.get("conv_bias", False)),
        "norm": _norm(values.get("norm_op")),
        "eps": float((values.get("norm_op_kwargs") or {}).get("eps", 1e-5)),
    }


def _older(configuration: dict[str, Any]) -> dict[str, Any]:
    strides = configuration["pool_op_kernel_sizes"]
    base, most = configuration["UNet_base_num_features"], configuration["unet_max_num_features"]
    return {
        "n_stages": len(strides),
        "features_per_stage": [min(base * 2**stage, most) for stage in range(len(strides))],
        "kernel_sizes": configuration["conv_kernel_sizes"],
        "strides": strides,
        "n_conv_per_stage": configuration["n_conv_per_stage_encoder"],
        "n_conv_per_stage_decoder": configuration["n_conv_per_stage_decoder"],
        "conv_bias": True,
        "norm_op": "InstanceNorm",
    }


def _check_known(values: dict[str, Any]) -> None:
    unusual = [key for key in ("stem_channels", "squeeze_excitation", "nonlin_first") if values.get(key)]
    if "Bottleneck" in str(values.get("block", "")):
        unusual.append("block")
    if "LeakyReLU" not in str(values.get("nonlin", "LeakyReLU")):
        unusual.append("nonlin")
    if unusual:
        raise ValueError(
            f"plans.json: the architecture's settings {', '.join(unusual)} are not known here: export the network as "
            "unfrozen TorchScript instead"
        )


def _norm(operator: str | None) -> str:
    if operator is None:
        return "none"
    for name in ("Instance", "Batch"):
        if name in operator:
            return name.lower()
    raise ValueError(
        f"plans.json: normalisation layer {operator!r} is not known here: it must be instance or batch"
    )


def _sides(value: int | list[int], dims: int) -> list[int]:
    return [value] * dims if isinstance(value, int) else list(value)


def _repeated(value: int | list[int], count: int) -> list[int]:
    return [value] * count if isinstance(value, int) else list(value)
