"""Requests go to public addresses only, whatever the URL, the resolver or a redirect says."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.registry import ToolFailure
from tools.safe_address import AddressRules, why_blocked
from tools.safe_connection import resolve_host
from tools.safe_http import SafeHttp, raise_for_status

BLOCKED_ADDRESSES = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "169.254.170.2", "168.63.129.16", "100.64.0.1", "100.100.100.200", "100.127.255.255",
    "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.7",
    "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "::8.8.8.8",
    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:101::",
    "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254",
    "fe80::1", "fe80::1%eth0", "fe80::5efe:8.8.8.8", "2a00:1450::5efe:127.0.0.1", "fec0::1", "ff02::1", "100::1",
]  # fmt: skip
PUBLIC_ADDRESSES = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "192.0.1.1",
    "198.17.255.255", "198.20.0.1", "223.255.255.254", "2606:4700::1111", "2a00:1450:4001:81b::200e",
    "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
]  # fmt: skip
BLOCKED_URLS = [
    # other schemes
    "file:///etc/passwd", "ftp://example.com/", "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:11211/",
    "data:text/plain,x", "javascript:alert(1)", "//example.com/", "example.com", "http:127.0.0.1/", "http:///path", "",
    # spellings of addresses
    "http://2130706433/", "http://017700000001/", "http://0x7f000001/", "http://127.1/", "http://127.0.1/",
    "http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://127.0.0.0x1/", "http://0/", "http://0x/", "http://00/",
    "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.254.43518/",
    "http://127.0.0.1./", "http://127.0.0.01/", "http://1.2.3.4.5/", "http://256.1.1.1/", "http://4294967297/",
    "http://①②⑦.0.0.1/", "http://127。0。0。1/", "http://１２７.0.0.1/", "http://ⓛocalhost/", "http://127.0.0.1%00/",
    "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[0:0:0:0:0:ffff:7f00:1]/",
    "http://[fe80::1%25eth0]/", "http://[::ffff:a9fe:a9fe]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
    # spellings of URLs
    "http://user@127.0.0.1/", "http://user:password@example.com/", "http://@example.com/", "http://:@example.com/",
    "http://127.0.0.1\\@example.com/", "http://example.com\\.internal/", "http://exam ple.com/", "http://a\tb.com/",
    "http://example.com\r\nHost: internal/", "http://example\u200b.com/", "http://exa%6dple.com/",
    "http://127.0.0.1%2f@example.com/", "http://127.0.0.1:80:80/", "http://[::1].example.com/", "http://-/",
    "http://.example.com/", "http://example..com/", "http://[v1.x]/", "http://" + "a" * 9000 + "/",
    # names that resolve to what is private
    "http://localhost/", "http://LOCALHOST./", "http://metadata.google.internal/", "http://127.0.0.1.nip.example/",
    # plain private addresses
    "http://127.0.0.1/", "https://127.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1:8080/",
    # ports
    "http://example.com:22/", "http://example.com:6379/", "https://example.com:25/", "http://example.com:99999/",
]  # fmt: skip
READABLE_URLS = {
    "http://example.com": ("example.com", 80),
    " https://EXAMPLE.com./a?q=x@y#z@w ": ("example.com", 443),
    "https://example.com:8443/a%20b?x=1": ("example.com", 8443),
    "http://bücher.example/": ("xn--bcher-kva.example", 80),
    "http://93.184.216.34:8080/": ("93.184.216.34", 8080),
    "http://[2606:4700::1111]/": ("2606:4700::1111", 80),
    "https://en.wikipedia.org/wiki/Łódź": ("en.wikipedia.org", 443),
    "http://xn--bcher-kva.example/a@b": ("xn--bcher-kva.example", 80),
    "http://a_b.example.com/": ("a_b.example.com", 80),
    "http://1st.example/": ("1st.example", 80),
}


async def private(host: str, port: int) -> list[str]:
    """A resolver for which every name is private and an address is itself, as the system's would have it."""
    try:
        return [socket.inet_ntop(socket.AF_INET, socket.inet_aton(host))]
    except OSError:
        return [host] if ":" in host else ["127.0.0.1"]


