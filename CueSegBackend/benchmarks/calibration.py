"""Which probability should be the mask's border: Dice by threshold, and how far probabilities can be believed.

    python CueSegBackend/benchmarks/calibration.py runs/manifest.json [--model default] [--json calibration.json]

Split val and nothing else; structures and clicks are those of `accuracy.py`. The threshold chosen has the highest mean
over columns and both kinds of clicks. Its lead over the card's is paired over structures, and its standard error counts
the structures of one subject as one; the best of many thresholds leads a little by chance, too. Set it as `threshold`
in the recipe, or when exporting: `python -m cueseg train RECIPE --export FILE.pt --set threshold=0.45`.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accuracy import COLUMNS, EXTRA, asked, described
from cueseg.geometry import Box
from cueseg.metrics import dice
from cueseg.predictor import ExtremePointPredictor
from cueseg.training.validation import CLICKS, Item

THRESHOLDS = tuple(round(0.2 + 0.05 * step, 2) for step in range(13))
BINS = 10
Thresholds = tuple[float, ...]


@dataclass(frozen=True)
class Measured:
    """What one kind of clicks gave.

    Attributes:
        dices: (structures, thresholds).
        pixels: (structures, bins, 3): number of pixels, sum of their probabilities, number within the reference.
    """

    dices: NDArray[np.float64]
    pixels: NDArray[np.float64]


def measure(
    items: list[Item], predictor: ExtremePointPredictor, clicks: str, thresholds: Thresholds
) -> Measured:
    """Dice of every structure by threshold, and the pixels in its click box by probability."""
    dices, pixels = [], []
    for item in items:
        points = getattr(item, clicks)
        predictor.set_image(item.image, item.modality, item.spacing)
        probability = predictor.predict(points).probability
        dices.append([dice(probability >= threshold, item.mask) for threshold in thresholds])
        box = Box.around(points).pixels(item.mask.shape, 0.5, 0.5)
        pixels.append(by_probability(probability[box], item.mask[box]))
    return Measured(np.array(dices), np.array(pixels))


def by_probability(probability: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(bins, 3): of the pixels in each tenth of 0..1 the number, the sum of probabilities, and how many are true."""
    bins = np.minimum((probability.ravel() * BINS).astype(int), BINS - 1)
    weights = (None, probability.ravel(), mask.ravel())
    return np.stack([np.bincount(bins, weight, BINS) for weight in weights], axis=1)


def calibration_error(pixels: NDArray[np.float64]) -> float:
    """Expected calibration error (Naeini 2015) of pixels (bins, 3), see `by_probability`; 0..1."""
    number, probability, true = pixels.T
    return float(np.abs(probability - true).sum() / number.sum())


def column_means(dices: NDArray[np.float64], names: list[str]) -> dict[str, NDArray[np.float64]]:
    """Column -> mean Dice by threshold, in the protocol's order; `names` are the columns of the structures."""
    of = np.array(names)
    return {column: dices[of == column].mean(axis=0) for column in (*COLUMNS, *EXTRA) if column in names}


def protocol_means(dices: NDArray[np.float64], names: list[str]) -> NDArray[np.float64]:
    """(columns, thresholds): the columns that count."""
    means = column_means(dices, names)
    return np.stack([means[column] for column in COLUMNS if column in means])


def standard_error(differences: NDArray[np.float64], items: list[Item]) -> float:
    """Of the mean over columns of the mean over structures, structures of one subject moving together."""
    names = [item.column for item in items]
    counted = [column for column in COLUMNS if column in names]
    sums: dict[str, float] = {}
    for column in counted:
        chosen = [number for number, name in enumerate(names) if name == column]
        mean = differences[chosen].mean()
        for number in chosen:
            part = (differences[number] - mean) / (len(counted) * len(chosen))
            sums[items[number].subject] = sums.get(items[number].subject, 0.0) + part
    if len(sums) < 2:
        return float("nan")
    return float(np.sqrt(np.square(list(sums.values())).sum() * len(sums) / (len(sums) - 1)))


def leads(items: list[Item], both: NDArray[np.float64], card: int) -> list[tuple[float, float]]:
    """(lead over the card's threshold, its standard error) by threshold.

    Args:
        items: the structures.
        both: (structures, thresholds), Dice averaged over both kinds of clicks.
        card: index of the card's threshold.
    """
    differences = both - both[:, [card]]
    means = protocol_means(differences, [item.column for item in items]).mean(axis=0)
    return [(float(mean), standard_error(differences[:, i], items)) for i, mean in enumerate(means)]


