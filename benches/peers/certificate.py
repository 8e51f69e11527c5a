"""A throw-away authority and a certificate for 127.0.0.1, made by openssl."""

import subprocess

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def make(home):
    """Files of an authority, a certificate for 127.0.0.1 by it, and its key."""
    names = ("ca.pem", "ca.key", "server.csr", "server.pem", "server.key")
    authority, authority_key, request, server, key = (home / name for name in names)
    extension = home / "extension"
    extension.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    _openssl(
        *("req", "-x509", *CURVE, "-keyout", authority_key, "-out", authority),
        *("-days", 2, "-subj", "/CN=bench authority"),
    )
    _openssl("req", *CURVE, "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    _openssl(
        *("x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority_key),
        *("-CAcreateserial", "-out", server, "-days", 2, "-extfile", extension),
    )
    return authority, server, key


def _openssl(*command):
    words = ["openssl", *map(str, command)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise SystemExit(f"openssl {command[0]}: {done.stderr}")
