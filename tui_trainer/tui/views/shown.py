"""Answers of the inspection process as what the widgets draw."""

from collections.abc import Sequence

from tui_trainer.asking.answers import CheckpointInfo, Kernel, PairImage, ShownImage
from tui_trainer.asking.picture import Picture
from tui_trainer.pictures import overlaid, signed
from tui_trainer.tui.controls.paint import plain
from tui_trainer.tui.widgets.gallery import Tile
from tui_trainer.tui.widgets.marks import glyphs
from tui_trainer.tui.widgets.painted import Line, width_of
from tui_trainer.tui.widgets.picture import Image
from tui_trainer.tui.widgets.plot.canvas import fitted

TILE = 15
"""Cells of a caption below a thumbnail of 28 pixels."""


def image_of(picture: Picture) -> Image:
    """Pixels as they are; numbers of either sign in two colours (greys, level 128 for 0, where there is no colour)."""
    pixels = picture.array()
    if picture.signed and picture.channels == 1:
        return Image(signed(picture.values()), pixels, thumbnail=False)
    return Image(pixels, thumbnail=picture.channels == 1)


def map_of(picture: Picture) -> Image:
    """A feature map: grey, too fine in its levels for dots alone."""
    return Image(picture.array(), thumbnail=False)


def saliency_of(image: Picture, map_: Picture) -> Image:
    """The image, darkened, with the saliency map over it."""
    levels = map_.array()
    return Image(overlaid(image.array(), map_.values()), levels, thumbnail=False)


def short(name: str, width: int) -> str:
    """A class's name in at most ``width`` cells."""
    return fitted(name, width, glyphs().ellipsis) if width_of(name) > width else name


def verdict(classes: Sequence[str], true: int, predicted: int, room: int = TILE) -> Line:
    """``4 → 9``: the true class, and what it was taken for; a short name leaves its room to the other."""
    half, rest = (room - 3) // 2, room - 3
    wide = [width_of(classes[each]) for each in (true, predicted)]
    names = short(classes[true], max(half, rest - wide[1])), short(classes[predicted], max(rest - half, rest - wide[0]))
    if true == predicted:
        return ((short(classes[true], room - 2), "good"), (f" {glyphs().yes}", "good"))
    return ((names[0], "good"), (plain(" → "), "muted"), (names[1], "bad"))


def tile_of(image: ShownImage, classes: Sequence[str]) -> Tile:
    """True class, prediction, its probability, the loss."""
    sure = image.probabilities[image.predicted]
    return Tile(image_of(image.picture), (verdict(classes, image.true, image.predicted), ((share(sure), ""), (f" {_loss(image.loss)}", "muted"))))


def pair_tile_of(image: PairImage, classes: Sequence[str], names: tuple[str, str]) -> Tile:
    """True class, and what each of two networks said."""
    said = tuple((plain(f"{mark} {short(classes[number], 6)} {share(sure[number])}"), "good" if number == image.true else "bad")
                 for mark, number, sure in zip("12", (image.first, image.second), (image.first_probabilities, image.second_probabilities), strict=True))  # fmt: skip
    return Tile(image_of(image.picture), ((("true ", "muted"), (short(classes[image.true], 9), "bold")), (said[0],), (said[1],)))


def kernel_tile_of(kernel: Kernel) -> Tile:
    """A unit's number, and the channel where it shows one of several."""
    text = str(kernel.unit) if kernel.channel is None else plain(f"{kernel.channel} → {kernel.unit}")
    return Tile(image_of(kernel.picture), (((text, "muted"),),))


def share(value: float) -> str:
    """A probability in four cells at most: ``97 %``, and never 100 % where it is not quite."""
    text = f"{100 * value:.0f} %"
    return "<1 %" if text == "0 %" and value > 0 else "99 %" if text == "100 %" and value < 0.9995 else text


def _loss(value: float) -> str:
    return f"loss {value:.2f}" if value < 100 else f"loss {value:.0f}"


def checkpoint_words(checkpoint: CheckpointInfo) -> str:
    """Which weights, in a few words."""
    return f"epoch {checkpoint.epoch:.2f}" + (" best" if checkpoint.best else "")
