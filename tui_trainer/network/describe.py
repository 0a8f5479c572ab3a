"""A layer in a few words, as tables and messages name it."""

from tui_trainer.config.network import Conv2d, Dense, Dropout, GlobalPool, Layer, LeakyRelu, Pool, Residual


def describe(layer: Layer, classes: int | None = None) -> str:
    """Such as ``conv 16 5×5 same``; ``classes`` fills in the units of the last layer."""
    match layer:
        case Dense():
            return f"dense {classes if layer.units == 'classes' and classes else layer.units}"
        case Conv2d():
            extras = [
                "same" if layer.padding == "same" else f"padding {layer.padding}" if layer.padding else "",
                f"stride {layer.stride}" if layer.stride > 1 else "",
                f"dilation {layer.dilation}" if layer.dilation > 1 else "",
            ]
            return " ".join([f"conv {layer.channels} {layer.kernel}×{layer.kernel}", *filter(None, extras)])
        case Pool():
            stride = f" stride {layer.stride}" if layer.stride not in (None, layer.size) else ""
            return f"{layer.type.replace('-', ' ')} {layer.size}{stride}"
        case GlobalPool():
            return f"global {layer.kind} pool"
        case Dropout():
            return f"dropout {layer.probability:g}{' channels' if layer.channels else ''}"
        case LeakyRelu():
            return f"leaky relu {layer.slope:g}"
        case Residual():
            return f"residual of {len(layer.layers)}"
        case _:
            return layer.type.replace("-", " ")
