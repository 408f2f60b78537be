//! The calls of protocol section 10 that this version makes.

use super::answer::{CallFault, read, read_nothing};
use super::{Call, Client, Prove, Proving};
use crate::error::Fault;
use crate::ports::Method;
use crate::time::Trip;
use countersign_protocol::call::{
    AcksCall, Action, ChallengeAnswer, ChallengesAnswer, InvitationCall, KeysAnswer, OfferAnswer,
    OfferCall, OverviewAnswer, PhoneCall, RegistrationCall, ResponseCall, StateAnswer,
    VerdictAnswer, WAIT_CAP,
};
use countersign_protocol::statement::PushAddress;
use countersign_protocol::text::Account;
use countersign_protocol::{Id, Origin, json};
use serde::de::DeserializeOwned;

/// A server: who it is, and where it may be called.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    /// Its identity.
    pub(crate) iss: &'a Origin,
    /// The preferred one first.
    pub(crate) origins: &'a [Origin],
}

impl<'a> At<'a> {
    /// A server of which nothing else is known yet.
    fn only(origin: &'a Origin) -> Self {
        Self {
            iss: origin,
            origins: std::slice::from_ref(origin),
        }
    }
}

/// The body of an answer.
pub(crate) struct Heard<T> {
    pub(crate) body: T,
    /// When the request left and the answer came.
    pub(crate) trip: Trip,
}

impl Client {
    /// The keys statements after `n`, or those that chain from it.
    pub(crate) fn keys(&self, at: At<'_>, after: u64) -> Result<KeysAnswer, Fault> {
        let call = get(format!("/cs/v1/keys?after={after}"));
        Ok(self.ask(at, &call, 200)?.body)
    }

    /// Names an account to a server, which may write to it.
    pub(crate) fn begin(&self, origin: &Origin, account: Account) -> Result<(), Fault> {
        let body = json::write(&InvitationCall { account })?;
        let call = post("/cs/v1/invitations", body);
        let (answer, _) = self.send(&At::only(origin), &call)?;
        Ok(read_nothing(&answer, 202)?)
    }

    /// A new offer for an invitation.
    pub(crate) fn offer(&self, origin: &Origin, token: &str) -> Result<Heard<OfferAnswer>, Fault> {
        let body = json::write(&OfferCall {
            token: token.to_owned(),
        })?;
        self.ask(At::only(origin), &post("/cs/v1/offers", body), 200)
    }

    /// Registers; the same bytes may be sent any number of times.
    pub(crate) fn register(
        &self,
        at: At<'_>,
        call: &RegistrationCall,
    ) -> Result<Heard<StateAnswer>, Fault> {
        let body = json::write(call)?;
        self.ask(at, &post("/cs/v1/registrations", body), 201)
    }

    /// The state of a credential; waits while its newest is `sn`.
    pub(crate) fn state(
        &self,
        at: At<'_>,
        credential: Id,
        prove: Prove<'_>,
        sn: u64,
        wait: u64,
    ) -> Result<Heard<StateAnswer>, Fault> {
        let wait = wait.min(WAIT_CAP);
        let path = format!("/cs/v1/credentials/{credential}?sn={sn}&wait={wait}");
        let call = get(path).by(credential, prove);
        self.ask(at, &Call { wait, ..call }, 200)
    }

    /// What is newer than a cursor; without one, everything open.
    pub(crate) fn challenges(
        &self,
        at: At<'_>,
        credential: Id,
        prove: Prove<'_>,
        after: Option<&str>,
        wait: u64,
    ) -> Result<Heard<ChallengesAnswer>, Fault> {
        let wait = wait.min(WAIT_CAP);
        let path = match after {
            Some(after) => format!("/cs/v1/challenges?after={after}&wait={wait}"),
            None => format!("/cs/v1/challenges?wait={wait}"),
        };
        let call = get(path).by(credential, prove);
        self.ask(at, &Call { wait, ..call }, 200)
    }

    /// One challenge, by its `jti` or the `txn` of a link.
    pub(crate) fn challenge(
        &self,
        at: At<'_>,
        credential: Id,
        prove: Prove<'_>,
        id: Id,
    ) -> Result<Heard<ChallengeAnswer>, Fault> {
        let proof = Some(Proving {
            credential,
            prove,
            nonce: Some(id.to_string()),
        });
        self.ask(
            at,
            &Call {
                proof,
                ..get(format!("/cs/v1/challenges/{id}"))
            },
            200,
        )
    }

