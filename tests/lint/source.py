"""The program's sources, and the layers that poller/README.md gives them."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLLER = ROOT / "poller"
MAP = POLLER / "README.md"


def layers():
    """The table of the map: a list of (layer, names), from the top down."""
    found = []
    for line in MAP.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        names = re.findall(r"`([a-z_]+)`", cells[1]) if len(cells) == 3 else []
        if names and cells[0]:
            found.append((cells[0], []))
        if names:
            found[-1][1].extend(names)
    return found


def modules():
    """The names of the files in poller/, without .c and .h."""
    return sorted({path.stem for path in POLLER.iterdir() if path.suffix in (".c", ".h")})


def without_comments(text):
    """C text with its comments and strings blanked, line by line."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.S)


def includes(path):
    """(line number, name, whether in angle brackets) of each #include."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
        if match:
            yield number, match.group(2), match.group(1) == "<"
