//! What every call goes through: no panic gets past it.

use crate::error::AuthError;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a call; a panic becomes [`AuthError::Broken`]. Nothing here is half changed by one: what the core keeps it commits whole,
/// and what it holds in memory it can go on with.
pub(crate) fn guarded<T>(call: impl FnOnce() -> Result<T, AuthError>) -> Result<T, AuthError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(AuthError::broken()))
}