    /// Begins a change of the ID; what comes back is the request that asks for it, or, with
    /// [`Action::AddPhone`], an invitation.
    pub(crate) fn act<T: DeserializeOwned>(
        &self,
        at: At<'_>,
        credential: Id,
        prove: Prove<'_>,
        action: Action,
    ) -> Result<Heard<T>, Fault> {
        let call = acting(credential, prove, action)?;
        self.ask(at, &call, 201)
    }

    /// Rests the ID.
    pub(crate) fn pause(&self, at: At<'_>, credential: Id, prove: Prove<'_>) -> Result<(), Fault> {
        self.tell(at, &acting(credential, prove, Action::Pause)?)
    }

    /// Says that these were taken, durably.
    pub(crate) fn acknowledge(
        &self,
        at: At<'_>,
        credential: Id,
        prove: Prove<'_>,
        jti: &[Id],
    ) -> Result<(), Fault> {
        let body = json::write(&AcksCall { jti: jti.to_vec() })?;
        self.tell(at, &post("/cs/v1/acks", body).by(credential, prove))
    }

    /// What the ID looks like from its server; not signed, for display only.
    pub(crate) fn overview(
        &self,
        at: At<'_>,
        credential: Id,
        prove: Prove<'_>,
    ) -> Result<OverviewAnswer, Fault> {
        let call = get("/cs/v1/overview".to_owned()).by(credential, prove);
        Ok(self.ask(at, &call, 200)?.body)
    }

    /// Says what this phone is.
    pub(crate) fn describe(
        &self,
        at: At<'_>,
        credential: Id,
        prove: Prove<'_>,
        phone: &PhoneCall,
    ) -> Result<(), Fault> {
        let call = post("/cs/v1/phone", json::write(phone)?).by(credential, prove);
        let method = Method::Put;
        self.tell(at, &Call { method, ..call })
    }

    /// Says where pushes go, or that none are wanted.
    pub(crate) fn set_push(
        &self,
        at: At<'_>,
        credential: Id,
        prove: Prove<'_>,
        address: Option<&PushAddress>,
    ) -> Result<(), Fault> {
        let (method, body) = match address {
            Some(address) => (Method::Put, json::write(address)?),
            None => (Method::Delete, String::new()),
        };
        let call = post("/cs/v1/push", body).by(credential, prove);
        self.tell(at, &Call { method, ..call })
    }

    /// Delivers a response; the same bytes may be sent any number of times.
    pub(crate) fn respond(
        &self,
        at: At<'_>,
        response: &str,
    ) -> Result<Heard<VerdictAnswer>, Fault> {
        let body = json::write(&ResponseCall {
            response: response.to_owned(),
        })?;
        self.ask(at, &post("/cs/v1/responses", body), 200)
    }

    /// A call whose answer has no body.
    fn tell(&self, at: At<'_>, call: &Call<'_>) -> Result<(), Fault> {
        let (answer, _) = self.send(&at, call)?;
        Ok(read_nothing(&answer, 204)?)
    }

    fn ask<T: DeserializeOwned>(
        &self,
        at: At<'_>,
        call: &Call<'_>,
        status: u16,
    ) -> Result<Heard<T>, Fault> {
        let (answer, trip) = self.send(&at, call)?;
        let body = read(&answer, status).map_err(|fault: CallFault| Fault::Call(fault))?;
        Ok(Heard { body, trip })
    }
}

fn acting<'a>(credential: Id, prove: Prove<'a>, action: Action) -> Result<Call<'a>, Fault> {
    let body = json::write(&action)?;
    Ok(post("/cs/v1/actions", body).by(credential, prove))
}

impl<'a> Call<'a> {
    /// The same, proved by a credential with the newest nonce.
    fn by(self, credential: Id, prove: Prove<'a>) -> Self {
        let proof = Some(Proving {
            credential,
            prove,
            nonce: None,
        });
        Self { proof, ..self }
    }
}

fn get<'a>(path: String) -> Call<'a> {
    Call {
        method: Method::Get,
        path,
        body: String::new(),
        wait: 0,
        proof: None,
    }
}

fn post<'a>(path: &str, body: String) -> Call<'a> {
    Call {
        method: Method::Post,
        path: path.to_owned(),
        body,
        wait: 0,
        proof: None,
    }
}
