"""The table that the benchmark prints."""
import dataclasses


@dataclasses.dataclass
class Row:
    """One line. ratio is of the figure to what it is compared with; holds is None where nothing is promised."""
    name: str
    figure: str
    compared: str = ""
    ratio: str = ""
    target: str = ""
    holds: bool = None

    def cells(self):
        verdict = {None: "", True: "yes", False: "NO"}[self.holds]
        return [self.name, self.figure, self.compared, self.ratio, self.target, verdict]


def share(part, whole):
    return f"{100 * part / whole:.0f} %"


def times(part, whole):
    return f"{part / whole:.2f}"


def rate(calls, seconds):
    return f"{calls / seconds:,.0f} calls/s"


def ms(seconds):
    return f"{seconds * 1000:.1f} ms"


def show(rows):
    heading = ["row", "figure", "compared with", "ratio", "target", "holds"]
    lines = [heading] + [row.cells() for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    lines.insert(1, ["-" * width for width in widths])
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
