"""An application with a key: docs/service-api.md.

In: an origin and a key. Out: requests and what became of them. Never: a receipt believed, which countersign/receipts.py checks.
"""

import urllib.parse

from countersign.encodings import write_json
from countersign.http import Http


class Api:
    def __init__(self, world, key):
        self._http, self._url = Http(world.ca), f"{world.origin}/api/v1/challenges"
        self._headers = {"Authorization": f"Bearer {key}"}

    def ask(self, request_id, account, kind="stepup", rows=None, lang="en", **more):
        body = {"request_id": request_id, "account": account, "kind": kind, **more}
        if rows:
            body.update(lang=lang, rows=[{"label": label, "value": value} for label, value in rows])
        return self._http.call("POST", self._url, write_json(body), self._headers)[0]

    def wait(self, id_, wait=0):
        url = f"{self._url}/{urllib.parse.quote(id_)}" + (f"?wait={wait}" if wait else "")
        return self._http.call("GET", url, None, self._headers, wait)[0]

    def cancel(self, id_):
        return self._http.call("DELETE", f"{self._url}/{id_}", None, self._headers)[0]
