//! `cs1-challenge`: the server asks "is it you?" (protocol section 6).

use super::{Sealed, counts, is_language, rule};
use crate::encoding::{Digest, Id, Thumbprint};
use crate::jose::Statement;
use crate::json::Malformed;
use crate::origin::{Origin, is_host};
use crate::policy::{Alternatives, Policy};
use crate::text::{Account, Name, Place, Value};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Sign in.
    Login,
    /// Confirm again.
    Stepup,
    /// Confirm these rows.
    Transaction,
    /// Add a phone.
    AddPhone,
    /// Remove a phone.
    RemovePhone,
    /// Renew fingerprint or face.
    ReplaceUv,
    /// Change the PIN.
    PinSet,
    /// Make new recovery codes.
    RecoveryCodes,
    /// Lift a pause.
    Unfreeze,
    /// Agree to another policy.
    Policy,
}

impl Kind {
    /// As the wire and the view have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Stepup => "stepup",
            Self::Transaction => "transaction",
            Self::AddPhone => "add-phone",
            Self::RemovePhone => "remove-phone",
            Self::ReplaceUv => "replace-uv",
            Self::PinSet => "pin-set",
            Self::RecoveryCodes => "recovery-codes",
            Self::Unfreeze => "unfreeze",
            Self::Policy => "policy",
        }
    }

    /// Begun by a service, about a service.
    fn is_for_service(self) -> bool {
        matches!(self, Self::Login | Self::Stepup | Self::Transaction)
    }
}

/// How the challenge reaches the phone, and the answer the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The browser is on another device.
    Remote,
    /// The browser is on this phone.
    Same,
    /// The phone has no network.
    Offline,
    /// Begun in the app.
    App,
}

impl Mode {
    /// As the wire and the view have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Remote => "remote",
            Self::Same => "same",
            Self::Offline => "offline",
            Self::App => "app",
        }
    }
}

/// Who asks.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// `[A-Za-z0-9._-]{1,64}`; `server` is the server itself.
    pub id: String,
    /// Its name.
    pub name: Name,
    /// `host[:port]`.
    pub host: String,
}

/// One row of a transaction, in the challenge's `lang`, shown word for word.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Caption.
    pub label: Name,
    /// Content.
    pub value: Value,
}

/// Whether the browser is in a network that the administrator trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Zone {
    /// It is.
    Inside,
    /// It isn't, or nobody said.
    Outside,
}

/// The browser, in the server's own phrases.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// For example "Firefox on Windows"; never the raw header.
    pub browser: Name,
    /// Whether this browser has logged in to this ID before.
    pub known: bool,
    /// Only with a geolocation file of the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// RFC 5952 or dotted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The safe zone.
    pub zone: Zone,
}

/// What the kind is about.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The other phone's K_dev.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev: Option<Thumbprint>,
    /// The other phone's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Name>,
    /// The policy to agree to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
}

/// A challenge.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// The server.
    pub iss: Origin,
    /// The credential.
    pub aud: Id,
    /// Of this statement.
    pub jti: Id,
    /// Joins the statements sent to several phones.
    pub txn: Id,
    /// Seconds.
    pub iat: u64,
    /// Seconds, at most 600 later.
    pub exp: u64,
    /// The newest `n` of the server's keys.
    pub keys: u64,
    /// `n` of the credential's policy.
    pub policy: u64,
    /// What is asked.
    pub kind: Kind,
    /// How it travels.
    pub mode: Mode,
    /// Who asks.
    pub service: Service,
    /// Whose ID.
    pub account: Account,
    /// Of the rows, BCP 47; exactly with rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// Of a transaction, 1 to 16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Row>>,
    /// The browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// How many digits to type: 0, 2 or 6.
    pub r#match: u64,
    /// What the answer must prove.
    pub factors: Alternatives,
    /// What the kind is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Input>,
    /// [`set_of`] the ID's phones.
    pub set: Digest,
    /// How many phones the ID has.
    pub phones: u64,
    /// The challenge that this one takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Id>,
}

impl Sealed for Challenge {}

impl Statement for Challenge {
    const TYP: &'static str = "cs1-challenge+jwt";

    /// The table of section 6, as far as the statement alone tells.
    fn check(&self) -> Result<(), Malformed> {
        counts(self.keys, "keys")?;
        counts(self.policy, "policy")?;
        counts(self.phones, "phones")?;
        rule(self.exp > self.iat && self.exp - self.iat <= 600, "exp")?;
        rule(self.service.is_fit(), "service")?;
        rule(self.lang.is_some() == self.rows.is_some(), "lang")?;
        rule(self.lang.as_deref().is_none_or(is_language), "lang")?;
        rule(
            self.rows
                .as_ref()
                .is_none_or(|rows| (1..=16).contains(&rows.len())),
            "rows",
        )?;
        rule(
            self.rows.is_some() == (self.kind == Kind::Transaction),
            "rows",
        )?;
        rule(
            self.context.as_ref().is_none_or(Context::is_fit),
            "context.ip",
        )?;
        rule(self.mode_fits(), "mode")?;
        rule(self.context_fits(), "context")?;
        rule(self.match_fits(), "match")?;
        rule(self.input_fits(), "input")
    }
}

impl Challenge {
    fn mode_fits(&self) -> bool {
        match self.mode {
            Mode::Remote => self.kind.is_for_service() || self.kind == Kind::Policy,
            Mode::Same | Mode::Offline => self.kind.is_for_service(),
            Mode::App => !self.kind.is_for_service() && self.kind != Kind::Policy,
        }
    }

