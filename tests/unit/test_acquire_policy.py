"""Only https hosts of the source list, at public addresses; and no secret in anything that can be read."""

from __future__ import annotations

import pytest

from pipeline.acquire.addresses import Policy
from pipeline.acquire.redact import redact, strip_secrets
from pipeline.base.errors import FetchError

HOSTS = frozenset({"data.example.org"})


def resolving(*addresses: str) -> Policy:
    return Policy(HOSTS, resolve=lambda host, port: list(addresses))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:10.0.0.1",
        "2002:0a00:0001::",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
    ],
)
def test_a_host_at_an_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(FetchError, match="not a public one"):
        resolving(address).pin("data.example.org", 443)


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(FetchError, match=r"10\.0\.0\.1"):
        resolving("93.184.215.14", "10.0.0.1").pin("data.example.org", 443)


def test_a_public_address_is_pinned() -> None:
    assert resolving("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c").pin("data.example.org", 443) == (
        "93.184.215.14"
    )


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("http://data.example.org/a", "only https"),
        ("ftp://data.example.org/a", "only https"),
        ("file:///etc/passwd", "not in the source list"),
        ("https://elsewhere.example.org/a", "not in the source list"),
        ("https://data.example.org.evil.example/a", "not in the source list"),
        ("https://me:secret@data.example.org/a", "user name"),
        ("https://data.example.org:8443/a", "port 8443"),
        ("https://data.example.org:notaport/a", "no address"),
        ("https://127.0.0.1/a", "not in the source list"),
    ],
)
def test_addresses_outside_the_rules_are_refused(address: str, what: str) -> None:
    with pytest.raises(FetchError, match=what) as caught:
        Policy(HOSTS).check(address)
    assert "secret" not in str(caught.value)


def test_case_and_a_closing_dot_do_not_matter() -> None:
    assert Policy(HOSTS).check("https://DATA.example.org./a") == ("data.example.org", 443)


def test_the_override_for_tests_opens_this_machine_and_nothing_else() -> None:
    policy = Policy(frozenset({"localhost"}), is_loopback_allowed=True, resolve=lambda host, port: ["10.0.0.1"])
    assert policy.check("http://localhost:8000/") == ("localhost", 8000)
    with pytest.raises(FetchError, match="not a public one"):
        policy.pin("localhost", 8000)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://h.org/a?api_key=K&noc=X", "https://h.org/a?noc=X"),
        ("https://h.org/a?noc=X&API_KEY=K", "https://h.org/a?noc=X"),
        ("https://me:pw@h.org/a#K", "https://h.org/a"),
        ("https://h.org/a?odd=MARK&b=1", "https://h.org/a?b=1"),
        ("https://h.org/MARK/a", "https://h.org/***/a"),
        ("https://h.org/a?sig=K&X-Amz-Signature=K&X-Amz-Date=1", "https://h.org/a?X-Amz-Date=1"),
        ("https://h.org/a?where=x LIKE 'E%25'", "https://h.org/a?where=x+LIKE+%27E%25%27"),
    ],
)
def test_addresses_are_shown_without_keys(address: str, shown: str) -> None:
    assert strip_secrets(address, keys=["MARK"]) == shown


def test_a_quoted_key_is_hidden_too() -> None:
    assert redact("failed: /a?k=a%2Fb%2Bc and a/b+c", ["a/b+c"]) == "failed: /a?k=*** and ***"
