//! One bare call after the other to a server of somebody else's: nothing is repeated, followed or mended.

use super::{During, Result, http};

/// The way to a server.
pub struct Wire {
    agent: ureq::Agent,
    origin: String,
}

/// What came back, whatever it is.
#[derive(Clone, Debug)]
pub struct Came {
    /// The HTTP status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body; what is no UTF-8 is replaced.
    pub body: String,
}

impl Came {
    /// The value of a header, by its name in lower case; none where it is there twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(other, _)| other == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

impl Wire {
    /// To an origin, by the one CA that is believed there (PEM) or by the public ones.
    pub fn to(origin: &str, ca: Option<&[u8]>) -> Result<Self> {
        Ok(Self {
            agent: http::agent_by(ca)?,
            origin: origin.to_owned(),
        })
    }

    /// Where it leads.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// One call.
    pub fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Came> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let during = || format!("{method} {}", path.split('?').next().unwrap_or_default());
        let answer = match body {
            Some(body) => self.agent.run(request.body(body).during(during())?),
            None => self.agent.run(request.body(()).during(during())?),
        };
        let mut answer = answer.during(during())?;
        let text = |value: &ureq::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = answer.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect();
        let body = answer.body_mut().read_to_vec().during(during())?;
        Ok(Came {
            status: answer.status().as_u16(),
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}
