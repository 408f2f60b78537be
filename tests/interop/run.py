"""A phone that was written from docs/protocol.md alone, against the real server.

    run.py SERVER_BINARY [WORKDIR] [--beside FOLDER] [--only CHAPTER]…

Starts the server on loopback with settings, keys and a certificate authority of its own, plays every chapter, and says
one line a step. WORKDIR is made, must not hold a run yet, and stays; without it everything is in a temporary folder.
"""

import argparse
import sys
import tempfile
import traceback
from pathlib import Path

from story import (
    asking,
    both_phones,
    enrolling,
    gestures,
    histories,
    killed,
    other_ways,
    pins,
    policing,
    registering,
    same_device,
    server_keys,
    several,
    signing_in,
    strictness,
    tampering,
)
from story.stage import Stage
from story.world import World

CHAPTERS = (
    enrolling,
    registering,
    signing_in,
    same_device,
    asking,
    pins,
    several,
    gestures,
    histories,
    tampering,
    strictness,
)
CHAPTERS += (killed, other_ways, policing, server_keys, both_phones)


def play(program, folder, chosen, beside):
    world = World(program, folder)
    world.settings(min=[["dev", "pin"], ["uv"]], pin=6, typed_code=True)
    failed = []
    try:
        world.start()
        stage = Stage(world, folder)
        for chapter in CHAPTERS:
            name = chapter.__name__.rpartition(".")[2]
            if (chosen and name not in chosen) or (chapter is both_phones and not beside):
                continue
            print(f"{name}: {chapter.__doc__.splitlines()[0]}", flush=True)
            try:
                chapter.play(stage, beside) if chapter is both_phones else chapter.chapter(stage)
            except Exception:  # a chapter that fails says so, and the others are still played
                failed.append(name)
                print("    FAILED", traceback.format_exc(), sep="\n", flush=True)
    finally:
        world.stop()
    print(f"{stage.steps} steps, failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("server", type=Path, help="the server's program")
    words.add_argument("folder", type=Path, nargs="?", help="where everything is made; it stays")
    words.add_argument("--beside", type=Path, help="the folder of countersign-phone and countersign, to be played too")
    words.add_argument("--only", action="append", default=[], metavar="CHAPTER", help="play only this chapter")
    asked = words.parse_args()
    if asked.folder:
        asked.folder.mkdir(parents=True)
        return play(asked.server.resolve(), asked.folder.resolve(), asked.only, asked.beside and asked.beside.resolve())
    with tempfile.TemporaryDirectory(prefix="countersign-interop-") as folder:
        return play(asked.server.resolve(), Path(folder), asked.only, asked.beside and asked.beside.resolve())


if __name__ == "__main__":
    sys.exit(main())
