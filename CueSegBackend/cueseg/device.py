"""Choice of the device to compute on, with the reason in words."""

import gc

import torch


def choose_device(wanted: str = "auto") -> tuple[str, str]:
    """Return (device, note): "auto" takes CUDA when a small computation there succeeds, else the CPU.

    Raises:
        ValueError: `wanted` names a device that torch does not know or that is not there.
    """
    if wanted == "auto":
        if not torch.cuda.is_available():
            return "cpu", f"CPU: {_why_no_gpu()}"
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


def _why_no_gpu() -> str:
    if torch.backends.mps.is_built():
        return "the GPU of a Mac (MPS) is not supported"
    if torch.version.cuda is None and torch.version.hip is None:
        return "this PyTorch is built for CPU only"
    return "no usable NVIDIA GPU found; if there is one, its driver does not work with this PyTorch"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory did not suffice: of a GPU, of the CPU under torch, or under numpy."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and ("allocate memory" in text or "out of memory" in text)


def moved_to_cpu(device: str) -> str:
    """The note when work goes on on the CPU."""
    return f"CPU: the memory of {'the GPU' if device.startswith('cuda') else device} did not suffice"


def free_cached_memory() -> None:
    """Give back what dropped tensors have left, also to other programs on the GPU."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
