//! The half of the conformance kit that plays a phone before somebody else's server (`docs/conformance.md`); and `stories` and
//! `vectors`, for either side.
//!
//! In: a server's address, its CA, and whoever makes invitations, types digits and begins logins there. Out: a report of what
//! the server did, check by check. Never: a word to any other server; the person's PIN or another secret of theirs: the keys
//! are made for the run and go with it.

mod bend;
mod bodies;
mod enrolment;
mod kit;
mod life;
mod phone;
mod proofs;
mod responses;
pub mod stories;
mod table;
pub mod vectors;

use crate::harness::{During, Result, Wire};
use countersign_server::conformance::{Person, Report};
use kit::Kit;

/// What a run is told.
pub struct Options<'a> {
    /// The server, as `https://host[:port]`.
    pub server: &'a str,
    /// Its certificate authority, PEM; the public ones where none is given.
    pub ca: Option<&'a [u8]>,
    /// The program that acts at the server; a person at this terminal where none is given.
    pub hook: Option<&'a str>,
    /// Whether errands are told as JSON.
    pub json: bool,
}

/// Tries everything, in order; what is not reached says so.
///
/// # Errors
/// What keeps the run from beginning: the CA's file, the hook.
pub fn run(options: &Options<'_>) -> Result<Report> {
    let mut kit = Kit {
        wire: Wire::to(options.server, options.ca)?,
        person: Person::of(options.hook, options.json).during("starting the hook")?,
        report: Report::of(&table::TABLE),
        nonce: None,
        account: String::new(),
    };
    if let Err(trouble) = all(&mut kit) {
        kit.report.stop(trouble.to_string());
    }
    Ok(kit.report)
}

fn all(kit: &mut Kit) -> Result<()> {
    let link = kit.invite("two phones will take it")?;
    bodies::keys(kit, &link)?;
    bodies::bodies(kit)?;
    let known = enrolment::second_finisher(kit, &link)?;
    enrolment::wrong_digits(kit, known)?;
    let mut phone = enrolment::enrol(kit)?;
    proofs::proofs(kit, &phone)?;
    responses::responses(kit, &mut phone)?;
    life::life(kit, &mut phone)
}

#[cfg(test)]
mod tests {
    use super::table::TABLE;
    use std::collections::BTreeSet;

    #[test]
    fn every_check_has_its_own_name_and_a_section() {
        let names: BTreeSet<&str> = TABLE.iter().map(|check| check.id).collect();
        assert_eq!(names.len(), TABLE.len());
        for check in &TABLE {
            assert!(
                check
                    .section
                    .parse::<u8>()
                    .is_ok_and(|n| (1..=15).contains(&n))
            );
            assert!(check.what.ends_with('.'), "{}", check.id);
        }
    }
}
