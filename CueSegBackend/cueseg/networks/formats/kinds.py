"""What can be done with a module of which kind: eager, TorchScript, or from an export archive."""

from torch import fx, jit, nn

__all__ = ["EXPORT_RECIPE", "is_cuttable", "is_recorded", "why_not_refinable"]

EXPORT_RECIPE = (
    "where the network was made, save its weights, torch.save(model.state_dict(), 'net.pt'), with a card net.json "
    "that names the architecture; or save it unfrozen, torch.jit.script(model).save('net.ts') (or "
    "torch.jit.trace(model, example)), without torch.jit.freeze or optimize_for_inference"
)
"""How to save a network so that it can be refined."""


def is_cuttable(module: nn.Module) -> bool:
    """Whether parts of the module can be run and replaced alone: not with TorchScript and recorded graphs."""
    return not (is_recorded(module) or any(isinstance(part, jit.ScriptModule) for part in module.modules()))


def is_recorded(module: nn.Module) -> bool:
    """Whether the module is a graph of operators that calls no layers, as torch.export makes it."""
    if not isinstance(module, fx.GraphModule):
        return False
    return not any(node.op == "call_module" and node.target != "_guards_fn" for node in module.graph.nodes)


def why_not_refinable(module: nn.Module) -> str:
    """Say why the module's weights cannot be refined, with the remedy; empty if they can."""
    if any(parameter.is_floating_point() for parameter in module.parameters()):
        return ""
    if isinstance(module, jit.ScriptModule):
        return f"this TorchScript network is frozen: its weights are constants. To refine it, {EXPORT_RECIPE}"
    return "this network has no trainable parameters: there is nothing to refine; give one with weights"
