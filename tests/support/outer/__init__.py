"""A network without a way out, in which the real daemon, real jails and the test's own internet run."""

from tests.support.outer.outer import Outer, Person, Running
from tests.support.outer.person import people

__all__ = ["Outer", "Person", "Running", "people"]
