"""What a demonstration prints: lines, chapters, and bars that grow while the program works."""
import sys
import time

WIDTH = 24  # of a bar


def say(text=""):
    print(text, flush=True)


def chapter(number, title):
    say(f"\n\033[1m{number}. {title}\033[0m" if sys.stdout.isatty() else f"\n{number}. {title}")


def bar(name, done, total):
    full = WIDTH * done // total if total else WIDTH
    return f"{name} [{'█' * full}{'░' * (WIDTH - full)}] {done:,} of {total:,}"


class Bars:
    """One line with a bar for each of rows: (name, a function that counts, the total). On a terminal, show() draws
    the line again. Elsewhere only end() prints the line."""

    def __init__(self, *rows):
        self.rows, self.began = rows, time.monotonic()

    def _line(self):
        bars = "   ".join(bar(name, min(count(), total), total) for name, count, total in self.rows)
        return f"   {bars}   {time.monotonic() - self.began:.0f} s"

    def show(self):
        if sys.stdout.isatty():
            print("\r" + self._line(), end="", flush=True)

    def end(self):
        say(("\r" if sys.stdout.isatty() else "") + self._line())
