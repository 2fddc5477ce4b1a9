"""Names are resolved by the daemon, whatever the host's files look like."""

from __future__ import annotations

import pytest

from tests.jail.inmate import scenes_resolver as scenes
from tests.jail.inmate.held import ANSWER
from tests.jail.inmate.stage import play
from tests.support.outer.person import Person, people

pytestmark = pytest.mark.parametrize("person", people(), ids=lambda person: person.name)

OWN_ETC = "mkdir etc && cp -a /etc/. etc && umount /etc/resolv.conf 2>/dev/null || :; rm -f etc/resolv.conf\n"
OWN_RUN = "mount -t tmpfs run /run && mkdir -p /run/nscd /run/systemd/resolve && touch /run/nscd/socket\n"
SERVER = "nameserver 192.0.2.53"
STATES = {
    "a file": f"echo '{SERVER}' > etc/resolv.conf",
    "a link": f"echo '{SERVER}' > /run/there.conf; ln -s /run/there.conf etc/resolv.conf",
    "a relative link of links": f"echo '{SERVER}' > /run/a; ln -s a /run/b; ln -s ../run/b etc/resolv.conf",
    "systemd-resolved": f"echo '{SERVER}' > /run/systemd/resolve/stub-resolv.conf; "
    "touch /run/systemd/resolve/io.systemd.Resolve; ln -s ../run/systemd/resolve/stub-resolv.conf etc/resolv.conf",
    "systemd-resolved that has not started": "ln -s ../run/systemd/resolve/stub-resolv.conf etc/resolv.conf",
    "a dangling link": "ln -s /run/NetworkManager/resolv.conf etc/resolv.conf",
    "a link to itself": "ln -s resolv.conf etc/resolv.conf",
    "missing": "",
    "empty": "touch etc/resolv.conf",
    "a mount": f"echo '{SERVER}' > /run/mounted; touch etc/resolv.conf; "
    "later='mount --bind /run/mounted /etc/resolv.conf'",
    "not readable": f"echo '{SERVER}' > etc/resolv.conf; chmod 0 etc/resolv.conf",
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_of_resolv_conf(person: Person, state: str) -> None:
    prepare = f"{OWN_ETC}{OWN_RUN}later=:\n{STATES[state]}\nmount --bind etc /etc\n$later\n"
    told = play(person, scenes.look_up, prepare=prepare)
    assert told["found"] == [ANSWER], told
    assert told["asked"] == ["10.0.0.53:53"]
    assert told["text"].startswith("nameserver 10.0.0.53\n")
    assert told["etc is whole"]


def test_resolvers_of_the_host_are_hidden(person: Person) -> None:
    told = play(
        person, scenes.look_up, prepare=f"{OWN_RUN}echo 'search corp.test' > r; mount --bind r /etc/resolv.conf"
    )
    assert told["hidden"] == {"/run/nscd": [], "/run/systemd/resolve": []}
    assert "search corp.test\n" in told["text"]


def test_files_over_the_hosts(person: Person) -> None:
    prepare = "mkdir certs; echo host > certs/ca.crt; ln -s ca.crt certs/link.crt; chmod 755 certs"
    told = play(person, scenes.trust, "certs/link.crt", prepare=prepare)
    assert told["output"] == "the jail's\n" * 2
    assert told["outside"] == "host\n"
