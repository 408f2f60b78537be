//! The cookies of one browser, as RFC 6265 and its successor keep them: by host, whatever the port.

use std::collections::BTreeMap;
use url::Url;

/// Cookies by host and name. Every page of a run is on TLS and every cookie on path `/`: anything else is refused, so
/// that a server which asks for less is noticed.
#[derive(Debug, Default)]
pub(super) struct Cookies(BTreeMap<(String, String), Cookie>);

#[derive(Debug)]
struct Cookie {
    value: String,
    /// Whether it has a time of its own; one that hasn't goes with the browser.
    lasts: bool,
}

impl Cookies {
    /// Takes one `Set-Cookie`; says what a browser would hold against it.
    pub(super) fn take(&mut self, url: &Url, header: &str) -> Result<(), String> {
        let mut parts = header.split(';').map(str::trim);
        let (name, value) = parts
            .next()
            .and_then(|pair| pair.split_once('='))
            .ok_or("a cookie without a name")?;
        let attributes: Vec<(String, &str)> = parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        let attribute = |wanted: &str| {
            attributes
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| *value)
        };
        if attribute("secure").is_none()
            || attribute("httponly").is_none()
            || attribute("samesite").is_none()
        {
            return Err(format!(
                "the cookie {name} is not Secure, HttpOnly and SameSite"
            ));
        }
        if attribute("path") != Some("/") || attribute("domain").is_some() {
            return Err(format!(
                "the cookie {name} is not for this host alone and all of its paths"
            ));
        }
        let key = (
            url.host_str().unwrap_or_default().to_owned(),
            name.to_owned(),
        );
        let age = attribute("max-age");
        if age.is_some_and(|seconds| seconds.starts_with('-') || seconds == "0") {
            self.0.remove(&key);
        } else {
            let value = value.to_owned();
            let lasts = age.is_some();
            self.0.insert(key, Cookie { value, lasts });
        }
        Ok(())
    }

    /// The browser is closed.
    pub(super) fn close(&mut self) {
        self.0.retain(|_, cookie| cookie.lasts);
    }

    /// The `Cookie` header for a request to `url`.
    pub(super) fn header(&self, url: &Url) -> Option<String> {
        let host = url.host_str().unwrap_or_default();
        let pairs: Vec<String> = self
            .0
            .iter()
            .filter(|((owner, _), _)| owner == host)
            .map(|((_, name), cookie)| format!("{name}={}", cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "__Host-s=1; Path=/; Secure; HttpOnly; SameSite=Lax";

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_cookie_goes_back_to_its_host_on_every_port_and_to_no_other_host() {
        let mut cookies = Cookies::default();
        cookies.take(&url("https://localhost:1/a"), GOOD).unwrap();
        assert_eq!(
            cookies.header(&url("https://localhost:2/b")).unwrap(),
            "__Host-s=1"
        );
        assert_eq!(cookies.header(&url("https://example.com/")), None);
    }

    #[test]
    fn a_cookie_that_is_over_is_forgotten() {
        let mut cookies = Cookies::default();
        let here = url("https://localhost/");
        cookies.take(&here, GOOD).unwrap();
        cookies
            .take(
                &here,
                "__Host-s=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
            )
            .unwrap();
        assert_eq!(cookies.header(&here), None);
    }

    #[test]
    fn a_cookie_without_a_time_of_its_own_goes_when_the_browser_is_closed() {
        let mut cookies = Cookies::default();
        let here = url("https://localhost/");
        cookies.take(&here, GOOD).unwrap();
        let lasting = "__Host-b=2; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=9";
        cookies.take(&here, lasting).unwrap();
        cookies.close();
        assert_eq!(cookies.header(&here).unwrap(), "__Host-b=2");
    }

    #[test]
    fn a_careless_cookie_is_refused() {
        let here = url("https://localhost/");
        for careless in [
            "nothing",
            "s=1; Path=/; HttpOnly; SameSite=Lax",
            "s=1; Path=/; Secure; SameSite=Lax",
            "s=1; Path=/; Secure; HttpOnly",
            "s=1; Path=/x; Secure; HttpOnly; SameSite=Lax",
            "s=1; Path=/; Domain=localhost; Secure; HttpOnly; SameSite=Lax",
        ] {
            assert!(
                Cookies::default().take(&here, careless).is_err(),
                "{careless}"
            );
        }
    }
}
