//! What travels between phone and ID server, and how it is signed (`docs/protocol.md`, version 1).
//!
//! In: bytes from a peer, keys, and the facts a statement says. Out: statements whose signature was
//! checked or made here, and values derived from them. Never: I/O, a clock, storage, or a statement
//! that can be passed on without having been verified.
#![warn(missing_docs)]

pub mod agreement;
pub mod call;
mod crockford;
pub mod crypto;
pub mod encoding;
mod evidence;
mod fragment;
pub mod history;
pub mod invitation;
pub mod jose;
pub mod json;
pub mod links;
pub mod offline;
pub mod origin;
pub mod pin;
pub mod policy;
pub mod problem;
pub mod push;
pub mod receipt;
pub mod recovery;
pub mod sas;
pub mod statement;
pub mod text;
pub mod typed_code;
pub mod view;

pub use encoding::{Digest, Id, Thumbprint};
pub use jose::{Refusal, Signed};
pub use origin::Origin;