def to(*addresses: str) -> Callable[[str, int], Any]:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


@pytest.mark.parametrize("address", BLOCKED_ADDRESSES)
def test_what_is_not_public_is_blocked(address: str) -> None:
    assert why_blocked(address)


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_what_is_public_is_not_blocked(address: str) -> None:
    assert why_blocked(address) is None


@pytest.mark.parametrize("url", BLOCKED_URLS)
async def test_a_blocked_url_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(ToolFailure) as failure:
        await SafeHttp(resolve=private).get(url)
    assert (failure.value.kind, failure.value.sent) == ("refused", False)


@pytest.mark.parametrize("address", BLOCKED_ADDRESSES)
async def test_a_name_that_leads_to_a_blocked_address_is_refused(address: str) -> None:
    for addresses in ([address], ["93.184.216.34", address]):
        with pytest.raises(ToolFailure) as failure:
            await SafeHttp(resolve=to(*addresses)).get("https://innocent.example/")
        assert failure.value.kind == "refused"
        assert "innocent.example" in str(failure.value)


@given(st.ip_addresses(v=4))
def test_an_address_in_disguise_is_judged_like_itself(address: IPv4Address) -> None:
    """Mapped, translated and tunnelled forms reach the same host, so they are as blocked as it is."""
    number = int(address)
    is_blocked = bool(why_blocked(str(address)))
    disguises = [(0xFFFF << 32) | number, (0x64FF9B << 96) | number, (0x2002 << 112) | (number << 80) | 1]
    assert [bool(why_blocked(str(IPv6Address(disguise)))) for disguise in disguises] == [is_blocked] * 3
    assert is_blocked or address.is_global


@given(st.sampled_from(["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.7"]), st.data())
async def test_no_spelling_of_a_private_address_is_reached(address: str, data: st.DataObject) -> None:
    """Parts in decimal, octal or hexadecimal, the last ones run together, as inet_aton reads them."""
    number = int(IPv4Address(address))
    parts = data.draw(st.integers(1, 4))
    values = [number >> (24 - 8 * n) & 0xFF for n in range(parts - 1)] + [number & ((1 << (40 - 8 * parts)) - 1)]
    spell = st.sampled_from(["{:d}", "0{:o}", "0x{:x}", "0x{:X}", "0x00{:x}", "000{:o}"])
    host = ".".join(data.draw(spell).format(value) for value in values) + data.draw(st.sampled_from(["", "."]))
    assert socket.inet_aton(host.rstrip(".")) == IPv4Address(address).packed
    with pytest.raises(ToolFailure) as failure:
        await SafeHttp().get(f"http://{host}/")
    assert failure.value.kind == "refused"


@pytest.mark.parametrize(("url", "target"), READABLE_URLS.items())
def test_ordinary_urls_are_read(url: str, target: tuple[str, int]) -> None:
    found = AddressRules().check_url(url)
    assert (found.host, found.port) == target


async def test_an_allowed_host_is_reached_and_keeps_its_name(loopback: Any, respond: Any) -> None:
    loopback.routes["/a"] = respond(200, "hello", Content_Type="text/plain; charset=utf-8")
    port = loopback.host.split(":")[1]
    client = SafeHttp(allow=[f"Innocent.example:{port}"], resolve=to("127.0.0.1"))
    response = await client.get(f"http://innocent.example:{port}/a?b=c")
    assert (response.status, response.text, response.content_type) == (200, "hello", "text/plain")
    assert loopback.received[0].headers["host"] == f"innocent.example:{port}"
    assert loopback.received[0].path == "/a?b=c"


