"""Draw the cost curves that standard input describes: `python -m bench.plot FILE`."""

import json
import sys

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt


def main() -> None:
    """Draw two plots beside one another, both axes logarithmic."""
    given = json.load(sys.stdin)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), dpi=100, layout="constrained")
    for each, (name, curves) in zip(axes, given.items(), strict=True):
        for label, seconds in curves["lines"].items():
            style = ":" if label.startswith("the limit") else "-"
            text = label.replace("`", "")
            each.plot(curves["numbers"], seconds, style, marker="o", markersize=3, label=text)
        each.set(xscale="log", yscale="log", xlabel=name, ylabel="seconds")
        each.set_xticks(curves["numbers"], labels=[str(number) for number in curves["numbers"]])
        each.minorticks_off()
        each.grid(alpha=0.3)
        each.legend(fontsize=8)
    figure.savefig(sys.argv[1], metadata={"Software": None})


if __name__ == "__main__":
    main()
