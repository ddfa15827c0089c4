"""An MCP server in Python, guarded by mcp-gatehouse: bare ASGI, so the same lines fit FastAPI and Starlette.

Run it with:  uvicorn server:app --port 8000
"""

import asyncio
import json
import os

from verify import Forbidden, Unauthorized, Unavailable, verifier

ISSUER = os.environ["ISSUER"]  # exactly as mcp-gatehouse has it: https://mcp.example.com
RESOURCE = os.environ["RESOURCE"]  # this server's own URL, as clients enter it: https://notes.example.com/mcp
ORIGIN, PATH = RESOURCE[: RESOURCE.index("/", 8)], RESOURCE[RESOURCE.index("/", 8) :]
METADATA_PATH = "/.well-known/oauth-protected-resource"

SCOPES_BY_TOOL = {"whoami": ["mcp:tools"], "add_note": ["mcp:tools", "notes:write"]}
MAX_BODY = 1_000_000

verify = verifier(ISSUER, RESOURCE, introspection_key=os.environ.get("INTROSPECTION_KEY"))


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    method, path = scope["method"], scope["path"]
    if path in (METADATA_PATH, METADATA_PATH + PATH) and method in ("GET", "HEAD"):
        await reply(send, 200, protected_resource_metadata())
    elif path != PATH:
        await reply(send, 404, {"error": "not_found"})
    elif method == "OPTIONS":
        await reply(send, 204, None, preflight_headers())
    else:
        await guarded(scope, receive, send)


async def guarded(scope, receive, send):
    """Lets nothing reach the tools without a good access token (RFC 6750)."""
    try:
        claims = await asyncio.to_thread(verify, bearer_token(scope))
        if scope["method"] != "POST":
            await reply(send, 405, {"error": "method_not_allowed"}, [(b"allow", b"POST")])
            return
        message = json.loads(await read_body(receive))
        require_scopes(claims, scopes_of(message))
        answer = handle(message, claims)
        await reply(send, 202 if answer is None else 200, answer)
    except Unauthorized as error:
        await reply(send, 401, {"error": "invalid_token"}, challenge(error.code, ["mcp:tools"]))
    except Forbidden as error:
        await reply(send, 403, {"error": "insufficient_scope"}, challenge("insufficient_scope", error.scopes))
    except Unavailable:
        # Never 401: the client would throw a good token away.
        await reply(send, 503, {"error": "temporarily_unavailable"}, [(b"retry-after", b"5")])
    except ValueError:
        await reply(send, 400, {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "Parse error"}})


def bearer_token(scope):
    """The token of the Authorization header, and of nowhere else; two headers are none."""
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
    if not values:
        raise Unauthorized(None)
    words = values[0].split()
    if len(values) > 1 or len(words) != 2 or words[0].lower() != "bearer":
        raise Unauthorized("invalid_token")
    return words[1]


def scopes_of(message):
    if not isinstance(message, dict):
        raise ValueError("This server takes one message at a time.")
    parameters = message.get("params", {})
    if not isinstance(parameters, dict):
        raise ValueError("MCP has parameters by name only.")
    is_call = message.get("method") == "tools/call"
    return SCOPES_BY_TOOL.get(str(parameters.get("name")), ["mcp:tools"]) if is_call else ["mcp:tools"]


def require_scopes(claims, needed):
    if not set(needed) <= set(claims["scope"].split()):
        raise Forbidden(needed)


def handle(message, claims):
    """The MCP server itself, as small as it can be. Use the MCP SDK for Python in its place."""
    method, parameters, message_id = message.get("method"), message.get("params", {}), message.get("id")
    if message_id is None:
        return None
    answer = {"jsonrpc": "2.0", "id": message_id}
    if method == "initialize":
        version = parameters.get("protocolVersion", "2025-11-25")
        server = {"name": "python-notes", "version": "1.0.0"}
        return {**answer, "result": {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": server}}
    if method == "ping":
        return {**answer, "result": {}}
    if method == "tools/list":
        tools = [{"name": name, "inputSchema": {"type": "object"}} for name in SCOPES_BY_TOOL]
        return {**answer, "result": {"tools": tools}}
    if method == "tools/call" and parameters.get("name") == "whoami":
        return {**answer, "result": text({"sub": claims["sub"], "scope": claims["scope"]})}
    if method == "tools/call" and parameters.get("name") == "add_note":
        return {**answer, "result": text("noted")}
    return {**answer, "error": {"code": -32601, "message": "Method not found"}}


def text(value):
    return {"content": [{"type": "text", "text": json.dumps(value)}]}


def protected_resource_metadata():
    """RFC 9728: this leads clients to mcp-gatehouse."""
    return {
        "resource": RESOURCE,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["mcp:tools"],
        "bearer_methods_supported": ["header"],
    }


def challenge(error, scopes):
    parts = [f'scope="{" ".join(scopes)}"', f'resource_metadata="{ORIGIN}{METADATA_PATH}{PATH}"']
    if error is not None:
        parts[:0] = [f'error="{error}"', 'error_description="The access token does not do for this."']
    return [(b"www-authenticate", f"Bearer {', '.join(parts)}".encode())]


def preflight_headers():
    return [
        (b"access-control-allow-methods", b"GET, POST, DELETE"),
        (b"access-control-allow-headers", b"Authorization, Content-Type, MCP-Protocol-Version, Mcp-Session-Id"),
    ]


async def read_body(receive):
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if len(body) > MAX_BODY:
            raise ValueError("The body is too large.")
        if not event.get("more_body"):
            return body


async def reply(send, status, document, headers=()):
    body = b"" if document is None else json.dumps(document).encode()
    every = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"access-control-allow-origin", b"*"),
        (b"access-control-expose-headers", b"WWW-Authenticate, Mcp-Session-Id"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*every, *headers]})
    await send({"type": "http.response.body", "body": body})