async def test_tls_is_asked_for_under_the_name_and_not_the_address() -> None:
    hello: asyncio.Queue[bytes] = asyncio.Queue()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello.put_nowait(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = SafeHttp(allow=["innocent.example"], resolve=to("127.0.0.1"))
    with pytest.raises(ToolFailure, match="can't connect") as failure:
        await client.get(f"https://innocent.example:{port}/")
    assert b"innocent.example" in await hello.get()
    assert failure.value.kind == "transient"
    server.close()
    await server.wait_closed()


async def test_an_address_of_version_6_is_reached_in_brackets(respond: Any) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(respond(200, head))
        writer.close()

    try:
        server = await asyncio.start_server(accept, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6 on loopback")
    host = f"[::1]:{server.sockets[0].getsockname()[1]}"
    response = await SafeHttp(allow=[host]).get(f"http://{host}/")
    assert f"Host: {host}\r\n" in response.text
    server.close()
    await server.wait_closed()


async def test_allowing_an_address_lets_no_name_in_that_points_there(loopback: Any) -> None:
    port = loopback.host.split(":")[1]
    client = SafeHttp(allow=[loopback.host], ports=[int(port)], resolve=to("127.0.0.1"))
    assert (await client.get(f"{loopback.url}/")).status == 404
    with pytest.raises(ToolFailure) as failure:
        await client.get(f"http://rebind.example:{port}/")
    assert failure.value.kind == "refused"
    assert len(loopback.received) == 1


async def test_a_name_is_resolved_once_and_the_checked_address_is_used(loopback: Any, respond: Any) -> None:
    """A resolver that answers public first and private afterwards (DNS rebinding) gains nothing."""
    answers = iter([["127.0.0.1"], ["127.0.0.1"], ["127.0.0.1"]])
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["203.0.114.1"] if len(asked) == 1 else next(answers)

    port = int(loopback.host.split(":")[1])
    client = SafeHttp(ports=[port], resolve=rebinding)
    with pytest.warns(UserWarning, match=r"203\.0\.114\.1"), pytest.raises(ExceptionGroup) as stopped:
        # The test run lets nothing out to other hosts: that it was stopped shows which address was connected to.
        await client.get(f"http://rebind.example:{port}/")
    assert stopped.group_contains(RuntimeError, match=r"203\.0\.114\.1")
    assert asked == ["rebind.example"]
    with pytest.raises(ToolFailure, match="loopback"):
        await client.get(f"http://rebind.example:{port}/")
    assert not loopback.received


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1:{other}/", "http://169.254.169.254/latest/", "//10.0.0.1/", "file:///etc/passwd", "http://2130706433/",
     "http://user@{host}/", "https://[::1]/"],
)  # fmt: skip
async def test_redirects_are_checked_like_the_first_url(loopback: Any, respond: Any, location: str) -> None:
    loopback.routes["/"] = respond(302, Location=location.format(host=loopback.host, other="8080"))
    with pytest.raises(ToolFailure) as failure:
        await SafeHttp(allow=[loopback.host]).get(f"{loopback.url}/")
    assert failure.value.kind == "refused"
    assert len(loopback.received) == 1


async def test_redirects_to_what_is_allowed_are_followed_to_a_bound(loopback: Any, respond: Any) -> None:
    loopback.routes |= {"/1": respond(301, Location="/2"), "/2": respond(308, Location=f"{loopback.url}/3#top")}
    loopback.routes |= {"/3": respond(200, "there"), "/loop": respond(302, Location="/loop")}
    client = SafeHttp(allow=[loopback.host])
    response = await client.get(f"{loopback.url}/1")
    assert (response.status, response.text) == (200, "there")
    assert response.url.startswith(f"{loopback.url}/3")
    loopback.received.clear()
    with pytest.raises(ToolFailure, match="still redirecting after 5"):
        await client.get(f"{loopback.url}/loop")
    assert len(loopback.received) == 6


