//! An application with a key of the service API, as a program of somebody else's would use it.

use super::{Ca, During, Result, Server, Trouble, http};
use serde_json::Value;

/// The application; it knows what `app key add` told its administrator, and nothing else of the server.
pub struct Service {
    agent: ureq::Agent,
    url: String,
    key: String,
    /// The thumbprint of the root key, by which it checks what it gets.
    pub root: String,
}

/// What the API answered.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Service {
    /// Makes the application and its key.
    pub fn make(server: &Server, ca: &Ca, slug: &str, name: &str) -> Result<Self> {
        let host = format!("{slug}.example.com");
        server.command(&["app", "add", slug, "--name", name, "--host", &host])?;
        let said = server.command(&["app", "key", "add", slug])?;
        let text = |member: &str| -> Result<String> {
            let text = said[member].as_str();
            Ok(text
                .during(format!("no `{member}` with the key"))?
                .to_owned())
        };
        Ok(Self {
            agent: http::agent(ca)?,
            url: text("url")?,
            key: text("key")?,
            root: text("root")?,
        })
    }

    /// Asks.
    pub fn ask(&self, call: &Value) -> Result<Reply> {
        let request = self.agent.post(&self.url);
        let request = request.header("authorization", format!("Bearer {}", self.key));
        let request = request.header("content-type", "application/json");
        read(request.send(call.to_string()))
    }

    /// How it stands; waits up to so many seconds for the answer.
    pub fn look(&self, id: &str, wait: u64) -> Result<Reply> {
        let request = self.agent.get(format!("{}/{id}?wait={wait}", self.url));
        read(
            request
                .header("authorization", format!("Bearer {}", self.key))
                .call(),
        )
    }

    /// Takes it back.
    pub fn cancel(&self, id: &str) -> Result<Reply> {
        let request = self.agent.delete(format!("{}/{id}", self.url));
        read(
            request
                .header("authorization", format!("Bearer {}", self.key))
                .call(),
        )
    }
}

fn read(
    answer: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<Reply> {
    let mut answer = answer.during("calling the service API")?;
    let text = answer
        .body_mut()
        .read_to_string()
        .during("reading the service API's answer")?;
    let body = serde_json::from_str(&text)
        .map_err(|error| Trouble::new(format!("the service API said no JSON ({error}): {text}")))?;
    Ok(Reply {
        status: answer.status().as_u16(),
        body,
    })
}
