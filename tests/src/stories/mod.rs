//! Stories in `tests/stories/*.json`, played by a phone of any language.
//!
//! In: a story, and how a phone is started or whose server it is. Out: what each step gave. Never: a step that is passed over.

mod applications;
mod ours;
mod play;
mod script;
mod stage;
mod theirs;

pub use play::{MakePhone, play, play_at};
pub use script::{Story, all};
pub use theirs::Theirs;
