//! Comes in: a language, the name of a text and the values it needs. Goes out: what is shown, and what a screen reader says.
//! Must never happen: a text without its values, or a value that passes for our words (a hidden or direction-turning character).
//!
//! The texts lie in `texts/en.toml` and `texts/de.toml`; `build.rs` checks them against the rules of `catalogue/lint.rs` and
//! makes [`Id`] and [`Message`] out of them. A wrong name does not compile, nor does a missing or a needless value:
//!
//! ```
//! use countersign_texts::{Id, Lang, text};
//! let title = text(Lang::De, Id::AskUnfreeze { id: "Firma" });
//! assert_eq!(title.text, "Firma wieder aktivieren?");
//! ```
//! ```compile_fail
//! # use countersign_texts::{Id, Lang, text};
//! text(Lang::De, Id::AskUnfreeze);
//! ```
//! ```compile_fail
//! # use countersign_texts::{Id, Lang, text};
//! text(Lang::De, Id::AskUnfreeze { id: "Firma", host: "firma.example" });
//! ```
//! ```compile_fail
//! # use countersign_texts::{Id, Lang, text};
//! text(Lang::De, Id::AskUnfreze { id: "Firma" });
//! ```

#![warn(missing_docs)]

#[cfg(test)]
#[path = "../catalogue/mod.rs"]
mod catalogue;

mod lang;
mod names;
mod spoken;
mod text;
mod value;

pub use lang::Lang;
pub use names::{notice_title, request_title, row_label, row_value};
pub use spoken::{asked, digits, time_left};
pub use text::{MessageText, Text, message, named, text};

/// The generated names. Every variant is documented by its words; its fields are the names inside them.
#[allow(missing_docs, reason = "its words are its documentation")]
mod generated {
    use crate::text::{Forms, Row};

    include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));
}

pub use generated::{Id, Message};
