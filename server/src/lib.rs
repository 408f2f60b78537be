//! Countersign server.
