"""An address is one of the web or none, and a redirect leads to what is public or nowhere."""

from __future__ import annotations

import pytest

from pipelines.fake_providers.server import FakeServer, Reply, Request
from pipelines.sources.live import Outcome
from pipelines.sources.web.addresses import AddressClient, resolve, why_not_web
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.judge import Expected
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from tests.fake_clock import FakeClock

MANNERS = Manners(Rate(1000, 50))


@pytest.mark.parametrize("url", ["http://a.example", "https://a.example:8443/x?y=1#z", "http://[::1]/"])
def test_an_address_of_the_web_is_one(url: str) -> None:
    """By scheme and host."""
    assert why_not_web(url) == ""


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "begins with http"),
        ("data:text/xml,x", "begins with http"),
        ("//a.example/x", "begins with http"),
        ("https:///x", "names a host"),
        ("http://a.example:0/", "names a host"),
        ("http://a.example:99999/", "expected an address"),
        ("http://me:word@a.example/", "without a user"),
    ],
)
def test_what_is_none_says_why_without_a_password(url: str, reason: str) -> None:
    """It would end up in a log."""
    assert reason in why_not_web(url)
    assert "word@" not in why_not_web(url)


def test_a_host_without_addresses_has_none() -> None:
    """Nor has a name that is none."""
    assert resolve("127.0.0.1") == ["127.0.0.1"]
    assert resolve("a" * 64 + ".invalid") == []
    assert resolve("\u2603" * 70) == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a9fe:a9fe",
        "no address",
    ],
)
def test_no_redirect_leads_to_an_address_that_is_not_public(address: str) -> None:
    """Of this machine, its network, a cloud's metadata, or any of these in another spelling."""
    with FakeServer(lambda _: Reply(b"", 302, headers={"Location": "http://elsewhere.example/"})) as server:
        client = AddressClient(MANNERS, hosts=Hosts(FakeClock()), resolve=lambda _: ["93.184.215.14", address])
        page = client.get(server.base_url + "/x", Expected("json"))
        client.close()
    assert page.outcome is Outcome.BROKEN
    assert "which a redirect leads to" in page.reason
    assert len(server.log) == 1


def test_the_query_of_an_address_is_sent_as_it_is() -> None:
    """Repeated names, blanks and percents included; a fragment is not sent."""
    seen: list[Request] = []

    def answer(request: Request) -> Reply:
        seen.append(request)
        return Reply(b"{}")

    with FakeServer(answer) as server:
        client = AddressClient(MANNERS, hosts=Hosts(FakeClock()))
        page = client.get(f"{server.base_url}/a%20b/?x=%26&x=&y#z", Expected("json"))
        client.close()
    assert page.outcome is Outcome.OK
    assert page.url.endswith("/a%20b/?x=%26&x=&y")
    assert (seen[0].path, dict(seen[0].query)) == ("/a b/", {"x": "", "y": ""})
