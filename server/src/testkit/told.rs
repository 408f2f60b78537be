//! What a phone is told beside requests, and its calls that change something.

use super::{Answer, Phone, call, origin};
use axum::body::Body;
use axum::http::Request;
use countersign_protocol::call::{AcksCall, WakeAnswer};
use countersign_protocol::statement::{Cancel, Event, Notice, Proof};
use countersign_protocol::{Id, Signed, json};

/// A statement of `others`, verified.
pub(crate) enum Other {
    Cancel(Signed<Cancel>),
    Notice(Signed<Notice>),
}

impl Other {
    pub(crate) fn jti(&self) -> Id {
        match self {
            Self::Cancel(cancel) => cancel.jti,
            Self::Notice(notice) => notice.jti,
        }
    }
}

impl Phone<'_> {
    /// What a locked phone asks by its handle.
    pub(crate) async fn ask_wake(&self, query: &str) -> WakeAnswer {
        let handle = self.state().await.wake.unwrap();
        let request = Request::get(format!("/cs/v1/wake/{handle}{query}"));
        let request = request.body(Body::empty()).unwrap();
        self.world.send(request).await.json()
    }

    /// A call that changes something, with this proof.
    pub(crate) async fn change_by(&self, proof: Proof, path: &str, body: &str) -> Answer {
        let method = proof.htm.clone();
        self.prove(call(&method, path, body), proof).await
    }

    pub(crate) async fn acknowledge(&self, jti: &[Id]) {
        let body = json::write(&AcksCall { jti: jti.to_vec() }).unwrap();
        let answer = self.change("POST", "/cs/v1/acks", &body).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    }

    /// One of `others`, by the keys that this phone believes.
    pub(crate) fn read_other(&self, text: &str) -> Other {
        if let Ok(cancel) = Signed::<Cancel>::verify(text, &self.server) {
            assert!(cancel.aud == self.id && cancel.iss == origin());
            return Other::Cancel(cancel);
        }
        let notice = Signed::<Notice>::verify(text, &self.server).unwrap();
        assert!(notice.aud == self.id && notice.iss == origin());
        Other::Notice(notice)
    }

    /// What it was told and has not acknowledged.
    pub(crate) async fn told(&self) -> Vec<Other> {
        let list = self.list("").await;
        list.others
            .iter()
            .map(|text| self.read_other(text))
            .collect()
    }

    /// The cancels among them.
    pub(crate) async fn cancels(&self) -> Vec<Signed<Cancel>> {
        let told = self.told().await.into_iter();
        told.filter_map(|other| match other {
            Other::Cancel(cancel) => Some(cancel),
            Other::Notice(_) => None,
        })
        .collect()
    }

    /// The notices among them.
    pub(crate) async fn notices(&self) -> Vec<Signed<Notice>> {
        let told = self.told().await.into_iter();
        told.filter_map(|other| match other {
            Other::Notice(notice) => Some(notice),
            Other::Cancel(_) => None,
        })
        .collect()
    }

    /// What happened, by the notices.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let notices = self.notices().await;
        notices.iter().map(|notice| notice.event).collect()
    }

    /// Acknowledges everything; what is told then is new.
    pub(crate) async fn acknowledge_all(&self) {
        let told: Vec<Id> = self.told().await.iter().map(Other::jti).collect();
        if !told.is_empty() {
            self.acknowledge(&told).await;
        }
    }
}
