"""What nobody claims of a jail's traffic: it passes through mitmproxy as it is, and is recorded as what it is.

The methods of `NativeRecorder` are mitmproxy's event hooks (https://docs.mitmproxy.org/stable/api/events.html); they
change nothing on the wire, but that a request that failed ends in a broken connection and not in mitmproxy's page.
"""

from ccproxy.fronts.interceptor.native.recorder import NativeRecorder

__all__ = ["NativeRecorder"]
