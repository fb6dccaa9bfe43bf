"""Certificates for the stand-in: one that is good and two that a client must refuse."""
import pathlib
import subprocess
import types


def _openssl(*words):
    made = subprocess.run(["openssl", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True)
    if made.returncode != 0:
        raise RuntimeError(f"openssl {words[0]} failed:\n{made.stdout}")


def _key(directory, name):
    path = directory / f"{name}.key"
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    return path


def _leaf(directory, ca, name, names, days):
    """A certificate for these names, signed by the CA, as (certificate, key)."""
    key = _key(directory, name)
    request, cert, extensions = (directory / f"{name}.{suffix}" for suffix in ("csr", "crt", "ext"))
    extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
    _openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", request)
    _openssl("x509", "-req", "-in", request, "-CA", ca[0], "-CAkey", ca[1], "-CAcreateserial",
             "-days", days, "-extfile", extensions, "-out", cert)
    return cert, key


def make(directory):
    """Makes them in the directory. Returns an object: ca (a path), and good, expired, wrong_name (certificate, key)."""
    directory = pathlib.Path(directory)
    key, cert = _key(directory, "ca"), directory / "ca.crt"
    _openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=Test CA", "-days", 30, "-out", cert)
    here = "DNS:localhost,IP:127.0.0.1"
    return types.SimpleNamespace(
        ca=cert,
        good=_leaf(directory, (cert, key), "good", here, 30),
        expired=_leaf(directory, (cert, key), "expired", here, -1),
        wrong_name=_leaf(directory, (cert, key), "wrong-name", "DNS:api.example.com", 30))
