//! What a phone's calls take: ten IDs, a request for each, and a server that is gone when they are answered.

use super::{Language, Program, begin};
use crate::harness::story::{self, Waiting, silently};
use crate::harness::{Result, ServerOptions, Trouble};
use std::collections::BTreeMap;

/// How many IDs, each with a request.
const IDS: usize = 10;

impl Language {
    /// Nanoseconds by call, each the median of many (approvals: of ten).
    ///
    /// # Errors
    /// Whatever the world ran into, in words.
    pub fn measure(&self) -> Result<BTreeMap<String, f64>> {
        let (mut world, sp) = begin(&ServerOptions::default());
        let mut phone = world.phone("anna")?;
        if let Some(program) = self.program {
            let words = program(Program::Phone)?.into_iter();
            // Each command of the stories is a short life; here the JVM may take its time.
            let words = words.filter(|word| word != "-XX:TieredStopAtLevel=1");
            phone = phone.run_by(words.collect());
        }
        let mut waiting = Vec::new();
        for number in 0..IDS {
            let account = format!("user{number}@example.com");
            world.server.add_user(&account, "Somebody")?;
            story::enrol(&world, &phone, &account, &mut silently)?;
            let mut browser = world.browser()?;
            waiting.push(Waiting::begin(&mut browser, &sp, &account, "/")?);
        }
        phone.ask(&["pending"])?;
        world.server.kill()?;
        let told = phone.ask(&["measure"])?;
        let measured = told.iter().filter_map(|event| {
            let call = event["call"].as_str()?.to_owned();
            Some((call, event["ns"].as_f64()?))
        });
        let measured: BTreeMap<String, f64> = measured.collect();
        if measured.len() < 4 {
            return Err(Trouble::new(format!("it measured only {measured:?}")));
        }
        Ok(measured)
    }
}
