//! An application that uses the service API: it has a key, and checks what it gets by the root alone.

use super::{Answer, World};
use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use countersign_protocol::receipt::{Checked, Receipt};
use countersign_protocol::{Digest, Thumbprint};
use serde_json::{Value, json};

pub(crate) const CHALLENGES: &str = "/api/v1/challenges";

pub(crate) struct Shop<'w> {
    world: &'w World,
    pub(crate) key: String,
    pub(crate) key_id: String,
    pub(crate) root: Thumbprint,
}

/// A call that is taken, to be bent.
pub(crate) fn payment(request_id: &str) -> Value {
    json!({
        "request_id": request_id, "account": super::ANNA, "kind": "transaction", "lang": "en",
        "rows": [{"label": "Amount", "value": "12 €"}, {"label": "To", "value": "Ben"}],
    })
}

impl World {
    /// An application that asks by the service API alone, and its key.
    pub(crate) async fn shop(&self, slug: &str) -> Shop<'_> {
        let host = format!("{slug}.example.com");
        self.command(&["app", "add", slug, "--name", "Shop", "--host", &host])
            .await;
        self.key_of(slug).await
    }

    pub(crate) async fn key_of(&self, slug: &str) -> Shop<'_> {
        let said = self
            .command(&["app", "key", "add", slug, "--note", "test"])
            .await;
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Shop {
            world: self,
            key: text("key"),
            key_id: text("key_id"),
            root: Thumbprint(Digest::parse(&text("root")).unwrap()),
        }
    }
}

impl Shop<'_> {
    pub(crate) fn request(&self, method: &str, path: &str) -> Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.key))
    }

    pub(crate) async fn post(&self, body: &str) -> Answer {
        let request = self.request("POST", CHALLENGES);
        let request = request.header("content-type", "application/json");
        self.world
            .send(request.body(body.to_owned().into()).unwrap())
            .await
    }

    /// Asks, whatever the answer.
    pub(crate) async fn try_ask(&self, call: &Value) -> Answer {
        self.post(&call.to_string()).await
    }

    /// Asks something new.
    pub(crate) async fn ask(&self, call: &Value) -> Value {
        let answer = self.try_ask(call).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }

    pub(crate) async fn call(&self, method: &str, id: &str) -> Answer {
        let request = self.request(method, &format!("{CHALLENGES}/{id}"));
        self.world.send(request.body(Body::empty()).unwrap()).await
    }

    /// How it stands.
    pub(crate) async fn look(&self, asked: &Value) -> Value {
        self.call("GET", asked["id"].as_str().unwrap()).await.json()
    }

    pub(crate) async fn cancel(&self, asked: &Value) -> Value {
        self.call("DELETE", asked["id"].as_str().unwrap())
            .await
            .json()
    }

    /// The receipt of an answer, checked as anybody can.
    pub(crate) fn check(&self, shown: &Value) -> Checked {
        let receipt = Receipt::parse(shown["receipt"].to_string().as_bytes()).unwrap();
        let checked = receipt.check(&self.root).unwrap();
        assert_eq!(
            checked.challenge.txn.to_string(),
            shown["id"].as_str().unwrap()
        );
        checked
    }
}