async def test_credentials_do_not_follow_a_redirect_to_another_origin(loopback: Any, respond: Any) -> None:
    port = loopback.host.split(":")[1]
    loopback.routes |= {"/": respond(302, Location=f"http://other.example:{port}/there"), "/there": respond(200, "ok")}
    client = SafeHttp(allow=[loopback.host, "other.example"], resolve=to("127.0.0.1"))
    await client.get(f"{loopback.url}/", {"Authorization": "Bearer secret", "X-Key": "secret", "Accept": "text/html"})
    first, second = loopback.received
    assert first.headers["authorization"] == "Bearer secret"
    assert "secret" not in str(second.headers)
    assert second.headers["accept"] == "text/html"


@pytest.mark.parametrize(
    ("status", "failed"),
    [
        (303, None),
        (307, ("permanent", False)),
        (308, ("permanent", False)),
        (301, ("transient", True)),
        (302, ("transient", True)),
    ],
)
async def test_a_write_is_not_redirected(loopback: Any, respond: Any, status: int, failed: Any) -> None:
    """A 303 says that it was done, 307 and 308 that it wasn't; 301 and 302 are answered to either."""
    loopback.routes["/"] = respond(status, Location="/elsewhere?token=s3cret")
    requesting = SafeHttp(allow=[loopback.host]).request("POST", f"{loopback.url}/", json={"amount": 5})
    if failed is None:
        response = await requesting
        assert (response.status, response.headers["location"]) == (303, "/elsewhere?token=s3cret")
    else:
        with pytest.raises(ToolFailure, match="redirects a POST to /elsewhere") as failure:
            await requesting
        assert (failure.value.kind, failure.value.sent) == failed
        assert "s3cret" not in str(failure.value)
    assert [(got.method, got.body) for got in loopback.received] == [("POST", b'{"amount": 5}')]


@pytest.mark.parametrize("packed", ["gzip", "deflate", "raw deflate", ""])
async def test_a_body_is_unpacked(loopback: Any, respond: Any, packed: str) -> None:
    text = "grün " * 1000
    raw = zlib.compressobj(wbits=-15)
    bodies = {
        "gzip": gzip.compress(text.encode()),
        "deflate": zlib.compress(text.encode()),
        "raw deflate": raw.compress(text.encode()) + raw.flush(),
        "": text.encode(),
    }
    headers = {"Content_Encoding": packed.split()[-1]} if packed else {}
    loopback.routes["/"] = respond(200, bodies[packed], **headers)
    assert (await SafeHttp(allow=[loopback.host]).get(f"{loopback.url}/")).text == text


@pytest.mark.parametrize("kind", ["plain", "bomb", "endless"])
async def test_sizes_are_bounded_while_reading(loopback: Any, respond: Any, kind: str) -> None:
    chunk = b"2710\r\n" + b"x" * 10_000 + b"\r\n"
    loopback.routes["/"] = {
        "plain": respond(200, b"x" * 200_000),
        "bomb": respond(200, gzip.compress(bytes(50_000_000)), Content_Encoding="gzip"),
        "endless": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 2,
    }[kind]
    limit = 15_000 if kind == "endless" else 100_000
    with pytest.raises(ToolFailure, match=f"more than {limit:,} bytes") as failure:
        await SafeHttp(allow=[loopback.host], max_bytes=limit).get(f"{loopback.url}/")
    assert failure.value.kind == "permanent"


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b"x" * 1000)[:3] + b"\xff" * 20])
async def test_a_damaged_body_is_a_clear_error(loopback: Any, respond: Any, body: bytes) -> None:
    loopback.routes["/"] = respond(200, body, Content_Encoding="gzip")
    with pytest.raises(ToolFailure, match="damaged gzip body"):
        await SafeHttp(allow=[loopback.host]).get(f"{loopback.url}/")


async def test_a_slow_answer_runs_into_the_time_limit_and_may_have_been_received(loopback: Any) -> None:
    async def never(request: object) -> bytes:
        await asyncio.Event().wait()
        return b""

    loopback.routes["/"] = never
    with pytest.raises(ToolFailure, match="within 2 s") as failure:
        await SafeHttp(allow=[loopback.host], timeout=2.0).request("POST", f"{loopback.url}/", json={})
    assert (failure.value.kind, failure.value.sent) == ("transient", True)


