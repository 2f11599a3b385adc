"""Keys and certificates of wallets, read from files that the deployment names; without them there are no passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import pkcs7

from services.ticketing.wallet.apple_pass import AppleAccount
from services.ticketing.wallet.google_link import GoogleAccount

_PASS_TYPE = x509.ObjectIdentifier("0.9.2342.19200300.100.1.1")


class AppleSigner:
    """See ManifestSigner."""

    def __init__(self, certificate: x509.Certificate, key: RSAPrivateKey, intermediate: x509.Certificate) -> None:
        self._certificate = certificate
        self._key = key
        self._intermediate = intermediate

    def signed(self, manifest: bytes) -> bytes:
        """See ManifestSigner.signed."""
        builder = pkcs7.PKCS7SignatureBuilder().set_data(manifest)
        builder = builder.add_signer(self._certificate, self._key, hashes.SHA256())
        builder = builder.add_certificate(self._intermediate)
        options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
        return builder.sign(serialization.Encoding.DER, options)


class GoogleSigner:
    """See TokenSigner."""

    def __init__(self, key: RSAPrivateKey) -> None:
        self._key = key

    def token(self, claims: dict[str, Any]) -> str:
        """See TokenSigner.token."""
        return jwt.encode(claims, self._key, algorithm="RS256")


def apple_account(certificate_file: str, intermediate_file: str) -> tuple[AppleAccount, AppleSigner]:
    """Of a PEM with the certificate of the pass type and its key, and Apple's certificate above it.

    Pass type and team are in the certificate (its user id and organisational unit). ValueError: what is wrong.
    """
    pem = Path(certificate_file).read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    key = serialization.load_pem_private_key(pem, password=None)
    intermediate = x509.load_pem_x509_certificate(Path(intermediate_file).read_bytes())
    if not isinstance(key, RSAPrivateKey) or key.public_key() != certificate.public_key():
        message = f"{certificate_file} has another key than its certificate"
        raise ValueError(message)
    if certificate.issuer != intermediate.subject:
        message = f"{intermediate_file} did not issue the certificate of {certificate_file}"
        raise ValueError(message)
    pass_type_id = _named(certificate, _PASS_TYPE, certificate_file)
    team_id = _named(certificate, x509.NameOID.ORGANIZATIONAL_UNIT_NAME, certificate_file)
    return AppleAccount(pass_type_id, team_id), AppleSigner(certificate, key, intermediate)


def google_account(issuer_id: str, account_file: str) -> tuple[GoogleAccount, GoogleSigner]:
    """Of the JSON that Google gives for a service account. ValueError: it is none."""
    try:
        account = json.loads(Path(account_file).read_text())
        email, pem = str(account["client_email"]), str(account["private_key"])
    except (ValueError, KeyError, TypeError):
        message = f"{account_file} is no service account of Google's"
        raise ValueError(message) from None
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        message = f"{account_file} has no RSA key"
        raise ValueError(message)
    return GoogleAccount(issuer_id, email), GoogleSigner(key)


def _named(certificate: x509.Certificate, oid: x509.ObjectIdentifier, file: str) -> str:
    found = certificate.subject.get_attributes_for_oid(oid)
    if len(found) != 1:
        message = f"{file} is no certificate of a pass type"
        raise ValueError(message)
    return str(found[0].value)
