//! Stories of people, phones and attackers against a whole server.
//!
//! In: calls as they come over the network. Out: what is answered, stored and written into the audit,
//! judged. Never: a row of the bad inputs that only looks at the answer.

mod acks;
mod admin;
mod audit;
mod begun;
mod browser;
mod connections;
mod decision;
mod enrolment;
mod factors;
mod flood;
mod flood_model;
mod forms;
mod history;
mod init;
mod invitation;
mod key_files;
mod keys;
mod life;
mod links;
mod log;
mod more;
mod pause;
mod phones;
mod pin;
mod policy;
mod poll;
mod proof;
mod race;
mod recovery;
mod relay_model;
mod restored;
mod same;
mod same_only;
mod saml;
mod scan;
mod service;
mod service_limits;
mod service_model;
mod several;
mod several_model;
mod statement;
mod story;
mod sweep;
mod unknown;