def threshold_table(
    items: list[Item], found: dict[str, Measured], thresholds: Thresholds, card: float
) -> tuple[str, str]:
    """Markdown table, a row per threshold; and which one the card should have, in words."""
    names = [item.column for item in items]
    both = np.mean([one.dices for one in found.values()], axis=0)
    means = {clicks: protocol_means(one.dices, names) for clicks, one in found.items()}
    overall = protocol_means(both, names).mean(axis=0)
    ahead = leads(items, both, thresholds.index(card))
    head = " | ".join(f"{clicks}, mean | {clicks}, worst column" for clicks in found)
    lines = [
        f"| threshold | {head} | mean of both | over the card's |",
        "|---|" + "---|" * (2 * len(found) + 2),
    ]
    for i, threshold in enumerate(thresholds):
        cells = [f"{means[clicks][:, i].mean():.4f} | {means[clicks][:, i].min():.4f}" for clicks in found]
        lead = "the card's" if threshold == card else f"{ahead[i][0]:+.4f} ± {ahead[i][1]:.4f}"
        lines.append(f"| {threshold:g} | {' | '.join(cells)} | {overall[i]:.4f} | {lead} |")
    return "\n".join(lines), verdict(thresholds, overall, ahead, card)


def verdict(
    thresholds: Thresholds, overall: NDArray[np.float64], ahead: list[tuple[float, float]], card: float
) -> str:
    """The threshold with the highest mean, and whether it is better than the card's by more than chance."""
    best = int(np.argmax(overall))
    if thresholds[best] == card:
        return f"Highest mean: {card:g}, the card's threshold ({overall[best]:.4f})."
    mean, error = ahead[best]
    sure = "more" if mean > 2 * error else "not more"
    return (
        f"Highest mean: {thresholds[best]:g} ({overall[best]:.4f}), {mean:+.4f} ± {error:.4f} over "
        f"the card's {card:g}: {sure} than two standard errors."
    )


def column_table(items: list[Item], dices: NDArray[np.float64], thresholds: Thresholds) -> str:
    """Markdown: a row per column, mean Dice by threshold, the best in bold."""
    names = [item.column for item in items]
    lines = [
        f"| structure | n | {' | '.join(f'{threshold:g}' for threshold in thresholds)} |",
        "|---|" + "---|" * (len(thresholds) + 1),
    ]
    for column, means in column_means(dices, names).items():
        cells = [f"**{mean:.3f}**" if mean == means.max() else f"{mean:.3f}" for mean in means]
        lines.append(f"| {column} | {names.count(column)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def reliability_table(found: dict[str, Measured]) -> str:
    """Markdown: a row per tenth of the probability: share of the pixels, mean probability, how many are true."""
    head = " | ".join(f"{clicks}: share | said | true" for clicks in found)
    lines = [f"| probability | {head} |", "|---|" + "---|" * (3 * len(found))]
    for i in range(BINS):
        cells = []
        for one in found.values():
            number, said, true = one.pixels.sum(axis=0)[i]
            means = f"{said / number:.3f} | {true / number:.3f}" if number else "- | -"
            cells.append(f"{number / one.pixels[..., 0].sum():.3f} | {means}")
        lines.append(f"| {i / BINS:.1f}-{(i + 1) / BINS:.1f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def calibration_errors(items: list[Item], pixels: NDArray[np.float64]) -> dict[str, float]:
    """Of all pixels ("all", where columns may make up for one another), of every column's, and the columns' mean."""
    names = np.array([item.column for item in items])
    found = {
        str(column): calibration_error(pixels[names == column].sum(axis=0)) for column in dict.fromkeys(names)
    }
    mean = float(np.mean(list(found.values())))
    return {"all": calibration_error(pixels.sum(axis=0)), "mean of columns": mean} | found


def main() -> None:
    """Measure, print the tables, write the figures."""
    options, predictor, items = asked(__doc__)
    card = predictor.card.threshold
    thresholds = tuple(sorted({*THRESHOLDS, card}))
    found = {clicks: measure(items, predictor, clicks, thresholds) for clicks in CLICKS}
    rows, chosen = threshold_table(items, found, thresholds, card)
    print(f"split val, n = {len(items)}, seed {options.seed}\n\n{rows}\n\n{chosen}")
    errors = {clicks: calibration_errors(items, one.pixels) for clicks, one in found.items()}
    for clicks, one in found.items():
        said = ", ".join(f"{column} {error:.3f}" for column, error in errors[clicks].items())
        print(f"\nDice by threshold, {clicks} clicks\n\n{column_table(items, one.dices, thresholds)}")
        print(f"\nExpected calibration error in the click box, {BINS} bins: {said}")
    print(f"\nPixels in the click box by probability\n\n{reliability_table(found)}")
    if options.json:
        content: dict[str, Any] = {
            "metadata": described(options, predictor),
            "thresholds": thresholds,
            "errors": errors,
        }
        content |= {"columns": [item.column for item in items], "chosen": chosen}
        content["dice"] = {clicks: one.dices.tolist() for clicks, one in found.items()}
        options.json.write_text(json.dumps(content, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
