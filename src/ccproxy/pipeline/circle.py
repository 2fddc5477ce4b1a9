"""Finding a circle among places that are tied to each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


def shortest_circle(count: int, ties: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ties of a circle that no other is shorter than, in a row; empty if there is none.

    Args:
        count: how many places there are, from 0 on.
        ties: from one place to another.
    """
    nexts = _nexts(count, ties)
    circles = (circle for start in range(count) if (circle := _circle_from(start, nexts)))
    places = min(circles, key=len, default=[])
    return list(zip(places, [*places[1:], *places[:1]], strict=True))


def _nexts(count: int, ties: Iterable[tuple[int, int]]) -> list[list[int]]:
    nexts: list[list[int]] = [[] for _ in range(count)]
    for before, after in ties:
        nexts[before].append(after)
    return nexts


def _circle_from(start: int, nexts: list[list[int]]) -> list[int]:
    """The shortest way from a place back to it, without its end; empty if there is none."""
    came_from: dict[int, int] = {}
    queue = deque([start])
    while queue and start not in came_from:
        place = queue.popleft()
        for other in nexts[place]:
            if other not in came_from:
                came_from[other] = place
                queue.append(other)
    return _walked(start, came_from) if start in came_from else []


def _walked(start: int, came_from: dict[int, int]) -> list[int]:
    way = [came_from[start]]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]
