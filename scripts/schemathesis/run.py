"""Starts MOCA on an empty directory, makes what has credentials, and lets schemathesis loose on it.

Arguments: the program, seconds, seed; further ones go to schemathesis.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from base64 import b64encode
from pathlib import Path
from ssl import create_default_context
from urllib.request import Request, urlopen

HERE = Path(__file__).parent
PROGRAM, SECONDS, SEED, *MORE = sys.argv[1:]


def main():
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory) / "data"
        data.mkdir(mode=0o700)
        with open(Path(directory) / "log", "wb") as log:
            command = [PROGRAM, "serve", "--data-dir", data, "--listen", "127.0.0.1:0", "--ops-listen", "off"]
            server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        try:
            greeting = server.stdout.readline().decode()
            base = re.search(r"\((https://localhost:\d+)\)", greeting)[1]
            code = subprocess.run(
                [
                    Path(sys.executable).with_name("schemathesis"),
                    "--config-file", HERE / "schemathesis.toml",
                    "run", f"{base}/v2/openapi.json",
                    "--url", base, "--max-time", SECONDS, "--seed", SEED, *MORE,
                ],
                env=os.environ | credentials(base, data),
                # It leaves files where it stands.
                cwd=directory,
            ).returncode
            alive = server.poll() is None
        finally:
            server.terminate()
            ended = server.wait(timeout=60)
        if not alive or ended != 0:
            sys.stderr.write((Path(directory) / "log").read_text())
            sys.exit(f"the server ended with {ended}")
        sys.exit(code)


def credentials(base, data):
    """One of each kind, and the ids they hang on."""
    ca = data / "tls/cert.pem"
    while not (data / "first-token").exists():
        pass
    token = (data / "first-token").read_text().strip()

    def call(path, authorization, body=None):
        request = Request(
            base + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": authorization, "Content-Type": "application/json"},
        )
        with urlopen(request, context=create_default_context(cafile=ca)) as answer:
            return json.load(answer)

    bearer = f"Bearer {token}"
    owner = call("/v2/tokens", bearer)["items"][0]
    account = call("/v2/accounts", bearer)["items"][0]
    app = call("/v2/apps", bearer, {"config": {"name": "Tested"}})
    basic = b64encode(f"{app['appId']}:{app['appSecret']}".encode()).decode()
    device = call("/device/v1/instances", f"Basic {basic}", {})
    return {
        "MOCA_HOOKS": str(HERE / "hooks.py"),
        "MOCA_BASE": base,
        "MOCA_CA": str(ca),
        "MOCA_TOKEN": token,
        "MOCA_TOKEN_ID": owner["tokenId"],
        "MOCA_APP_ID": app["appId"],
        "MOCA_APP_SECRET": app["appSecret"],
        "MOCA_INSTANCE_TOKEN": device["instanceToken"],
        "MOCA_KEPT": ",".join([owner["tokenId"], owner["memberId"], account["accountId"], app["appId"]]),
    }


main()
