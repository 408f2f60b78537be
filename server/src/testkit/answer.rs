//! What the server answered, read to its end.

use axum::body::to_bytes;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use countersign_protocol::problem::Problem;
use serde::de::DeserializeOwned;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap().to_vec();
        let answer = Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body).unwrap(),
        };
        // What every answer has.
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.get_all(name).iter();
        let value = found.next()?;
        assert!(found.next().is_none(), "{name} twice");
        Some(value.to_str().unwrap())
    }

    /// A body of the phone's API.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        assert!(
            matches!(self.status, 200 | 201),
            "{} {}",
            self.status,
            self.body
        );
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        countersign_protocol::call::parse(self.body.as_bytes()).unwrap()
    }

    /// A problem of the service API, whose form is checked; what it says of the member, if it says so.
    pub(crate) fn is_refusal(&self, status: u16, code: &str) -> String {
        let kind = self.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{}", self.body);
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        let (said, number) = (body["code"].as_str(), body["status"].as_u64());
        assert_eq!((self.status, said), (status, Some(code)), "{}", self.body);
        assert_eq!(number, Some(u64::from(status)));
        assert_eq!(body["type"], format!("urn:countersign:problem:{code}"));
        assert!(body["title"].is_string());
        assert_eq!(self.header("retry-after").is_some(), status == 429);
        body["detail"].as_str().unwrap_or_default().to_owned()
    }

    /// Status and code of a problem, whose form is checked.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.body
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let problem = Problem::parse(self.body.as_bytes()).unwrap();
        assert_eq!(problem.status, self.status);
        (self.status, problem.code)
    }

    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.problem(), (status, code.to_owned()));
    }

    /// A page of ours that sends the browser nowhere.
    pub(crate) fn is_page(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(
            self.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert!(
            self.header("content-security-policy")
                .unwrap()
                .starts_with("default-src 'none'")
        );
        for name in [header::LOCATION, header::REFRESH, header::CONTENT_LOCATION] {
            assert_eq!(self.headers.get(&name), None, "{name}");
        }
    }

    /// The nonce for the next proof.
    pub(crate) fn nonce(&self) -> Option<String> {
        self.header("countersign-nonce").map(str::to_owned)
    }

    /// Names and values of the cookies that it sets; their attributes are checked.
    pub(crate) fn cookies(&self) -> Vec<(String, String)> {
        let all = self.headers.get_all(header::SET_COOKIE).iter();
        let parse = |line: &str| {
            let (pair, attributes) = line.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(name.starts_with("__Host-"), "{name}");
            assert!(
                attributes.starts_with("Path=/; Secure; HttpOnly; SameSite=Lax"),
                "{attributes}"
            );
            (name.to_owned(), value.to_owned())
        };
        all.map(|line| parse(line.to_str().unwrap())).collect()
    }
}
