//! The ID server.
//!
//! In: calls of phones (`phone`), of browsers (`login`, `sso`, `links`) and an administrator's
//! commands (`cli`), of applications (`service`). Out: statements signed by S, pages, SAML responses. Never: an approval that
//! counts twice or for another browser, a secret in the database or a log, an address from a request.

mod app;
mod brands;
mod cli;
mod config;
pub mod conformance;
mod connections;
mod credential;
mod crypto;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod keyring;
mod known;
mod limits;
mod links;
mod login;
mod mail;
mod metrics;
mod others;
pub mod page;
mod phone;
mod policy;
mod recovery;
mod serve;
mod service;
mod signer;
mod sso;
mod store;
#[cfg(test)]
mod testkit;
#[cfg(test)]
mod tests;
mod txn;
mod wake;
mod web;

pub use cli::run;
