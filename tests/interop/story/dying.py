"""Death on demand: SIGKILL at the N-th step of a phone's work.

In: a phone. Out: the same, of which each call of the network, the store's file and the hardware has a step before and one after
it. Never: anything done after the last step, not even for order's sake.
"""

import os
import signal

WORK = {
    "http": ("call",),
    "store": ("_write",),
    "hardware": ("make_key", "signer", "pepper", "seal", "open"),
}


def now():
    os.kill(os.getpid(), signal.SIGKILL)


def at(phone, last, die=now):
    """This phone dies at step `last`, the first being 1."""
    taken = 0

    def step():
        nonlocal taken
        taken += 1
        if taken == last:
            die()

    def counted(work):
        def call(*words, **more):
            step()
            done = work(*words, **more)
            step()
            return done

        return call

    for part, names in WORK.items():
        thing = getattr(phone, part)
        for name in names:
            setattr(thing, name, counted(getattr(thing, name)))
