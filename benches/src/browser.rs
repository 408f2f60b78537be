//! A browser without script: keeps cookies, follows redirects, sends forms.

use crate::Result;
use crate::http::{Client, Reply};
use rustls::ClientConfig;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

const FIREFOX: &str = "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
                       accept-language: en\r\n";

/// A browser, and where it is.
pub struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
}

/// A page, and its path.
pub struct Page {
    pub path: String,
    pub reply: Reply,
}

impl Browser {
    /// Nobody used it before.
    pub fn new(trust: &Arc<ClientConfig>, port: u16) -> Self {
        Self {
            client: Client::new(trust, port),
            cookies: BTreeMap::new(),
        }
    }

    /// Somebody else sits down before it.
    pub fn forget(&mut self) {
        self.cookies.clear();
    }

    /// One request, nothing followed.
    pub fn once(&mut self, method: &str, path: &str, body: &str) -> Result<Reply> {
        let mut headers = String::from(FIREFOX);
        if !self.cookies.is_empty() {
            headers.push_str("cookie:");
            for (n, (name, value)) in self.cookies.iter().enumerate() {
                write!(headers, "{} {name}={value}", if n == 0 { "" } else { ";" })?;
            }
            headers.push_str("\r\n");
        }
        if method == "POST" {
            headers.push_str("content-type: application/x-www-form-urlencoded\r\n");
        }
        let reply = self.client.send(method, path, &headers, body)?;
        for cookie in reply.headers("set-cookie") {
            let pair = cookie
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='));
            let (name, value) = pair.ok_or("a cookie without a name")?;
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Ok(reply)
    }

    /// A request and where its redirects lead.
    pub fn go(&mut self, method: &str, path: &str, body: &str) -> Result<Page> {
        let (mut path, mut reply) = (path.to_owned(), self.once(method, path, body)?);
        for _ in 0..3 {
            if reply.status != 303 {
                break;
            }
            path = reply
                .header("location")
                .ok_or("a redirect to nowhere")?
                .to_owned();
            reply = self.once("GET", &path, "")?;
        }
        let reply = reply.expect(200)?;
        Ok(Page { path, reply })
    }

    /// Opens a page.
    pub fn open(&mut self, path: &str) -> Result<Page> {
        self.go("GET", path, "")
    }

    /// Sends a form of a page.
    pub fn fill(&mut self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Result<Page> {
        let mut body = format!("csrf={}", page.hidden("csrf")?);
        for (name, value) in fields {
            write!(body, "&{name}={}", percent(value))?;
        }
        self.go("POST", action, &body)
    }
}

impl Page {
    fn after(&self, from: &str, to: &str) -> Option<&str> {
        let (_, rest) = self.reply.body.split_once(from)?;
        Some(rest.split_once(to)?.0)
    }

    /// The value of a hidden field; ours hold no characters that HTML escapes.
    pub fn hidden(&self, name: &str) -> Result<&str> {
        let from = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
        let found = self.after(&from, "\"");
        Ok(found.ok_or_else(|| format!("no field {name} in {}", self.reply.body))?)
    }

    /// The number to type on the phone.
    pub fn number(&self) -> Result<&str> {
        let block = self.after("class=\"number\"", "</p>").ok_or("no number")?;
        let (_, text) = block.split_once("role=\"img\"").ok_or("no number")?;
        let (_, text) = text.split_once('>').ok_or("no number")?;
        Ok(text.split('<').next().unwrap_or_default())
    }

    /// The link for a phone.
    pub fn invitation(&self) -> Result<String> {
        let links = self.reply.body.split("<a href=\"").skip(1);
        let mut links = links.filter_map(|rest| rest.split('"').next());
        let link = links
            .find(|link| link.contains("/e#"))
            .ok_or("no invitation")?;
        Ok(link.replace("&amp;", "&"))
    }
}

/// Percent-encoding of everything but letters, digits and `-._~`.
pub fn percent(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(escape).collect()
}
