from __future__ import annotations

from ipaddress import ip_network

from tests.config.conftest import Load


def test_defaults(load: Load) -> None:
    jail = load().jail
    assert (jail.strict, jail.publish, jail.allow_ports) == (False, "auto", [])
    assert (jail.only_hosts, jail.deny_hosts, jail.allow_addresses) == ([], [], [])
    assert load().inspector.keylog is False


def test_everything(load: Load) -> None:
    jail = load("""
        ccproxy:
          jail:
            strict: true
            publish: [8085]
            allow_ports: [5432]
            only_hosts: [api.example.com, "*.example.org:443", "[2001:db8::1]:80"]
            deny_hosts: [bücher.example]
            allow_addresses: [192.168.1.0/24, 10.0.0.7, "fd00::/64", "::ffff:172.16.0.0/108"]
          inspector: {keylog: true}
    """).jail
    assert (jail.publish, jail.allow_ports, jail.strict) == ([8085], [5432], True)
    assert jail.only_hosts == ["api.example.com", "*.example.org:443", "[2001:db8::1]:80"]
    networks = ["192.168.1.0/24", "10.0.0.7/32", "fd00::/64", "172.16.0.0/12"]
    assert jail.allow_addresses == [ip_network(text) for text in networks]


def test_from_the_environment(load: Load) -> None:
    jail = load(environ={"CCPROXY_JAIL__DENY_HOSTS": "['*.ads.example']", "CCPROXY_JAIL__PUBLISH": "[]"}).jail
    assert (jail.deny_hosts, jail.publish) == (["*.ads.example"], [])
