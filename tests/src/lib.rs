//! Countersign tests.
