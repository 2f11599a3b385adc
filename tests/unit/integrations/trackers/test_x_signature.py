"""OAuth 1.0a: the signature that X publishes as its example, and RFC 5849's rules of addresses."""

from __future__ import annotations

import pytest

from services.integrations.trackers.adapters.x_signature import XKeys, authorization, signature

# developer.x.com, "Creating a signature"; the two secrets are part of the example.
KEYS = XKeys(
    consumer_key="xvz1evFS4wEEPTGEFPHBog",
    consumer_secret="kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    token="370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    token_secret="LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
)
OAUTH = (
    ("oauth_consumer_key", KEYS.consumer_key),
    ("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
    ("oauth_signature_method", "HMAC-SHA1"),
    ("oauth_timestamp", "1318622958"),
    ("oauth_token", KEYS.token),
    ("oauth_version", "1.0"),
)
EXAMPLE = (
    ("status", "Hello Ladies + Gentlemen, a signed OAuth request!"),
    ("include_entities", "true"),
    *OAUTH,
)


def test_the_example_that_x_publishes_is_signed_as_x_signs_it() -> None:
    assert signature("POST", "https://api.twitter.com/1/statuses/update.json", EXAMPLE, KEYS) == (
        "tnnArxj06cWHq44gCs1OSKk/jLY="
    )


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("HTTPS://API.twitter.com:443/1/statuses/update.json", True),
        ("https://api.twitter.com:8443/1/statuses/update.json", False),
        ("http://api.twitter.com/1/statuses/update.json", False),
    ],
)
def test_a_usual_port_and_the_case_of_a_host_are_no_part_of_an_address(url: str, same: bool) -> None:
    usual = signature("POST", "https://api.twitter.com/1/statuses/update.json", EXAMPLE, KEYS)
    assert (signature("post", url, EXAMPLE, KEYS) == usual) is same


def test_the_header_has_every_parameter_encoded_and_no_secret() -> None:
    header = authorization(
        "POST", "https://ads-api.x.com/12/measurement/conversions/o8z6j", KEYS, nonce="n+1", at_seconds=1_318_622_958
    )
    assert header.startswith('OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", oauth_nonce="n%2B1", ')
    assert 'oauth_timestamp="1318622958"' in header
    assert KEYS.consumer_secret not in header and KEYS.token_secret not in header
    assert KEYS.consumer_secret not in repr(KEYS) and KEYS.token_secret not in repr(KEYS)
