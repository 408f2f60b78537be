//! In: compact JWS (RFC 7515 section 7.1) and the keys that may have signed it. Out: [`Signed`]
//! statements. Never: a statement from bytes whose signature was not checked, an algorithm that
//! the header chose.

mod compact;
mod signed;

pub use signed::{Draft, Refusal, Signed, Statement};
