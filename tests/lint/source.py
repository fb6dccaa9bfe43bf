"""The program's sources, and the folders that are its layers."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLLER = ROOT / "poller"
MAP = POLLER / "README.md"


def folders():
    """The layers, from the top down, as the table of the map has them."""
    return re.findall(r"^\| `(\w+)/` \|", MAP.read_text(), re.M)


def files(endings="ch"):
    """All of the program's own C files, main.c and what lies in the folders."""
    return sorted(path for ending in endings for path in POLLER.rglob(f"*.{ending}"))


def source_of(module):
    """The .c file of a module."""
    (path,) = POLLER.rglob(f"{module}.c")
    return path


def folder_of(path):
    """The name of the layer that a file belongs to; "" for main.c, which stands above them all."""
    return "/".join(path.relative_to(POLLER).parts[:-1][:1])


def described(folder):
    """The names that the folder's README says something of."""
    text = (POLLER / folder / "README.md").read_text().partition("\n\n")[2].partition("\n\n")[0]
    return re.findall(r"(?:^|; )`(\w+)`", " ".join(text.split()))


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
