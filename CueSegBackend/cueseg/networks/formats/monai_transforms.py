"""What the preprocessing and the inferer of a MONAI bundle mean for a card."""

from typing import Any

from cueseg.networks.formats.monai_config import plain, short_target

__all__ = ["Preprocessing", "read_preprocessing"]

_HARMLESS = {
    "AddChannel",
    "AsChannelFirst",
    "CastToType",
    "Compose",
    "EnsureChannelFirst",
    "EnsureType",
    "Identity",
}
_HARMLESS |= {"LoadImage", "ToDevice", "ToTensor"}
_DIRECTIONS = {"L": "x", "P": "y", "S": "z"}  # as the axes of images run; the opposite letters are flipped
_OPPOSITE = {"R": "x", "A": "y", "I": "z"}


class Preprocessing:
    """What the transforms of a bundle ask for.

    Attributes:
        axis_order: as in `NetworkCard`.
        flip: as in `NetworkCard`.
        spacing: as in `NetworkCard`.
        intensity: as in `NetworkCard`.
        notes: what was not understood, in sentences.
    """

    def __init__(self, dims: int) -> None:
        self.dims = dims
        self.axis_order = "xyz" if dims == 3 else "xy"  # MONAI's readers give the columns first
        self.flip = ""
        self.spacing: tuple[float, ...] | None = None
        self.intensity: dict[str, Any] = {"kind": "none"}
        self.notes: list[str] = []

    def take(self, transform: dict[str, Any]) -> None:
        """Take over one transform, or note that it is ignored."""
        name = _name(transform)
        readers = {
            "Orientation": self._orient,
            "Spacing": self._space,
            "ScaleIntensityRange": self._window,
            "ScaleIntensityRangePercentiles": self._percentiles,
            "ScaleIntensity": self._full_range,
            "NormalizeIntensity": self._standardise,
        }
        if name in readers:
            readers[name](transform)
        elif name not in _HARMLESS:
            self.notes.append(
                f"the preprocessing step {name or transform!r} of the bundle is not known here and left out"
            )

    def _orient(self, transform: dict[str, Any]) -> None:
        codes = str(transform.get("axcodes", "")).upper()
        if self.dims != 3 or sorted({**_DIRECTIONS, **_OPPOSITE}.get(code, "") for code in codes) != [
            "x",
            "y",
            "z",
        ]:
            self.notes.append(f"the orientation {codes!r} of the bundle is not understood and left out")
            return
        self.axis_order = "".join({**_DIRECTIONS, **_OPPOSITE}[code] for code in codes)
        self.flip = "".join(_OPPOSITE[code] for code in codes if code in _OPPOSITE)

    def _space(self, transform: dict[str, Any]) -> None:
        pixdim = transform.get("pixdim")
        numbers = [pixdim] * self.dims if isinstance(pixdim, int | float) else pixdim
        if not isinstance(numbers, list) or len(numbers) < self.dims or min(numbers) <= 0:
            self.notes.append(f"the spacing {pixdim!r} of the bundle is not understood and left out")
            return
        by_letter = dict(zip(self.axis_order, numbers, strict=False))
        self.spacing = tuple(float(by_letter[letter]) for letter in "zyx"[-self.dims :])

    def _window(self, transform: dict[str, Any]) -> None:
        low, high, out_low, out_high = (transform.get(key) for key in ("a_min", "a_max", "b_min", "b_max"))
        if not transform.get("clip", False):
            self.notes.append(
                "values outside the intensity window are clipped, where the bundle lets them pass"
            )
        out = [0, 1] if out_low is None else [out_low, out_high]
        self.intensity = {"kind": "window", "low": low, "high": high, "out": out}

    def _percentiles(self, transform: dict[str, Any]) -> None:
        low, high = transform.get("lower"), transform.get("upper")
        self.intensity = {
            "kind": "percentiles", "low": low, "high": high, "out": [transform.get("b_min"), transform.get("b_max")],
        }  # fmt: skip

    def _full_range(self, transform: dict[str, Any]) -> None:
        out = [transform.get("minv", 0), transform.get("maxv", 1)]
        self.intensity = {"kind": "percentiles", "low": 0, "high": 100, "out": out}

    def _standardise(self, transform: dict[str, Any]) -> None:
        low, high = transform.get("subtrahend"), transform.get("divisor")
        if low is not None or high is not None:
            self.notes.append(
                "fixed numbers of the normalisation are not known here: the image's own are used"
            )
        self.intensity = {"kind": "zscore", "nonzero": bool(transform.get("nonzero", False))}


def read_preprocessing(config: dict[str, Any], dims: int) -> Preprocessing:
    """Read the transforms of the key "preprocessing" in order.

    Args:
        config: content of configs/inference.json.
        dims: of the network.
    """
    result = Preprocessing(dims)
    steps = config.get("preprocessing")
    listed = steps.get("transforms") if isinstance(steps, dict) else steps
    if isinstance(listed, str):
        listed = _resolved(listed, config, result)
    if not isinstance(listed, list):
        result.notes.append("the bundle has no list of preprocessing steps: images are taken as they are")
        return result
    for step in listed:
        resolved = _resolved(step, config, result)
        if isinstance(resolved, dict):
            result.take(resolved)
    return result


def _name(transform: dict[str, Any]) -> str:
    """Class of a transform, without the d of those that work on dicts."""
    return short_target(transform).removesuffix("d")


def _resolved(value: Any, config: dict[str, Any], result: Preprocessing) -> Any:
    """Plain values; what would have to be executed is dropped with a note, except where a step is harmless."""
    if not isinstance(value, dict):
        try:
            return plain(value, config)
        except ValueError as error:
            result.notes.append(f"a preprocessing step is left out: {error}")
            return None
    kept = {}
    for key, item in value.items():
        try:
            kept[key] = plain(item, config)
        except ValueError as error:
            if _name(value) not in _HARMLESS:
                result.notes.append(f"the setting {key} of {short_target(value)} is left out: {error}")
    return kept