async def test_a_write_that_was_answered_is_no_failure_when_the_rest_gets_lost(loopback: Any) -> None:
    loopback.routes["/"] = b"HTTP/1.1 201 Created\r\nLocation: /orders/7\r\nContent-Length: 100\r\n\r\nhalf"
    response = await SafeHttp(allow=[loopback.host]).request("POST", f"{loopback.url}/", json={})
    assert (response.status, response.headers["location"], response.body) == (201, "/orders/7", b"")
    assert "broke" in response.lost


async def test_a_write_that_was_answered_is_no_failure_when_the_rest_takes_too_long() -> None:
    ended = asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nhalf")
        await reader.read()
        writer.close()
        ended.set()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    response = await SafeHttp(allow=[host], timeout=2.0).request("DELETE", f"http://{host}/orders/7")
    assert (response.status, response.body) == (201, b"")
    assert "within 2 s" in response.lost
    await ended.wait()
    server.close()
    await server.wait_closed()


async def test_a_lost_connection_is_transient(loopback: Any) -> None:
    loopback.routes["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    with pytest.raises(ToolFailure) as failure:
        await SafeHttp(allow=[loopback.host]).get(f"{loopback.url}/")
    assert (failure.value.kind, failure.value.sent) == ("transient", True)


async def test_what_never_connected_was_never_sent() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(ToolFailure, match="can't connect") as failure:
            await SafeHttp(allow=[host]).request("POST", f"http://{host}/", json={})
    assert (failure.value.kind, failure.value.sent) == ("transient", False)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "transient"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "permanent"),
    ],
)
async def test_a_name_that_is_not_found_is_a_clear_error(error: OSError, kind: str) -> None:
    async def fail(host: str, port: int) -> list[str]:
        raise error

    with pytest.raises(ToolFailure, match="no network") as failure:
        await SafeHttp(resolve=fail).get("https://example.com/")
    assert (failure.value.kind, failure.value.sent) == (kind, False)


async def test_resolving_is_bounded_in_time() -> None:
    async def hang(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(ToolFailure, match=r"no network: can't look up example\.com within 0\.1 s"):
        await SafeHttp(resolve=hang, connect_timeout=0.1).get("https://example.com/")


@pytest.mark.parametrize(
    "headers",
    [{"Host": "internal"}, {"Content-Length": "5"}, {"X": "a\r\nHost: b"}, {"X\r\nY": "a"}, {"transfer-encoding": "x"}],
)
async def test_headers_cannot_change_where_a_request_goes(loopback: Any, headers: dict[str, str]) -> None:
    with pytest.raises(ToolFailure) as failure:
        await SafeHttp(allow=[loopback.host]).get(f"{loopback.url}/", headers)
    assert (failure.value.kind, failure.value.sent) == ("refused", False)
    assert not loopback.received


@pytest.mark.parametrize(
    ("status", "kind", "sent"),
    [
        (400, "permanent", True),
        (404, "permanent", True),
        (425, "transient", False),
        (429, "transient", False),
        (500, "transient", True),
        (503, "transient", True),
    ],
)
async def test_statuses_become_typed_failures(loopback: Any, respond: Any, status: int, kind: str, sent: bool) -> None:
    loopback.routes["/"] = respond(status, "try\nlater", Content_Type="text/plain", Retry_After="7")
    response = await SafeHttp(allow=[loopback.host]).get(f"{loopback.url}/")
    with pytest.raises(ToolFailure, match=f"It answered {status}: try later") as failure:
        raise_for_status(response, "It")
    assert (failure.value.kind, failure.value.sent) == (kind, sent)
    assert failure.value.retry_after == (7.0 if kind == "transient" else None)


async def test_the_system_resolves_addresses_and_localhost() -> None:
    assert await resolve_host("127.0.0.1", 80) == ["127.0.0.1"]
    assert set(await resolve_host("localhost", 80)) <= {"127.0.0.1", "::1"}
