//! Countersign saml.
