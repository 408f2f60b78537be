//! Stories in `tests/stories/*.json`, played by a phone of any language.
//!
//! In: a story, and how a phone is started. Out: what each step gave. Never: a step that is passed over.

mod applications;
mod play;
mod script;

pub use play::{MakePhone, play};
pub use script::{Story, all};
