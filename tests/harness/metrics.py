"""A strict reader of Prometheus' text format, as exposition_formats.md describes the format."""
import re

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE = re.compile(rf"({_NAME})(?:\{{([^}}]*)\}})? (NaN|[+-]?Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')


class Metrics:
    """Gives value("name", label="text") of a page; AssertionError if the page breaks the format. Each sample of a page
    must have the same label profile, which is empty for the default profile."""

    def __init__(self, page):
        self.samples, self.types, self.profile, helped = {}, {}, None, set()
        assert page.endswith("\n")
        family = None
        for line in page.splitlines():
            if line.startswith("# HELP "):
                family = line.split(" ", 3)[2]
                assert family not in helped and line.split(" ", 3)[3], line
                helped.add(family)
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name == family and name not in self.types and kind in ("counter", "gauge", "histogram"), line
                self.types[name] = kind
            else:
                self._take(line, family)
        for name, kind in self.types.items():
            assert (kind == "counter") == name.endswith("_total"), name
            if kind == "histogram":
                self._check_histogram(name)

    def _take(self, line, family):
        match = _SAMPLE.fullmatch(line)
        assert match, line
        name, labels, value = match.groups()
        ends = ("_bucket", "_sum", "_count") if self.types[family] == "histogram" else ("",)
        assert name in [family + end for end in ends], f"{line}: not of {family}"
        pairs = _LABEL.findall(labels or "")
        assert ",".join(f'{key}="{text}"' for key, text in pairs) == (labels or ""), line
        key = (name, frozenset(pairs))
        (profile,) = [text for label, text in pairs if label == "profile"]
        assert self.profile in (None, profile), line
        self.profile = profile
        assert key not in self.samples, line
        self.samples[key] = float(value)

    def _check_histogram(self, name):
        buckets = sorted((float(dict(labels)["le"]), value) for (sample, labels), value in self.samples.items()
                         if sample == name + "_bucket")
        counts = [value for _, value in buckets]
        assert buckets[-1][0] == float("inf") and counts == sorted(counts), name
        assert self.value(name + "_count") == counts[-1], name
        assert self.value(name + "_sum") >= 0, name

    def value(self, name, **labels):
        """The sample's value; None if the page lacks the sample."""
        return self.samples.get((name, frozenset({"profile": self.profile, **labels}.items())))

    def names(self):
        return {name for name, _ in self.samples}
