"""What a phone keeps, as one file that is replaced whole and synced.

In: changes made inside `with store.change() as data`. Out: `store.data`. Never: half of a change; one that failed
leaves nothing.
"""

import contextlib
import copy
import json
import os


class Store:
    def __init__(self, path):
        self.path = path
        self.data = {"credentials": {}, "enrolments": {}}
        self._changing = False
        if path.exists():
            self.data = json.loads(path.read_text(encoding="utf-8"))

    @contextlib.contextmanager
    def change(self):
        if self._changing:
            raise RuntimeError("a change inside a change would be lost")
        self._changing = True
        data = copy.deepcopy(self.data)
        try:
            yield data
        finally:
            self._changing = False
        if data != self.data:
            self._write(data)
            self.data = data

    def _write(self, data):
        beside = self.path.with_suffix(".new")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
