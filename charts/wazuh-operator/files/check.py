# ruff: noqa: INP001 - a script of a chart
"""What `helm test` runs: calls the hook as Metacontroller does, with its credentials.

Variables: URL, and where they apply CA_FILE, CERTIFICATE_FILE with KEY_FILE, TOKEN_FILE. Prints one
line for each check; ends with status 1 at the first that fails.
"""

import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

BODY = {"controller": {}, "parent": {"metadata": {"name": "test", "namespace": "test"}}}


def opener() -> urllib.request.OpenerDirector:
    """Speaks TLS as Metacontroller would, and asks no proxy."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if "CA_FILE" in os.environ:
        context = ssl.create_default_context(cafile=os.environ["CA_FILE"])
        if "CERTIFICATE_FILE" in os.environ:
            context.load_cert_chain(os.environ["CERTIFICATE_FILE"], os.environ["KEY_FILE"])
        handlers.append(urllib.request.HTTPSHandler(context=context))
    return urllib.request.build_opener(*handlers)


def call(opened: urllib.request.OpenerDirector, token: str) -> int:
    """Status of a call of the customize hook, which changes nothing; 0 for a strange answer."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    url = f"{os.environ['URL']}/customize"
    request = urllib.request.Request(url, json.dumps(BODY).encode(), headers)  # noqa: S310 - ours
    try:
        with opened.open(request, timeout=10) as answer:
            return int(answer.status) if "relatedResources" in json.load(answer) else 0
    except urllib.error.HTTPError as error:
        return error.code


def check(what: str, found: int, wanted: HTTPStatus) -> None:
    """Say it; end if it failed."""
    if found == wanted:
        sys.stdout.write(f"ok: {what}\n")
        return
    sys.exit(f"FAILED: {what}: status {found}")


def main() -> None:
    """Run all checks."""
    opened = opener()
    token = ""
    if "TOKEN_FILE" in os.environ:
        token = Path(os.environ["TOKEN_FILE"]).read_text(encoding="utf-8").partition("\n")[0]
        refused = call(opened, "")
        check("a call without the token is refused", refused, HTTPStatus.UNAUTHORIZED)
    check("a call is answered", call(opened, token.strip()), HTTPStatus.OK)


main()
