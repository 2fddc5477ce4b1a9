"""From frames to steps: pacing, stalling, and the faults that happen on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .orders import Orders
from .reply import Reply, Reset, Send, Step


class Frame(NamedTuple):
    """One event of a stream as bytes. A `delta` carries a piece of the answer; the others are scaffolding."""

    data: bytes
    delta: bool = False


def stream_steps(frames: list[Frame], orders: Orders, failure: Callable[[int], bytes]) -> list[Step]:
    """The steps of a streamed answer. `failure` makes the error event, given the number of events before it."""
    if orders.reset_after == 0:
        return [Reset(orders.stall)]
    limits = [n for n in (orders.error_after, orders.cut_after, orders.reset_after) if n is not None]
    kept = frames[: _after(frames, min(limits))] if limits else frames
    steps: list[Step] = _delayed(kept, orders) if orders.pace or orders.stall else [Send(frame.data) for frame in kept]
    if limits and orders.error_after == min(limits):
        steps.append(Send(failure(len(kept)), orders.pace))
    elif limits and orders.reset_after == min(limits):
        steps.append(Reset(orders.pace))
    return steps or [Send(b"")]


def _after(frames: list[Frame], deltas: int) -> int:
    """The index behind the n-th delta; with n = 0 that of the first. If there are fewer: behind the last."""
    seen = 0
    last = 0
    for index, frame in enumerate(frames):
        if frame.delta:
            if seen == deltas:
                return index if deltas == 0 else last
            seen, last = seen + 1, index + 1
    return last


def _delayed(frames: list[Frame], orders: Orders) -> list[Step]:
    steps: list[Step] = []
    seen, stall = 0, orders.stall
    for index, frame in enumerate(frames):
        delay = orders.pace if index else 0.0
        if stall and seen >= orders.stall_after:
            delay, stall = delay + stall, 0.0
        steps.append(Send(frame.data, delay))
        seen += frame.delta
    return steps


def fault_buffered(reply: Reply, orders: Orders) -> Reply:
    """A buffered answer with the stall and the faults that have a meaning there: cut and reset, both in mid-body."""
    data = reply.body
    if orders.reset_after is not None:
        half = [] if orders.reset_after == 0 else [Send(data[: len(data) // 2], orders.stall)]
        reply.events = [*half, Reset(0.0 if half else orders.stall)]
    elif orders.cut_after is not None:
        reply.events = [Send(data[: len(data) // 2], orders.stall), Reset()]
    elif orders.stall:
        reply.events = [Send(data, orders.stall)]
    return reply
