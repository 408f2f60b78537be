"""The Python phone by commands, each a process of its own: tests/stories/README.md, “A phone by commands”."""

import sys

from story.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
