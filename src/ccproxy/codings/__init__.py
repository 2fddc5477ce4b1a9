"""HTTP content codings (RFC 9110 §8.4.1): reading a body whatever it was compressed with.

Used to look into bodies for routing, for the record and for translation; what is forwarded unchanged stays as it came.
"""

from ccproxy.codings.coded import encode
from ccproxy.codings.stream import StreamDecoder
from ccproxy.codings.whole import DECODERS, CodingError, decode

__all__ = ["DECODERS", "CodingError", "StreamDecoder", "decode", "encode"]
