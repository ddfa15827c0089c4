"""Verifies the access tokens of mcp-gatehouse: by its published keys, or by asking it (RFC 7662)."""

import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import jwt

FRESH = 600  # seconds for which fetched keys are good
STALE = 24 * 3600  # seconds for which they serve while the issuer is away
PAUSE = 30  # seconds between two fetches that a stranger's token can cause
LEEWAY = 60  # seconds that clocks may differ


class Unauthorized(Exception):
    """There is no token (`code` is None), or it is worth nothing."""

    def __init__(self, code, reason=None):
        super().__init__(reason)
        self.code = code


class Forbidden(Exception):
    def __init__(self, scopes):
        super().__init__("insufficient_scope")
        self.scopes = scopes


class Unavailable(Exception):
    """Nobody can tell for now."""


def verifier(issuer, resource, introspection_key=None):
    """A function from a token to its claims. With a key it asks the issuer, and learns of a revocation at once."""
    if introspection_key:
        return lambda token: introspect(issuer, resource, introspection_key, token)
    keys = PublishedKeys(f"{issuer}/oauth/jwks")
    return lambda token: verify_locally(issuer, resource, keys, token)


def verify_locally(issuer, resource, keys, token):
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != "at+jwt":  # RFC 9068 §4: an ID token is no access token
            raise Unauthorized("invalid_token", "wrong typ")
        return jwt.decode(
            token,
            keys.find(header.get("kid")),
            algorithms=["ES256"],  # or RS256, if you chose it; never what the token names
            issuer=issuer,
            audience=resource,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "client_id", "scope"]},
        )
    except (jwt.InvalidTokenError, ValueError, TypeError) as error:
        raise Unauthorized("invalid_token", str(error)) from error


class PublishedKeys:
    """The issuer's keys: kept, followed when they rotate, and usable while the issuer is away."""

    def __init__(self, url):
        self._url, self._lock = url, threading.Lock()
        self._keys, self._fetched_at, self._tried_at = {}, float("-inf"), float("-inf")

    def find(self, kid):
        with self._lock:
            now = time.monotonic()
            unknown = kid not in self._keys
            failed = False
            if (unknown or now - self._fetched_at > FRESH) and now - self._tried_at > PAUSE:
                self._tried_at = now
                failed = not self._fetch(now)
            if kid in self._keys and now - self._fetched_at <= STALE:
                return self._keys[kid]
            if failed or self._tried_at > self._fetched_at:
                raise Unavailable("The keys of the issuer cannot be fetched.")
            raise Unauthorized("invalid_token", "unknown key")

    def _fetch(self, now):
        try:
            document = fetch_json(urllib.request.Request(self._url))
            self._keys = {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(document).keys}
            self._fetched_at = self._tried_at = now
            return True
        except (OSError, ValueError, jwt.PyJWTError):
            return False


def introspect(issuer, resource, key, token):
    request = urllib.request.Request(
        f"{issuer}/oauth/introspect",
        data=urllib.parse.urlencode({"token": token}).encode(),
        headers={"Authorization": f"Bearer {key}"},
    )
    try:
        answer = fetch_json(request)
    except (OSError, ValueError) as error:
        raise Unavailable("The issuer cannot be asked.") from error
    if answer.get("active") is not True or answer.get("aud") != resource:
        raise Unauthorized("invalid_token", "not active")
    return answer


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to wherever it points."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def fetch_json(request):
    with OPENER.open(request, timeout=5) as response:
        document = json.loads(response.read(1_000_000))
    if not isinstance(document, dict):
        raise ValueError("The answer is no JSON object.")
    return document
