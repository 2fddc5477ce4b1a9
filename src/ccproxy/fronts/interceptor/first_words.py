"""Which protocols begin with the server's words, and what a client's first words tell."""

from __future__ import annotations

SERVER_FIRST = frozenset(
    {
        13,  # daytime
        17,  # qotd
        19,  # chargen
        21,  # FTP
        22,  # SSH
        23,  # telnet
        25,  # SMTP
        37,  # time
        110,  # POP3
        119,  # NNTP
        143,  # IMAP
        587,  # submission
        2525,  # submission, as hosters offer it
        3306,  # MySQL
        4190,  # ManageSieve
        5222,  # XMPP: the client speaks first, but never HTTP
        5900,  # VNC
        6667,  # IRC: "NICK name" looks like HTTP
        33060,  # MySQL X
    }
)
"""Ports of protocols in which the server speaks first, or in which a client's first words look like HTTP's."""
CLIENT_FIRST = frozenset({53, 80, 443, 853, 5353, 8000, 8080, 8443})
"""Ports of HTTP, TLS and DNS: some clients open connections long before they use them."""
TLS_HANDSHAKE = 0x16
LONGEST_METHOD = 20


def is_telling(data: bytes) -> bool:
    """Whether it can be seen from a client's first bytes what it speaks: mitmproxy decides once, on what is there."""
    if data[0] == TLS_HANDSHAKE:
        return len(data) >= 3
    return not (data.isalpha() and len(data) < LONGEST_METHOD)
