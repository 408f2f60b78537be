//! Comes in: what a page has to say, as plain values. Goes out: a complete HTML document, as text. No request, no store, no clock.
//! Must never happen: a value that is not escaped, a script or style inside the page, a page that needs a script to work,
//! or one that tells whether a user exists.
//!
//! With a script the pages of something under way ask for its next step. The contract of that address (`wait`), which gets
//! `?phase=` with the name of the phase that the page shows: **204** nothing new, ask again (held up to 25 s); **200** with the
//! name of another phase as plain text. A phase that the page has words for changes its status line; with any other the script
//! opens the page's own address (`here`) again, as it does on **404** and **410**. Other answers are taken as trouble on the way,
//! and asked again more slowly.
//! A wait address never uses up what it tells: the result is handed out by `here` alone.

mod assets;
mod end;
mod frame;
mod icon;
mod invitation;
mod link;
mod policy;
mod post;
mod problem;
mod qr;
mod recover;
mod sign_in;
mod waiting;

#[cfg(test)]
mod tests;

pub use assets::{SCRIPT, SCRIPT_PATH, STYLE, STYLE_PATH};
pub use end::{End, come_back, end};
pub use frame::{Action, Site, field};
pub use invitation::{DigitsError, Invitation, Step, invitation};
pub use link::{Landing, OpenApp, landing};
pub use policy::{content_security_policy, content_security_policy_for_post};
pub use post::{PostForm, post_form};
pub use problem::{Problem, problem};
pub use recover::{Recover, recover};
pub use sign_in::{SignIn, SignInTrouble, sign_in};
pub use waiting::{Hold, Phase, Waiting, Way, waiting};
