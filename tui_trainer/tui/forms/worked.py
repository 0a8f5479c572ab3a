"""What a layer makes of its input, worked out with its own numbers: ``(784 + 1) × 64 = 50 240`` in place of ``(n_in + 1) n_out``.

The formulas are those of :mod:`tui_trainer.network.summary`, whose results stand behind each.
"""

from collections.abc import Iterator

from tui_trainer.config.network import BatchNorm, Conv2d, Dense, Flatten, GlobalPool, Layer, LayerNorm, Pool, Residual
from tui_trainer.network import LayerSummary, show, size_of
from tui_trainer.network.shapes import same_padding
from tui_trainer.tui.wording import thousands


def worked_out(layer: Layer, before: LayerSummary, after: LayerSummary) -> tuple[tuple[str, str], ...]:
    """Output, parameters, jump and receptive field of a layer, each by name; what the kind of layer does not have is left out.

    ``before`` is the row of what it gets (for a residual block: what the block gets), ``after`` its own.
    """
    return tuple(_facts(layer, before, after))


def _facts(layer: Layer, before: LayerSummary, after: LayerSummary) -> Iterator[tuple[str, str]]:
    match layer:
        case Dense():
            yield "Output", show(after.output)
            yield "Parameters", f"{_inputs(before.output[0], bias=layer.bias)} × {after.output[0]} = {thousands(after.parameters)}"
        case Conv2d():
            padding = same_padding(layer.kernel, layer.stride, layer.dilation) if layer.padding == "same" else layer.padding
            yield "Output", _sides(before, after, layer.kernel, layer.stride, padding, layer.dilation)
            inputs = _inputs(f"{layer.kernel}² × {before.output[0]}", bias=layer.bias)
            yield "Parameters", f"{inputs} × {layer.channels} = {thousands(after.parameters)}"
            yield from _sight(before, after, layer.kernel, layer.stride, layer.dilation)
        case Pool():
            stride = layer.stride or layer.size
            yield "Output", _sides(before, after, layer.size, stride, layer.padding, 1)
            yield from _sight(before, after, layer.size, stride, 1)
        case GlobalPool():
            yield "Output", f"{show(after.output)}: one value for each of {before.output[0]} channels"
        case BatchNorm() | LayerNorm():
            yield "Output", f"{show(after.output)}, as what it gets"
            what, many = ("channels", before.output[0]) if isinstance(layer, BatchNorm) else ("values", size_of(before.output))
            yield "Parameters", f"2 × {thousands(many)} {what} = {thousands(after.parameters)}"
        case Flatten():
            yield "Output", f"{show(before.output)} = {thousands(after.output[0])}" if len(before.output) > 1 else show(after.output)
        case Residual():
            yield "Output", show(after.output)
            if after.parameters:
                yield "Parameters", f"({before.output[0]} + 1) × {after.output[0]} = {thousands(after.parameters)} of the shortcut"
            if after.receptive_field is not None:
                yield "Receptive field", f"{after.receptive_field}, by the long way"
        case _:
            yield "Output", f"{show(after.output)}, as what it gets"


def _inputs(number: int | str, *, bias: bool) -> str:
    return f"({number} + 1)" if bias else str(number)


def _sides(before: LayerSummary, after: LayerSummary, kernel: int, stride: int, padding: int | None, dilation: int) -> str:
    """The output, and how its height comes about (its width alike)."""
    if padding is None:
        return f"{show(after.output)}: padded unevenly to keep its sides"
    span = f"{kernel}" if dilation == 1 else f"({dilation} × {kernel - 1} + 1)"
    sums = [
        f"⌊({n} − {span}{f' + 2 × {padding}' if padding else ''})/{stride}⌋ + 1 = {m}" if stride > 1 else f"{n} − {span}{f' + 2 × {padding}' if padding else ''} + 1 = {m}"
        for n, m in dict.fromkeys(zip(before.output[1:], after.output[1:], strict=True))
    ]
    return f"{show(after.output)}: {', '.join(sums)}"


def _sight(before: LayerSummary, after: LayerSummary, kernel: int, stride: int, dilation: int) -> Iterator[tuple[str, str]]:
    if before.receptive_field is None:
        return
    jump = before.jump or 1
    formula, factor = ("r + (k − 1) j", "") if dilation == 1 else ("r + d (k − 1) j", f"{dilation} × ")
    yield "Receptive field", f"r' = {formula} = {before.receptive_field} + {factor}{kernel - 1} × {jump} = {after.receptive_field}"
    yield "Jump", f"j' = j s = {jump} × {stride} = {after.jump}"
