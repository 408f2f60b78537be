//! A browser without script: keeps cookies, follows redirects across origins, fills in forms.

use super::cookies::Cookies;
use super::{Ca, During, Form, Page, Result, Trouble, form_action, http};
use ureq::http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use ureq::http::{HeaderMap, Request};
use url::Url;

const MAX_REDIRECTS: usize = 10;
const HTML: &str = "text/html";

/// One person's browser. Two of them share nothing.
pub struct Browser {
    agent: ureq::Agent,
    cookies: Cookies,
}

impl Browser {
    pub(super) fn new(ca: &Ca) -> Result<Self> {
        Ok(Self {
            agent: http::agent(ca)?,
            cookies: Cookies::default(),
        })
    }

    /// Its person closes it and opens it again: who was signed in is not, and it is known where it was known.
    pub fn restart(&mut self) {
        self.cookies.close();
    }

    /// Opens an address.
    pub fn open(&mut self, address: &str) -> Result<Page> {
        self.go(parse(address)?, None, HTML)
    }

    /// Sends a form, and follows where it leads.
    pub fn submit(&mut self, form: &Form) -> Result<Page> {
        self.submit_for(form, HTML)
    }

    /// Sends a form and asks for this kind of answer.
    pub fn submit_for(&mut self, form: &Form, accept: &str) -> Result<Page> {
        if !form_action::allows(&form.policy, &form.page, &form.action) {
            return Err(Trouble::new(format!(
                "the policy of {} does not let a form go to {}",
                form.page.path(),
                form.action.origin().ascii_serialization()
            )));
        }
        let mut target = form.action.clone();
        if form.post {
            let mut body = url::form_urlencoded::Serializer::new(String::new());
            body.extend_pairs(&form.fields);
            return self.go(target, Some(body.finish()), accept);
        }
        target.query_pairs_mut().clear().extend_pairs(&form.fields);
        self.go(target, None, accept)
    }

    fn go(&mut self, mut url: Url, mut body: Option<String>, accept: &str) -> Result<Page> {
        for _ in 0..MAX_REDIRECTS {
            let (status, headers, text) = self.exchange(&url, body.as_deref(), accept)?;
            for cookie in headers.get_all(SET_COOKIE) {
                let cookie = cookie.to_str().during("a cookie")?;
                self.cookies.take(&url, cookie).during(url.path())?;
            }
            let location = headers
                .get(LOCATION)
                .and_then(|location| location.to_str().ok());
            match (status, location) {
                (301..=303, Some(next)) => {
                    url = url.join(next).during("a redirect")?;
                    body = None;
                }
                (307 | 308, Some(next)) => url = url.join(next).during("a redirect")?,
                _ => {
                    let policy = headers
                        .get("content-security-policy")
                        .and_then(|value| value.to_str().ok());
                    return Ok(Page {
                        url,
                        status,
                        policy: policy.unwrap_or_default().to_owned(),
                        body: text,
                    });
                }
            }
        }
        Err(Trouble::new(format!(
            "too many redirects, the last to {}",
            url.path()
        )))
    }

    fn exchange(
        &self,
        url: &Url,
        body: Option<&str>,
        accept: &str,
    ) -> Result<(u16, HeaderMap, String)> {
        let request = Request::builder()
            .uri(url.as_str())
            .header(ACCEPT, accept)
            .header("accept-language", "en");
        let request = match self.cookies.header(url) {
            Some(cookies) => request.header(COOKIE, cookies),
            None => request,
        };
        let answer = match body {
            Some(form) => {
                let request = request
                    .method("POST")
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
                self.agent
                    .run(request.body(form.to_owned()).during("making a request")?)
            }
            None => self.agent.run(request.body(()).during("making a request")?),
        };
        let mut answer = answer.during(format!("asking {}{}", url.authority(), url.path()))?;
        let text = answer
            .body_mut()
            .read_to_string()
            .during(format!("reading {}", url.path()))?;
        Ok((answer.status().as_u16(), answer.headers().clone(), text))
    }
}

fn parse(address: &str) -> Result<Url> {
    Url::parse(address).during(format!("the address {address}"))
}
