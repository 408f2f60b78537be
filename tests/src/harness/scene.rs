//! A person with one phone, an application, and what the server says to each try.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use super::story::{self, Waiting, silently};
use super::{ADMIN, Browser, Outcome, Phone, ServerOptions, Sp, SpOptions, World};
use serde_json::Value;

/// Everything that a story about factors needs.
pub struct Scene {
    /// The server and what is around it.
    pub world: World,
    /// An application.
    pub sp: Sp,
    /// The administrator's phone.
    pub phone: Phone,
}

/// A login that waits for the phone.
pub struct Asked {
    /// The browser that began it.
    pub browser: Browser,
    /// Its page.
    pub waiting: Waiting,
    /// What the phone shows.
    pub prompt: Value,
    /// How the phone names it.
    pub id: String,
}

impl Scene {
    /// Adds the ID with these further arguments of `enrol`.
    pub fn new(options: &ServerOptions<'_>, enrol: &[&str]) -> Self {
        let world = World::with(options).unwrap();
        let options = SpOptions::default();
        let sp = world.application("wiki", "Example Wiki", options).unwrap();
        let phone = world.phone("anna").unwrap();
        story::enrol_by(&world, &phone, ADMIN, enrol, &mut silently).unwrap();
        Self { world, sp, phone }
    }

    /// Begins a login.
    pub fn ask(&self) -> Asked {
        // What was begun on the phone before, and what nobody answered, may still wait too.
        let before = self.logins();
        let mut browser = self.world.browser().unwrap();
        let waiting = Waiting::begin(&mut browser, &self.sp, ADMIN, "/").unwrap();
        let mut logins = self.logins().into_iter();
        let is_new = |login: &Value| before.iter().all(|old| old["id"] != login["id"]);
        let prompt = logins.find(is_new).unwrap();
        let id = prompt["id"].as_str().unwrap().to_owned();
        Asked {
            browser,
            waiting,
            prompt,
            id,
        }
    }

    fn logins(&self) -> Vec<Value> {
        let pending = self.phone.ask(&["pending"]).unwrap().into_iter();
        pending.filter(|event| event["kind"] == "login").collect()
    }

    /// Approves it, with further arguments.
    pub fn approve(&self, asked: &Asked, more: &[&str]) -> Outcome {
        let mut args = vec!["approve", &asked.id, "--number", &asked.waiting.number];
        args.extend(more);
        self.phone.run(&args).unwrap()
    }

    /// Approves it; gives the verdict's code, whether it is final, and the tries left.
    pub fn judged(&self, asked: &Asked, more: &[&str]) -> (String, bool, Option<u64>) {
        let outcome = self.approve(asked, more);
        let said = outcome.event("verdict").ok_or(&outcome).unwrap();
        let code = said["code"].as_str().unwrap().to_owned();
        assert_eq!(outcome.status.success(), code == "ok", "{outcome:?}");
        (code, said["final"] == true, said["attempts"].as_u64())
    }

    /// What the server's administrator sees of the PIN.
    pub fn pin(&self) -> Value {
        let line = self.world.server.command(&["phone", "list", ADMIN]);
        line.unwrap()["pin"].clone()
    }
}

impl Asked {
    /// The person gives it up in the browser.
    pub fn cancel(mut self) {
        self.waiting.cancel(&mut self.browser).unwrap();
    }

    /// The browser is signed in.
    pub fn ends_well(mut self) {
        let form = self.waiting.response(&mut self.browser).unwrap();
        let claims = story::hand_over(&mut self.browser, &form).unwrap();
        assert_eq!(claims["name_id"], ADMIN);
    }
}
