//! In: the built server, the built phone, Python with python3-saml.
//! Out: the surroundings of a whole run, and the stories that the tests and the demo tell with them.
//! Never: a way around a door that a person, a browser or a phone could not take as well.

pub mod conformance;
pub mod damage;
pub mod harness;
pub mod languages;
pub mod ledger;
pub mod memory;
pub mod settings;
pub mod stories;
pub mod vectors;
