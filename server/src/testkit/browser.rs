//! A browser without script: keeps cookies, follows redirects within the server, sends forms.

use super::{Answer, Provider, World};
use axum::body::Body;
use axum::http::Request;
use countersign_protocol::invitation::Invitation;
use std::collections::BTreeMap;
use std::sync::Mutex;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

pub(crate) struct Browser<'w> {
    world: &'w World,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// A page as a browser shows it.
pub(crate) struct Page {
    /// Where the browser ended.
    pub(crate) path: String,
    pub(crate) answer: Answer,
}

impl<'w> Browser<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self {
            world,
            cookies: Mutex::default(),
        }
    }

    /// Another browser, or somebody with a copy of the cookies.
    pub(crate) fn copy(&self) -> Self {
        let cookies = self.cookies.lock().unwrap().clone();
        Self {
            world: self.world,
            cookies: Mutex::new(cookies),
        }
    }

    /// The same browser before another server.
    pub(crate) fn at<'o>(&self, world: &'o World) -> Browser<'o> {
        let cookies = Mutex::new(self.cookies.lock().unwrap().clone());
        Browser { world, cookies }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub(crate) fn plant(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().unwrap();
        cookies.insert(name.to_owned(), value.to_owned());
    }

    /// A request with this browser's cookies.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        form: Option<&[(&str, &str)]>,
    ) -> Request<Body> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "id.example.com")
            .header("user-agent", FIREFOX)
            .header("accept-language", "en");
        let cookies: Vec<String> = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = match cookies.is_empty() {
            true => request,
            false => request.header("cookie", cookies.join("; ")),
        };
        match form {
            None => request.body(Body::empty()).unwrap(),
            Some(fields) => {
                let pair = |(name, value): &(&str, &str)| {
                    format!("{name}={}", super::provider::percent_encode(value))
                };
                let body: Vec<String> = fields.iter().map(pair).collect();
                request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(Body::from(body.join("&")))
                    .unwrap()
            }
        }
    }

    /// One request and its answer; cookies are kept, nothing is followed.
    pub(crate) async fn once(&self, request: Request<Body>) -> Answer {
        let answer = self.world.send(request).await;
        for (name, value) in answer.cookies() {
            self.plant(&name, &value);
        }
        answer
    }

    pub(crate) async fn open_once(&self, path: &str) -> Answer {
        self.once(self.request("GET", path, None)).await
    }

    async fn go(&self, request: Request<Body>) -> Page {
        let mut path = request.uri().to_string();
        let mut answer = self.once(request).await;
        for _ in 0..3 {
            if answer.status != 303 {
                break;
            }
            path = answer.header("location").unwrap().to_owned();
            assert!(path.starts_with('/') && !path.starts_with("//"), "{path}");
            answer = self.open_once(&path).await;
        }
        Page { path, answer }
    }

    pub(crate) async fn open(&self, path: &str) -> Page {
        self.go(self.request("GET", path, None)).await
    }

    /// Whether the login of this page ended well: opened again, the page hands the wiki its answer.
    pub(crate) async fn is_signed_in(&self, page: &Page) -> bool {
        self.open(&page.path).await.is_answer_to(&Provider::wiki())
    }

    /// Presses the button whose form goes to `action`.
    pub(crate) async fn press(&self, page: &Page, action: &str) -> Page {
        self.fill(page, action, &[]).await
    }

    /// Fills a form in and sends it.
    pub(crate) async fn fill(&self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
        assert!(
            page.actions().contains(&action.to_owned()),
            "{action}: {}",
            page.answer.body
        );
        let csrf = page.csrf();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        self.post(action, &all).await
    }

    /// Sends a form that no page had.
    pub(crate) async fn post(&self, action: &str, fields: &[(&str, &str)]) -> Page {
        self.go(self.request("POST", action, Some(fields))).await
    }

    /// Comes from an application: the sign-in page.
    pub(crate) async fn arrive(&self, provider: &Provider) -> Page {
        self.open(&provider.request(self.world)).await
    }

    /// Comes from an application and types a name: the waiting page.
    pub(crate) async fn ask(&self, provider: &Provider, account: &str) -> Page {
        let page = self.arrive(provider).await;
        self.fill(&page, &page.path, &[("account", account)]).await
    }

    /// The name of the phase that the page is told, if there is another one.
    pub(crate) async fn wait(&self, page: &Page, phase: &str) -> Answer {
        self.open_once(&format!("{}/wait?phase={phase}", page.path))
            .await
    }
}

impl Page {
    pub(super) fn between<'a>(&'a self, from: &str, to: &str) -> impl Iterator<Item = &'a str> {
        let to = to.to_owned();
        let parts = self.answer.body.split(from).skip(1).collect::<Vec<_>>();
        parts
            .into_iter()
            .filter_map(move |part| part.split_once(&to).map(|(text, _)| text))
    }

    pub(crate) fn csrf(&self) -> String {
        self.hidden("csrf").expect("a form of ours")
    }

    /// The value of a hidden field.
    pub(crate) fn hidden(&self, name: &str) -> Option<String> {
        let from = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
        self.between(&from, "\"").next().map(unescape)
    }

    /// Where forms go that are sent by POST.
    pub(crate) fn actions(&self) -> Vec<String> {
        self.between("<form method=\"post\" action=\"", "\"")
            .map(unescape)
            .collect()
    }

    /// Whether this stands on it.
    pub(crate) fn says(&self, words: &str) -> bool {
        unescape(&self.answer.body).contains(words)
    }

    /// The name of what it shows, by its heading.
    pub(crate) fn heading(&self) -> String {
        let heading = self.between("<h1>", "</h1>").next().unwrap_or_default();
        super::words::name_of(&unescape(heading))
    }

    /// The number to type on the phone.
    pub(crate) fn number(&self) -> Option<String> {
        let block = self.between("class=\"number\"", "</p>").next()?;
        let (_, text) = block.split_once("role=\"img\"")?;
        let (_, text) = text.split_once('>')?;
        Some(text.split_once('<')?.0.to_owned())
    }

    pub(crate) fn phase(&self) -> Option<String> {
        self.between("data-phase=\"", "\"")
            .next()
            .map(str::to_owned)
    }

    pub(crate) fn invitation(&self) -> Invitation {
        let found = self
            .between("<a href=\"", "\"")
            .find_map(|link| Invitation::parse(&unescape(link)).ok());
        found.unwrap_or_else(|| panic!("no invitation in {}", self.answer.body))
    }

    /// Whether it is the page that posts a SAML response to this address.
    pub(crate) fn is_answer_to(&self, provider: &Provider) -> bool {
        self.answer.status == 200
            && self.actions() == [provider.acs.clone()]
            && self.hidden("SAMLResponse").is_some()
    }
}

pub(super) fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
