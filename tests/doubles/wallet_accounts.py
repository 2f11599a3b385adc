"""Accounts for wallets as Apple's portal and Google's console give them, made on the spot: no real ones are needed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

EMAIL = "wallet@genova-123.iam.gserviceaccount.com"
_NOW = datetime(2026, 11, 30, tzinfo=UTC)


def wallet_keys() -> dict[str, rsa.RSAPrivateKey]:
    """Of the authority, of the accounts, and one that is nobody's."""
    return {name: rsa.generate_private_key(65_537, 2_048) for name in ("root", "pass", "other")}


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, by: rsa.RSAPrivateKey
) -> x509.Certificate:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(_NOW).not_valid_after(_NOW + timedelta(days=365))
    return builder.sign(by, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def wallet_files(folder: Path, keys: dict[str, rsa.RSAPrivateKey]) -> dict[str, Path]:
    """A pass type's certificate as Apple's portal gives it, and one above it."""
    root = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Worldwide Developer Relations")])
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.USER_ID, "pass.org.example.tickets"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "Pass Type ID: pass.org.example.tickets"),
            x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "TEAM123456"),
        ]
    )
    content = {
        "pass": _pem(_certificate(subject, root, keys["pass"], keys["root"])) + _key_pem(keys["pass"]),
        "mixed": _pem(_certificate(subject, root, keys["pass"], keys["root"])) + _key_pem(keys["other"]),
        "wwdr": _pem(_certificate(root, root, keys["root"], keys["root"])),
        "stranger": _pem(_certificate(subject, subject, keys["other"], keys["other"])) + _key_pem(keys["other"]),
        "google": json.dumps({"client_email": EMAIL, "private_key": _key_pem(keys["pass"]).decode()}).encode(),
        "nothing": b"{}",
    }
    for name, one in content.items():
        (folder / name).write_bytes(one)
    return {name: folder / name for name in content}
