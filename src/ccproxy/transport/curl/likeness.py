"""A captured fingerprint as options of libcurl-impersonate (https://github.com/lexiforest/curl-impersonate).

Its BoringSSL sends what browsers, Bun and other programs with BoringSSL send. What it cannot send is left out here;
`rehearsal` tells by trying.
"""

from __future__ import annotations

from curl_cffi import CurlHttpVersion, CurlOpt, CurlSslVersion
from curl_cffi.requests.impersonate import TLS_CIPHER_NAME_MAP, TLS_EC_CURVES_MAP

from ccproxy.fingerprint.client_hello import ALPN, ALPS, ECH, NEW_ALPS, SCT, STATUS_REQUEST, TICKET
from ccproxy.fingerprint.fingerprint import Fingerprint, Http2
from ccproxy.fingerprint.names import SIGNATURES

type Options = dict[CurlOpt, int | str]

EXTENSIONS = frozenset(
    {0, 5, 10, 11, 13, 14, 16, 18, 19, 20, 23, 27, 28, 34, 35, 42, 43, 44, 45, 47, 51, 57}
    | {13172, 17513, 17613, 30032, 51764, 65037, 65281, 65445}
)
"""Those that libcurl-impersonate of curl_cffi 0.16 takes in an order of extensions."""
NOT_SIGNATURES = frozenset(
    {0x0202, 0x0301, 0x0302, 0x0303, 0x0402, 0x0502, 0x0602, 0x0808, 0x0809, 0x080A, 0x080B, 0x081A, 0x081B, 0x081C}
)
"""Schemes with a name that it does not take."""
COMPRESSIONS = {1: "zlib", 2: "brotli", 3: "zstd"}
"""RFC 8879 §7.3."""
TLS10, TLS11, TLS12, TLS13 = 0x0301, 0x0302, 0x0303, 0x0304
LOWEST = {TLS10: CurlSslVersion.TLSv1_0, TLS11: CurlSslVersion.TLSv1_1, TLS13: CurlSslVersion.TLSv1_3}
UPPER = 16
"""By how many bits libcurl shifts the highest version (CURL_SSLVERSION_MAX_TLSv1_2)."""


def options(fingerprint: Fingerprint) -> Options:
    """The options that make a handle look so, as far as they can."""
    kinds = frozenset(fingerprint.extensions)
    made: Options = {
        CurlOpt.SSLVERSION: versions(fingerprint),
        CurlOpt.SSL_CIPHER_LIST: ":".join(_known(TLS_CIPHER_NAME_MAP, fingerprint.cipher_suites)),
        CurlOpt.SSL_EC_CURVES: ":".join(_known(TLS_EC_CURVES_MAP, fingerprint.supported_groups)),
        CurlOpt.SSL_SIG_HASH_ALGS: ",".join(_signatures(fingerprint.signature_algorithms)),
        CurlOpt.TLS_EXTENSION_ORDER: "-".join(str(kind) for kind in fingerprint.extensions if kind in EXTENSIONS),
        CurlOpt.SSL_PERMUTE_EXTENSIONS: 0,
        CurlOpt.TLS_GREASE: int(fingerprint.grease),
        CurlOpt.SSL_ENABLE_ALPN: int(ALPN in kinds),
        CurlOpt.SSL_ENABLE_ALPS: int(ALPS in kinds or NEW_ALPS in kinds),
        CurlOpt.TLS_USE_NEW_ALPS_CODEPOINT: int(NEW_ALPS in kinds),
        CurlOpt.SSL_CERT_COMPRESSION: ",".join(_known(COMPRESSIONS, fingerprint.compress_certificate)),
        CurlOpt.TLS_SIGNED_CERT_TIMESTAMPS: int(SCT in kinds),
        CurlOpt.TLS_STATUS_REQUEST: int(STATUS_REQUEST in kinds),
        CurlOpt.SSL_ENABLE_TICKET: int(TICKET in kinds),
        CurlOpt.SSL_SESSIONID_CACHE: 0,  # a resumed session has another ClientHello
        CurlOpt.HTTP_VERSION: CurlHttpVersion.V2TLS if "h2" in fingerprint.alpn else CurlHttpVersion.V1_1,
    }
    made |= _where_there_are(fingerprint)
    if fingerprint.http2 is not None:
        made |= http2_options(fingerprint.http2)
    return {option: value for option, value in made.items() if value != "" or option == CurlOpt.SSL_CERT_COMPRESSION}


def versions(fingerprint: Fingerprint) -> int:
    """The lowest and the highest version of TLS, as libcurl takes them."""
    known = [version for version in fingerprint.supported_versions if TLS10 <= version <= TLS13]
    lowest, highest = min(known, default=TLS12), max(known, default=TLS12)
    upper = CurlSslVersion.MAX_DEFAULT if highest == TLS13 else CurlSslVersion.TLSv1_2 << UPPER
    return int(LOWEST.get(lowest, CurlSslVersion.TLSv1_2) | upper)


def http2_options(http2: Http2) -> Options:
    """What is known of a client's HTTP/2."""
    made: Options = {}
    if http2.settings:
        made[CurlOpt.HTTP2_SETTINGS] = ";".join(f"{number}:{value}" for number, value in http2.settings)
    if http2.window_update is not None:
        made[CurlOpt.HTTP2_WINDOW_UPDATE] = http2.window_update
    if http2.pseudo_headers:
        made[CurlOpt.HTTP2_PSEUDO_HEADERS_ORDER] = http2.pseudo_headers
        if http2.weight is None:
            made[CurlOpt.HTTP2_NO_PRIORITY] = 1
    if http2.weight is not None:
        made[CurlOpt.STREAM_WEIGHT] = http2.weight
        made[CurlOpt.STREAM_EXCLUSIVE] = int(bool(http2.exclusive))
    return made


def _where_there_are(fingerprint: Fingerprint) -> Options:
    made: Options = {}
    if fingerprint.key_shares:
        made[CurlOpt.TLS_KEY_SHARES_LIMIT] = len(fingerprint.key_shares)
    if fingerprint.delegated_credential:
        made[CurlOpt.TLS_DELEGATED_CREDENTIALS] = ":".join(_signatures(fingerprint.delegated_credential))
    if fingerprint.record_size_limit is not None:
        made[CurlOpt.TLS_RECORD_SIZE_LIMIT] = fingerprint.record_size_limit
    if ECH in fingerprint.extensions:
        made[CurlOpt.ECH] = "grease"
    return made


def _known(names: dict[int, str], numbers: tuple[int, ...]) -> list[str]:
    return [names[number] for number in numbers if number in names]


def _signatures(schemes: tuple[int, ...]) -> list[str]:
    return [SIGNATURES[scheme] for scheme in schemes if scheme in SIGNATURES and scheme not in NOT_SIGNATURES]
