"""A browser without script: pages, forms, cookies.

In: addresses and the names of buttons. Out: what a page says. Never: a cookie to another host, or a certificate that is
not of the run's own authority.
"""

import http.client
import ssl
import urllib.parse
from dataclasses import dataclass, field
from html.parser import HTMLParser

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Form:
    action: str
    method: str
    fields: dict = field(default_factory=dict)
    buttons: list = field(default_factory=list)


class Page(HTMLParser):
    """Of a page: its heading, its text, its forms, its links; `waits`: its script watches something."""

    def __init__(self, url, status, text):
        super().__init__()
        self.url, self.status = url, status
        self.forms, self.links, self.marked, self._words, self._inside = [], {}, {}, [], []
        self.waits = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.waits = self.waits or {"data-wait", "data-phase"} <= set(found)
        if tag == "form":
            self.forms.append(Form(found.get("action") or "", (found.get("method") or "get").lower()))
        elif tag == "input" and self.forms and found.get("name"):
            self.forms[-1].fields[found["name"]] = found.get("value") or ""
        if tag not in ("input", "meta", "link", "br", "img", "path", "circle", "rect"):
            self._inside.append((tag, found, len(self._words)))

    def handle_data(self, data):
        self._words.append(data)

    def handle_endtag(self, tag):
        while self._inside:
            opened, found, start = self._inside.pop()
            text = " ".join("".join(self._words[start:]).split())
            if opened == "button" and self.forms:
                self.forms[-1].buttons.append((text, found.get("name"), found.get("value")))
            elif opened == "a":
                self.links[text] = found.get("href")
            for mark in (opened, *(found.get("class") or "").split()):
                self.marked.setdefault(mark, text)
            if opened == tag:
                return

    @property
    def text(self):
        return " ".join(" ".join(self._words).split())

    @property
    def title(self):
        return self.marked.get("h1", "")

    @property
    def number(self):
        """The digits that the waiting page shows."""
        return "".join(char for char in self.marked.get("number", "") if char.isdigit())


class Browser:
    def __init__(self, ca):
        self._context = ssl.create_default_context(cafile=str(ca))
        self._cookies, self._lasting = {}, set()

    def restart(self):
        """Its person closes it and opens it again: cookies without a time of their own are gone."""
        for host, cookies in self._cookies.items():
            self._cookies[host] = {name: value for name, value in cookies.items() if (host, name) in self._lasting}

    def get(self, url):
        return self._go("GET", url)

    def press(self, page, button, **typed):
        """Sends the form that has this button, with what was typed."""
        for form in page.forms:
            for text, name, value in form.buttons:
                if text == button:
                    fields = {**form.fields, **typed, **({name: value or ""} if name else {})}
                    return self.send(page, form, fields)
        raise AssertionError(f"no button “{button}” on “{page.title}”: {page.text[:300]}")

    def press_to(self, page, end, **typed):
        """Sends the form whose address ends so."""
        for form in page.forms:
            if urllib.parse.urlsplit(form.action).path.endswith(end):
                return self.send(page, form, {**form.fields, **typed})
        raise AssertionError(f"no form to {end} on “{page.title}”: {page.text[:300]}")

    def send(self, page, form, fields):
        url = urllib.parse.urljoin(page.url, form.action)
        data = urllib.parse.urlencode(fields)
        if form.method == "post":
            return self._go("POST", url, data, origin=_origin(page.url))
        return self._go("GET", f"{url}?{data}")

    def _go(self, method, url, data=None, origin=None):
        for _ in range(10):
            status, headers, text = self._one(method, url, data, origin)
            if status not in (302, 303):
                return Page(url, status, text)
            method, data, origin, url = "GET", None, None, urllib.parse.urljoin(url, headers["Location"])
        raise AssertionError("too many redirects")

    def _one(self, method, url, data, origin):
        parts = urllib.parse.urlsplit(url)
        host = (parts.hostname, parts.port or 443)
        headers = {"User-Agent": AGENT, "Accept": "text/html", "Accept-Language": "en"}
        cookies = self._cookies.setdefault(host, {})
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if data is not None:
            headers.update({"Content-Type": "application/x-www-form-urlencoded", "Origin": origin})
        connection = http.client.HTTPSConnection(*host, timeout=40, context=self._context)
        try:
            target = parts.path or "/"
            connection.request(method, target + (f"?{parts.query}" if parts.query else ""), data, headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie", ()):
                self._take(host, cookies, cookie)
            return answer.status, answer.headers, answer.read().decode("utf-8")
        finally:
            connection.close()

    def _take(self, host, cookies, header):
        first, *attributes = header.split(";")
        name, _, value = (part.strip() for part in first.partition("="))
        told = dict(one.strip().lower().partition("=")[::2] for one in attributes)
        if told.get("max-age", "1").startswith(("0", "-")):
            cookies.pop(name, None)
            return
        cookies[name] = value
        (self._lasting.add if "max-age" in told else self._lasting.discard)((host, name))


def _origin(url):
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
