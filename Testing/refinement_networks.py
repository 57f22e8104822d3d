"""Small networks of many kinds, and a picture they get wrong, for the tests of refinement."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional


def seeded(make, seed=0):
    """A network in eval mode whose batch norms, if any, have seen something."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = make()
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d | nn.BatchNorm3d):
                part.running_mean.normal_()
                part.running_var.uniform_(0.5, 2.0)
    return network.eval()


class Plain(nn.Module):
    """Three convolutions with batch norm, in 2D or 3D."""

    def __init__(self, dims=2, channels=1, classes=3, width=6):
        super().__init__()
        conv, norm = (nn.Conv2d, nn.Conv3d)[dims - 2], (nn.BatchNorm2d, nn.BatchNorm3d)[dims - 2]
        self.first, self.norm1 = conv(channels, width, 3, padding=1), norm(width)
        self.second, self.norm2 = conv(width, width, 3, padding=1), norm(width)
        self.drop = nn.Dropout(0.5)
        self.head = conv(width, classes, 1)

    def forward(self, x):
        x = functional.relu(self.norm1(self.first(x)))
        x = functional.relu(self.norm2(self.second(x)))
        return self.head(self.drop(x))


class Branching(Plain):
    """Python control flow on values: cannot be traced."""

    def forward(self, x):
        x = functional.relu(self.norm1(self.first(x)))
        if float(x.detach().mean()) > -1e9:
            x = functional.relu(self.norm2(self.second(x)))
        return self.head(x)


class Deep(Plain):
    """Deep supervision: a second head at half resolution, returned in a list."""

    def __init__(self, dims=2, channels=1, classes=3, width=6):
        super().__init__(dims, channels, classes, width)
        self.coarse_head = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        x = functional.relu(self.norm1(self.first(x)))
        coarse = self.coarse_head(functional.avg_pool2d(x, 2))
        return [self.head(functional.relu(self.norm2(self.second(x)))), coarse]


class InPlace(Plain):
    """The tail adds to a frozen value in place."""

    def forward(self, x):
        frozen = functional.relu(self.norm1(self.first(x)))
        skip = 2 * frozen
        skip += self.norm2(self.second(frozen))
        return {"out": self.head(functional.relu_(skip))}


class Noisy(Plain):
    """Different at every call: no cut can be proven."""

    def forward(self, x):
        return super().forward(x) + torch.rand(1)


class OutOfMemory(Branching):
    """Runs out of memory from the given call on."""

    calls = 0
    limit = 10**9

    def forward(self, x):
        type(self).calls += 1
        if type(self).calls > type(self).limit:
            raise torch.OutOfMemoryError("CUDA out of memory (simulated)")
        return super().forward(x)


def picture(shape=(40, 48), seed=0):
    """float32 noise with a bright box."""
    image = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    image[tuple(slice(side // 3, 2 * side // 3) for side in shape)] += 3
    return image


def box_scribbles(shape=(40, 48), inside=1, outside=0):
    """A stroke in the box of `picture` and one beside it; None leaves one out."""
    scribbles = np.full(shape, -1, np.int16)
    middle = tuple(side // 2 for side in shape[:-1])
    if inside is not None:
        scribbles[(*middle, slice(shape[-1] // 3 + 2, shape[-1] * 2 // 3 - 2))] = inside
    if outside is not None:
        scribbles[(*(1 for _ in shape[:-1]), slice(3, shape[-1] - 3))] = outside
    return scribbles


def state_of(network):
    """A copy of everything a network consists of."""
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def unchanged(network, before):
    """Whether the state is bit-identical, no parameter has a gradient, and all are in eval mode."""
    now = network.state_dict()
    same = list(now) == list(before) and all(torch.equal(now[name], before[name]) for name in before)
    return same and all(p.grad is None for p in network.parameters()) and not network.training