    fn context_fits(&self) -> bool {
        match self.kind {
            Kind::Login | Kind::Stepup => self.context.is_some(),
            Kind::Transaction => true,
            _ => self.context.is_none(),
        }
    }

    fn match_fits(&self) -> bool {
        match (self.kind, self.mode) {
            (Kind::AddPhone, _) => self.r#match == 6,
            (kind, Mode::Remote) if kind.is_for_service() => matches!(self.r#match, 0 | 2),
            _ => self.r#match == 0,
        }
    }

    fn input_fits(&self) -> bool {
        let Some(input) = &self.input else {
            return !matches!(self.kind, Kind::AddPhone | Kind::RemovePhone | Kind::Policy);
        };
        let phone = input.dev.is_some() && input.device.is_some() && input.policy.is_none();
        let policy = input.dev.is_none() && input.device.is_none();
        match self.kind {
            Kind::AddPhone | Kind::RemovePhone | Kind::Unfreeze => phone,
            Kind::Policy => {
                policy
                    && input
                        .policy
                        .as_ref()
                        .is_some_and(|new| new.check().is_ok() && new.n > self.policy)
            }
            _ => false,
        }
    }

    /// Whether it asks what was agreed, by the policy that is in force: the rest of section 6's
    /// table. `iss` was compared before.
    ///
    /// # Errors
    /// [`Unfit`] says which part doesn't.
    pub fn fits(&self, policy: &Policy) -> Result<(), Unfit> {
        let most = if self.mode == Mode::App {
            600
        } else {
            policy.max_life
        };
        if self.exp - self.iat > most {
            return Err(Unfit::Life);
        }
        if self.mode == Mode::Remote
            && self.kind.is_for_service()
            && policy.r#match
            && self.r#match != 2
        {
            return Err(Unfit::Weaker);
        }
        if self.mode == Mode::Offline && policy.offline == crate::policy::Offline::None {
            return Err(Unfit::Weaker);
        }
        if !self.kind.is_for_service() && !self.service.is_server(&self.iss) {
            return Err(Unfit::Service);
        }
        if self.factors_fit(policy) {
            Ok(())
        } else {
            Err(Unfit::Weaker)
        }
    }

    /// Whether it asks for PIN or gesture where its table says "where there is one", which no policy tells:
    /// `has_any` is whether the credential has a PIN or K_uv.
    pub fn asks_what_there_is(&self, has_any: bool) -> bool {
        let if_any = matches!(self.kind, Kind::RecoveryCodes | Kind::Unfreeze);
        !(if_any && has_any) || self.factors.ask_person()
    }

    fn factors_fit(&self, policy: &Policy) -> bool {
        let dev = self.factors == Alternatives::dev();
        let covers = self.factors.not_below(&policy.min);
        let by_person = covers && self.factors.ask_person();
        let dev_pin = self.factors.as_slice() == [crate::policy::Alternative::DevPin];
        let uv = self.factors.as_slice() == [crate::policy::Alternative::Uv];
        match self.kind {
            Kind::Login | Kind::Stepup | Kind::Transaction => covers,
            Kind::AddPhone | Kind::Policy => by_person,
            // A phone on probation is removed by any other; the asking phone can't test which it is.
            Kind::RemovePhone => dev || by_person,
            // The credential may have neither PIN nor K_uv: see `asks_what_there_is`.
            Kind::RecoveryCodes | Kind::Unfreeze => covers,
            Kind::ReplaceUv => dev_pin,
            Kind::PinSet => {
                dev_pin
                    || (uv
                        && policy
                            .min
                            .as_slice()
                            .contains(&crate::policy::Alternative::Uv))
            }
        }
    }
}

impl Service {
    fn is_fit(&self) -> bool {
        (1..=64).contains(&self.id.len())
            && self
                .id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
            && is_host(&self.host)
    }

    /// The server itself, as requests about the ID name it.
    fn is_server(&self, iss: &Origin) -> bool {
        self.id == "server" && self.host == iss.host()
    }
}

impl Context {
    fn is_fit(&self) -> bool {
        let plain = |ip: &String| match ip.parse() {
            // There is one dotted form; leading zeros are not read.
            Ok(IpAddr::V4(_)) => true,
            // Printing gives the one of RFC 5952.
            Ok(IpAddr::V6(address)) => address.to_string() == *ip,
            Err(_) => false,
        };
        self.ip.as_ref().is_none_or(plain)
    }
}

/// Which part of a challenge is not what was agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It lives longer than the policy allows.
    #[error("challenge lives too long")]
    Life,
    /// It asks less than the policy: factors, number or offline way.
    #[error("challenge asks less than was agreed")]
    Weaker,
    /// A request about the ID names another service than the server itself.
    #[error("challenge names another service")]
    Service,
}

impl Unfit {
    /// A stable name, as the vectors have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Life => "life",
            Self::Weaker => "weaker",
            Self::Service => "service",
        }
    }
}

/// `set`: SHA-256 of the sorted thumbprints, joined, of the K_dev of all phones of an ID.
pub fn set_of(phones: &[Thumbprint]) -> Digest {
    let mut sorted = phones.to_vec();
    sorted.sort_unstable();
    let parts: Vec<&[u8]> = sorted.iter().map(|phone| &phone.0.as_bytes()[..]).collect();
    Digest::of(&parts)
}
