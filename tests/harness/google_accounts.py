"""Google's accounts and token endpoint: service accounts with keys, and people who gave an OAuth client access."""
import base64
import json
import pathlib
import re
import secrets
import subprocess
import tempfile
import time
import urllib.parse

from .web import Reply

DRIVE = "https://www.googleapis.com/auth/drive"
SCOPES = {DRIVE, DRIVE + ".file", "https://www.googleapis.com/auth/bigquery"}
CLOCK_TOLERANCE = 300  # seconds
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def refusal(status, name, words):
    """The token endpoint's reply for a refused request."""
    return Reply.of_json(status, {"error": name, "error_description": words})


def _unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Refused(Exception):
    """Ends a request for a token with this reply."""

    def __init__(self, status, name, words):
        super().__init__(words)
        self.reply = refusal(status, name, words)


class Accounts:
    """All accounts. token_uri: the address of the endpoint; now(): the endpoint's clock; expires_in: the seconds
    that a token lives.

    delegations: the (client_email, user, scope) that an administrator has allowed. tokens: the issued tokens.
    refusals: the bodies of the answers without a token."""

    def __init__(self, token_uri, now=time.time):
        self.token_uri, self.now, self.expires_in = token_uri, now, 3599
        self.delegations, self.tokens, self.users, self.keys, self.refusals = set(), {}, {}, {}, []
        self._directory = tempfile.TemporaryDirectory(prefix="accounts-")

    def close(self):
        self._directory.cleanup()

    def service_account(self, name="sync"):
        """A new service account. Returns the content of its key file."""
        email, key_id = f"{name}@calls.iam.gserviceaccount.com", secrets.token_hex(20)
        private, public = (pathlib.Path(self._directory.name) / f"{key_id}.{kind}" for kind in ("key", "pub"))
        for words in (["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", private],
                      ["pkey", "-in", private, "-pubout", "-out", public]):
            subprocess.run(["openssl", *words], check=True, stderr=subprocess.DEVNULL)
        self.keys.setdefault(email, {})[key_id] = public
        return {"type": "service_account", "project_id": "calls", "private_key_id": key_id,
                "private_key": private.read_text(), "client_email": email, "client_id": "1" * 21,
                "token_uri": self.token_uri}

    def delete_key(self, key_file):
        """Deletes a key, as the owner does in Google's console."""
        del self.keys[key_file["client_email"]][key_file["private_key_id"]]

    def user(self, email="person@example.com", scope=DRIVE + ".file"):
        """A person who has given an OAuth client access. Returns the content of the file with the refresh token."""
        made = {"type": "authorized_user", "client_id": f"{secrets.randbelow(10**12)}.apps.googleusercontent.com",
                "client_secret": "GOCSPX-" + secrets.token_urlsafe(20),
                "refresh_token": "1//" + secrets.token_urlsafe(40), "token_uri": self.token_uri}
        self.users[made["refresh_token"]] = {**made, "email": email, "scope": scope}
        return made

    # ---- the token endpoint ----

    def _verified(self, assertion, key_ids):
        """Whether one of the account's keys has signed the assertion. openssl decides that, not the program's own
        code."""
        content, _, signature = assertion.rpartition(".")
        path = pathlib.Path(self._directory.name) / secrets.token_hex(8)
        path.write_bytes(_unpadded(signature))
        try:
            return any(subprocess.run(["openssl", "dgst", "-sha256", "-verify", key, "-signature", path],
                                      input=content.encode(), stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL).returncode == 0
                       for key in key_ids)
        finally:
            path.unlink()

    def _of_assertion(self, assertion):
        """(account, scope, client) of a good assertion."""
        if re.search(r"[^\w.-]", assertion, re.ASCII) or assertion.count(".") != 2:
            raise Refused(400, "invalid_request", "Invalid JWT: not three parts of base64url")
        header, claims = (json.loads(_unpadded(part)) for part in assertion.split(".")[:2])
        if header.get("alg") != "RS256" or header.get("typ") != "JWT":
            raise Refused(400, "invalid_grant", "Invalid JWT: unsupported algorithm")
        keys = self.keys.get(claims.get("iss"))
        if keys is None:
            raise Refused(400, "invalid_grant", "Invalid grant: account not found")
        candidates = ([keys[header["kid"]]] if header.get("kid") in keys
                      else list(keys.values()) if "kid" not in header else [])
        if not self._verified(assertion, candidates):
            raise Refused(400, "invalid_grant", "Invalid JWT Signature.")
        if claims.get("aud") != self.token_uri:
            raise Refused(400, "invalid_grant", "Invalid JWT: Failed audience check.")
        begins, ends = claims.get("iat"), claims.get("exp")
        if not isinstance(begins, int) or not isinstance(ends, int) or not begins < ends <= begins + 3600 or \
                begins > self.now() + CLOCK_TOLERANCE or ends < self.now():
            raise Refused(400, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a "
                                "reasonable timeframe. Check your iat and exp values in the JWT claim.")
        scopes = set((claims.get("scope") or "").split(" "))
        if not scopes <= SCOPES:
            raise Refused(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        account, scope = claims["iss"], min(scopes, key=len)
        if "sub" in claims and (account, claims["sub"], scope) not in self.delegations:
            raise Refused(401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this "
                                "method, or client not authorized for any of the scopes requested.")
        return claims.get("sub", account), scope, account

    def _of_refresh_token(self, form):
        """The same for a user's refresh token."""
        user = self.users.get(form.get("refresh_token"))
        if form.get("client_id") not in {known["client_id"] for known in self.users.values()}:
            raise Refused(401, "invalid_client", "The OAuth client was not found.")
        if user is None or user["client_id"] != form["client_id"]:
            raise Refused(400, "invalid_grant", "Token has been expired or revoked.")
        if user["client_secret"] != form.get("client_secret"):
            raise Refused(401, "invalid_client", "Unauthorized")
        return user["email"], user["scope"], user["client_id"]

    def answer(self, request):
        """The reply to a request for a token."""
        try:
            return self._given(request)
        except Refused as refused:
            self.refusals.append(json.loads(refused.reply.content))
            return refused.reply

    def _given(self, request):
        if request.method != "POST" or request.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            raise Refused(400, "invalid_request", "Bad Request")
        form = dict(urllib.parse.parse_qsl(request.body.decode()))
        if form.get("grant_type") == JWT_GRANT:
            who, scope, client = self._of_assertion(form.get("assertion", ""))
        elif form.get("grant_type") == "refresh_token":
            who, scope, client = self._of_refresh_token(form)
        else:
            raise Refused(400, "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
        made = "ya29." + secrets.token_urlsafe(765)  # a service account's token has about 1024 characters
        self.tokens[made] = {"who": who, "scope": scope, "client": client, "until": self.now() + self.expires_in}
        return Reply.of_json(200, {"access_token": made, "expires_in": self.expires_in, "token_type": "Bearer"})

    def caller(self, request):
        """The sender of a request with a token, as a dict with who, scope and client; None: the token is not valid."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = self.tokens.get(token)
        return known if scheme == "Bearer" and known and known["until"] > self.now() else None

    def revoke_tokens(self):
        """Every access token is refused from now on."""
        self.tokens.clear()
