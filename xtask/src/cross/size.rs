//! Bytes, as a person reads them.

use std::fmt;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Size(pub(super) usize);

impl Size {
    /// How many times as large as another.
    pub(super) fn beside(self, other: Self) -> f64 {
        f64::from(self) / f64::from(other)
    }
}

impl From<Size> for f64 {
    fn from(size: Size) -> Self {
        // A file of 4 GB has other faults than that its size is not told truly.
        Self::from(u32::try_from(size.0).unwrap_or(u32::MAX))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} MB", f64::from(*self) / 1e6)
    }
}
