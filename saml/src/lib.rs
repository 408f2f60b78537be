//! In: a raw query string or form body from a browser, a service provider's registration, who signed in and how, the time.
//! Out: an accepted login request, a signed SAML response, metadata; or a typed refusal.
//! Never here: HTTP, a database, a clock; a destination taken from a request; a request used before it was accepted.
//!
//! What is spoken: the Web Browser SSO Profile of SAML 2.0 ([saml-profiles-2.0-os] 4.1), begun by
//! the service provider; the request comes by HTTP-Redirect or, unsigned, by HTTP-POST, the
//! response leaves by HTTP-POST.
//!
//! ```text
//! receive(…) ─► Received ─ issuer() ─► (the server looks the provider up)
//!                  ├─ accept(provider, …) ─► LoginRequest ─ sign(…)   ─► SignedResponse
//!                  │                              └──────── refuse(…) ─► SignedResponse
//!                  └─ judge(provider, …) ─► the same, or Unmet ─ refuse_unmet(…) ─► SignedResponse
//! ```
//! Each arrow is the only way to the next type, so a stage cannot be skipped.

#![warn(missing_docs)]

mod acs;
mod certificate;
mod crypto;
mod error;
mod form;
mod idp;
pub mod metadata;
mod names;
mod pem;
pub mod post;
mod provider;
pub mod redirect;
mod request;
pub mod response;
mod signature;
#[cfg(test)]
mod testkit;
mod time;
mod xml;

pub use acs::{AcsUrl, AcsUrlError};
pub use certificate::{CertificateError, SpCertificate};
pub use error::{EmitError, Refusal};
pub use idp::{Idp, IdpError, is_entity_id};
pub use provider::ServiceProvider;
pub use request::{CLOCK_SKEW, Judged, LoginRequest, Received, Unmet};
