//! Countersign protocol.
