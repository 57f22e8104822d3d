"""Choice of the device to compute on, with the reason in words."""

import torch


def choose_device(wanted: str = "auto") -> tuple[str, str]:
    """Return (device, note): "auto" takes CUDA when a small computation there succeeds, else the CPU.

    Raises:
        ValueError: `wanted` names a device that torch does not know or that is not there.
    """
    if wanted == "auto":
        if not torch.cuda.is_available():
            built = torch.version.cuda is not None
            return "cpu", "CPU: " + (
                "no usable NVIDIA GPU found" if built else "this PyTorch is built for CPU only"
            )
        try:
            torch.zeros(1, device="cuda").add_(1).cpu()
        except RuntimeError as error:
            return "cpu", f"CPU: the GPU does not work with this PyTorch ({str(error).splitlines()[0]})"
        return "cuda", f"GPU: {torch.cuda.get_device_name()}"
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise ValueError(f"unknown device {wanted!r}; use auto, cpu or cuda") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device {wanted!r} asked for, but PyTorch sees no NVIDIA GPU; use auto or cpu")
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"device {wanted!r} is not supported; use auto, cpu or cuda")
    return wanted, f"{device.type.upper()}: chosen"
