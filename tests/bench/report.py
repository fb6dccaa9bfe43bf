"""The table that the benchmark prints."""
import dataclasses
import textwrap


@dataclasses.dataclass
class Row:
    """One line. ratio: the figure divided by the value that it is compared with. holds: whether the target is met;
    None: there is no target. why: the known reason why the figure misses or nearly misses the target."""
    name: str
    figure: str
    compared: str = ""
    ratio: str = ""
    target: str = ""
    holds: bool = None
    why: str = ""

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
    missed = [row for row in rows if row.holds is False]
    if missed:
        print("\nWhat does not hold, and why:")
    for row in missed:
        print(textwrap.fill(f"{row.name.strip()}: {row.why or 'not known; measure again on a quiet machine'}", 118,
                            initial_indent="- ", subsequent_indent="  "))
