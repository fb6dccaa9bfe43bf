"""Certificates for the stand-in: a good one, and several that a client must refuse."""
import datetime
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


def _not_yet(directory, ca, names):
    """A certificate that becomes valid in some days. `openssl x509` cannot set that date before OpenSSL 3.4."""
    key, request, cert = _key(directory, "not-yet"), directory / "not-yet.csr", directory / "not-yet.crt"
    (directory / "index.txt").touch()
    (directory / "serial").write_text("77\n")
    config = directory / "ca.cnf"
    config.write_text(f"[ca]\ndefault_ca=own\n[own]\ndatabase={directory}/index.txt\nserial={directory}/serial\n"
                      f"new_certs_dir={directory}\ndefault_md=sha256\npolicy=any\nx509_extensions=leaf\n"
                      f"[any]\ncommonName=supplied\n[leaf]\nsubjectAltName={names}\nextendedKeyUsage=serverAuth\n")
    dates = [(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")
             for days in (5, 30)]
    _openssl("req", "-new", "-key", key, "-subj", "/CN=not-yet", "-out", request)
    _openssl("ca", "-batch", "-notext", "-config", config, "-cert", ca[0], "-keyfile", ca[1], "-in", request,
             "-out", cert, "-startdate", dates[0], "-enddate", dates[1])
    return cert, key


def _self_signed(directory, names):
    key, cert = _key(directory, "self-signed"), directory / "self-signed.crt"
    _openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=localhost", "-addext", f"subjectAltName={names}",
             "-days", 30, "-out", cert)
    return cert, key


def make(directory):
    """Makes all certificates in the directory. Returns an object: ca (a path), and good, expired, not_yet, wrong_name,
    self_signed (each a pair: certificate, key)."""
    directory = pathlib.Path(directory)
    key, cert = _key(directory, "ca"), directory / "ca.crt"
    _openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=Test CA", "-days", 30, "-out", cert)
    here = "DNS:localhost,IP:127.0.0.1"
    return types.SimpleNamespace(
        ca=cert,
        good=_leaf(directory, (cert, key), "good", here, 30),
        expired=_leaf(directory, (cert, key), "expired", here, -1),
        not_yet=_not_yet(directory, (cert, key), here),
        self_signed=_self_signed(directory, here),
        wrong_name=_leaf(directory, (cert, key), "wrong-name", "DNS:api.example.com", 30))
