//! Countersign texts.
