//! In: the crates as they are shipped. Out: what they cost, as ratios to what can't be left out,
//! measured in the same run. Never: a figure without its yardstick, a part of the product changed for it.

pub mod bare;
pub mod browser;
pub mod factors;
pub mod filled;
pub mod http;
pub mod keys;
pub mod load;
pub mod measure;
pub mod passkeys;
pub mod peer;
pub mod phone;
pub mod process;
pub mod report;
pub mod setup;
pub mod trace;

/// Whatever stops a benchmark.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// The result of everything that can stop one.
pub type Result<T> = std::result::Result<T, Trouble>;
