"""Building blocks of nnU-Net v2's networks (Isensee et al. 2021), with its names of weights."""

from collections.abc import Sequence

from torch import Tensor, nn

__all__ = ["ConvNormAct", "ConvStack", "Parts", "ResidualBlock", "ResidualStack"]

_SLOPE = 0.01  # of nnU-Net's leaky ReLU
_NORMS = {
    "instance": (nn.InstanceNorm2d, nn.InstanceNorm3d),
    "batch": (nn.BatchNorm2d, nn.BatchNorm3d),
    "none": None,
}


class Parts:
    """Makes the building blocks of one network."""

    def __init__(self, dims: int, bias: bool, norm: str, eps: float) -> None:
        if norm not in _NORMS:
            raise ValueError(f"norm is {norm!r}: it must be one of {', '.join(_NORMS)}")
        self.bias, self.eps = bias, eps
        self.conv = (nn.Conv2d, nn.Conv3d)[dims - 2]
        self.transposed = (nn.ConvTranspose2d, nn.ConvTranspose3d)[dims - 2]
        self.pool = (nn.AvgPool2d, nn.AvgPool3d)[dims - 2]
        self.norm = _NORMS[norm][dims - 2] if _NORMS[norm] else None
        self.one = (1,) * dims


class ConvNormAct(nn.Module):
    """Convolution, normalisation, leaky ReLU; a stride other than 1 makes the output smaller."""

    def __init__(
        self,
        parts: Parts,
        c_in: int,
        c_out: int,
        kernel: Sequence[int],
        stride: Sequence[int],
        *,
        bias: bool | None = None,
        active: bool = True,
    ) -> None:
        super().__init__()
        padding = tuple((side - 1) // 2 for side in kernel)
        bias = parts.bias if bias is None else bias
        self.conv = parts.conv(c_in, c_out, tuple(kernel), tuple(stride), padding, bias=bias)
        self.norm = nn.Identity() if parts.norm is None else parts.norm(c_out, eps=parts.eps, affine=True)
        self.act = nn.LeakyReLU(_SLOPE) if active else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, c_in, *spatial) -> (N, c_out, *spatial / stride)."""
        return self.act(self.norm(self.conv(x)))


class ConvStack(nn.Module):
    """Convolutions one after the other, the first with the stride."""

    def __init__(
        self, parts: Parts, count: int, c_in: int, c_out: int, kernel: Sequence[int], stride: Sequence[int]
    ) -> None:
        super().__init__()
        first = ConvNormAct(parts, c_in, c_out, kernel, stride)
        more = (ConvNormAct(parts, c_out, c_out, kernel, parts.one) for _ in range(count - 1))
        self.convs = nn.Sequential(first, *more)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c_in, *spatial) -> (N, c_out, *spatial / stride)."""
        return self.convs(x)


class ResidualBlock(nn.Module):
    """Two convolutions beside a skip of average pooling and 1 x 1 convolution (ResNet-D, He et al. 2019)."""

    def __init__(
        self, parts: Parts, c_in: int, c_out: int, kernel: Sequence[int], stride: Sequence[int]
    ) -> None:
        super().__init__()
        self.conv1 = ConvNormAct(parts, c_in, c_out, kernel, stride)
        self.conv2 = ConvNormAct(parts, c_out, c_out, kernel, parts.one, active=False)
        self.act = nn.LeakyReLU(_SLOPE)
        skip: list[nn.Module] = []
        if any(step != 1 for step in stride):
            skip.append(parts.pool(tuple(stride), tuple(stride)))
        if c_in != c_out:
            skip.append(ConvNormAct(parts, c_in, c_out, parts.one, parts.one, bias=False, active=False))
        self.skip = nn.Sequential(*skip)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c_in, *spatial) -> (N, c_out, *spatial / stride)."""
        return self.act(self.conv2(self.conv1(x)) + self.skip(x))


class ResidualStack(nn.Module):
    """Residual blocks one after the other, the first with the stride."""

    def __init__(
        self, parts: Parts, count: int, c_in: int, c_out: int, kernel: Sequence[int], stride: Sequence[int]
    ) -> None:
        super().__init__()
        first = ResidualBlock(parts, c_in, c_out, kernel, stride)
        more = (ResidualBlock(parts, c_out, c_out, kernel, parts.one) for _ in range(count - 1))
        self.blocks = nn.Sequential(first, *more)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c_in, *spatial) -> (N, c_out, *spatial / stride)."""
        return self.blocks(x)
