"""Headless Chromium, driven over chromedriver's W3C protocol; only loopback and files are used."""
import base64
import contextlib
import json
import pathlib
import shutil
import time
import urllib.error
import urllib.request

from .process import end, spawn

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the W3C protocol's key for an element's id
_OPTIONS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
            "--force-prefers-reduced-motion",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--lang=en-US"]


def missing():
    """The reason why this host has no browser; None when it has one."""
    lacking = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(lacking)} cannot be found (Debian: chromium chromium-driver)" if lacking else None


class Browser:
    """One window. `with Browser(directory) as browser:`; directory holds the profile and chromedriver's log."""

    def __init__(self, directory, timezone="UTC"):
        self._directory = pathlib.Path(directory)
        self._timezone = timezone
        self._process = self._base = None

    def __enter__(self):
        self._directory.mkdir(parents=True, exist_ok=True)
        log = self._directory / "chromedriver.log"
        with log.open("w") as out:
            self._process = spawn(["chromedriver", "--port=0"], stdout=out, stderr=out,
                                  env={"PATH": "/usr/bin:/bin", "HOME": str(self._directory), "TZ": self._timezone})
        try:
            port = self._wait_for_port(log)
            self._base = f"http://127.0.0.1:{port}/session"
            session = self._ask("POST", "", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
                "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": [
                    *_OPTIONS, f"--user-data-dir={self._directory / 'profile'}"]}}}})
            self._base += "/" + session["sessionId"]
            self.size(1280, 900)
        except BaseException:
            end(self._process)
            raise
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._ask("DELETE", "")
        end(self._process)

    def _wait_for_port(self, log):
        for _ in range(300):
            words = log.read_text().rpartition("started successfully on port ")[2].rstrip(".\n")
            if words.isdigit():
                return int(words)
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"chromedriver did not start: {log.read_text()}")

    def _ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._base + path, data, {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode('utf-8', 'replace')}") from None

    def open(self, path):
        self.console()  # drops the messages of the previous page
        self._ask("POST", "/url", {"url": pathlib.Path(path).absolute().as_uri()})

    def visit(self, address):
        """Opens a page of a server of this host, with the console of the page before forgotten."""
        self.console()
        self._ask("POST", "/url", {"url": address})

    def back(self):
        self._ask("POST", "/back", {})

    def forward(self):
        self._ask("POST", "/forward", {})

    def run(self, script, *arguments):
        """Runs JavaScript as the body of an async function; returns the function's value."""
        return self._ask("POST", "/execute/sync", {"script": f"return (async () => {{ {script} }})()",
                                                   "args": list(arguments)})

    def text(self, selector):
        """The visible text of an element; None if the element is missing, '' if it is hidden."""
        return self.run("const node = document.querySelector(arguments[0]); "
                        "return node && (node.checkVisibility() ? node.innerText : '');", selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((node) => node.innerText);", selector)

    def wait_until(self, script, seconds=15):
        for _ in range(seconds * 20):
            if self.run(script):
                return
            time.sleep(0.05)
        raise AssertionError(f"this did not become true within {seconds} s: {script}")

    def press(self, *keys):
        """Types keys into the element with the focus. Special keys have the protocol's codes: "\ue004" is Tab."""
        focus = self._ask("GET", "/element/active")
        self._ask("POST", f"/element/{focus[_ELEMENT]}/value", {"text": "".join(keys)})

    def click(self, selector):
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"/element/{found[_ELEMENT]}/click", {})

    def _devtools(self, command, **params):
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def accessibility(self):
        """What a screen reader sees: nodes with role, name and ignored."""
        return self._devtools("Accessibility.getFullAXTree")["nodes"]

    def size(self, width, height, mobile=False):
        self._devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                       mobile=mobile)

    def media(self, dark=False, print_=False):
        self._devtools("Emulation.setEmulatedMedia", media="print" if print_ else "", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def console(self):
        """The page's messages since the last call, with the requests that its Content-Security-Policy blocked."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})]

    def screenshot(self, path, whole=False):
        shot = self._devtools("Page.captureScreenshot", captureBeyondViewport=whole)
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))
