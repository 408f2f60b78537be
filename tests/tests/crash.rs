//! Kill -9 of the phone at every step. `--die-at N` kills it at its N-th call of a port, for N = 1, 2, … until it gets
//! through alive; a restart then has to find its way.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::story::{self, Invitation, Waiting, silently};
use countersign_tests::harness::{ADMIN, Browser, Phone, Result, Trouble, World};

/// More port calls than any one command makes: a suite that gets here kills something that never ends.
const ENOUGH: usize = 500;

/// How an enrolment that was killed went on.
enum After {
    Completed,
    /// The phone says why it cannot go on.
    Refused(String),
}

#[test]
fn an_enrolment_killed_at_any_step_completes_or_says_why_not() {
    let world = World::start().unwrap();
    let mut synced_at = None;
    let mut refusals = 0;
    for step in 1..ENOUGH {
        let account = format!("n{step}@example.com");
        world.server.add_user(&account, "Nora Lind").unwrap();
        let phone = world.phone(&account).unwrap();
        let mut browser = world.browser().unwrap();
        let invitation = Invitation::make(&world, &mut browser, &account).unwrap();
        let die_at = step.to_string();
        let args = ["enrol", &invitation.link, "--die-at", &die_at];
        let killed =
            story::enrol_with(&phone, &args, &invitation, &mut browser, &mut silently).unwrap();
        if !killed.killed() {
            assert!(killed.status.success(), "{}", killed.trouble(&args));
            assert_enrolled(&phone, &account);
            // Both halves of the rule were seen, or the kills did not reach where they should.
            assert!(
                refusals > 0 && synced_at.is_some(),
                "{refusals} refusals, synced at {synced_at:?}"
            );
            return;
        }
        match restarted(&phone, &invitation, &mut browser).unwrap() {
            After::Completed => {
                synced_at.get_or_insert(step);
            }
            After::Refused(code) => {
                assert_eq!(
                    synced_at, None,
                    "killed at {step}, after the registration was synced, and now {code}"
                );
                refusals += 1;
                assert_eq!(
                    owners_of_keys(&phone),
                    0,
                    "killed at {step}: keys of nobody are left"
                );
                story::enrol(&world, &phone, &account, &mut silently).unwrap();
            }
        }
        assert_enrolled(&phone, &account);
    }
    panic!("the enrolment is not over after {ENOUGH} port calls");
}

/// Restarts the phone until its enrolment is over. In the longer half each restart is killed too, one step later each
/// time.
fn restarted(phone: &Phone, invitation: &Invitation, browser: &mut Browser) -> Result<After> {
    let full = std::env::var_os("COUNTERSIGN_FULL").is_some();
    for step in 1..ENOUGH {
        let die_at = step.to_string();
        let args = if full {
            vec!["resume", "--die-at", &die_at]
        } else {
            vec!["resume"]
        };
        let resumed = story::enrol_with(phone, &args, invitation, browser, &mut silently)?;
        if full && resumed.killed() {
            continue;
        }
        // Killed after its last write, an enrolment is complete and there is nothing to resume.
        let done = phone
            .ask(&["ids"])?
            .iter()
            .any(|id| id["standing"] == "active");
        return match resumed.error_code() {
            _ if done => Ok(After::Completed),
            Some(code) => Ok(After::Refused(code.to_owned())),
            None => Err(Trouble::new(format!(
                "resume says neither that it is done nor why not: {resumed:?}"
            ))),
        };
    }
    Err(Trouble::new("the resumed enrolment is not over"))
}

#[test]
fn an_answer_killed_at_any_step_is_delivered_once_and_the_browser_moves_on() {
    for engine in ["sled", "redb"] {
        let Killed {
            before,
            behind,
            over,
        } = kill_answers(engine);
        assert!(over, "{engine}: not over after {ENOUGH} port calls");
        // Kills on both sides of the signature were seen, or they did not reach where they should.
        assert!(
            before > 0 && behind > 0,
            "{engine}: {before} before, {behind} behind"
        );
    }
}

#[derive(Default)]
struct Killed {
    /// Kills after which the person was asked again.
    before: usize,
    /// Kills after which the answer was there.
    behind: usize,
    /// Whether one got through alive in the end.
    over: bool,
}

/// Kills until one gets through alive.
fn kill_answers(engine: &str) -> Killed {
    let mut seen = Killed::default();
    let (world, sp, phone) = story::ready_on(engine).unwrap();
    for step in 1..ENOUGH {
        let mut browser = world.browser().unwrap();
        let waiting = Waiting::begin(&mut browser, &sp, ADMIN, "/").unwrap();
        let prompt = story::await_prompt(&phone).unwrap();
        let id = prompt["id"].as_str().unwrap();
        let approve = ["approve", id, "--number", &waiting.number];
        let die_at = step.to_string();
        let dying: Vec<&str> = approve
            .iter()
            .copied()
            .chain(["--die-at", &die_at])
            .collect();
        let killed = phone.run(&dying).unwrap();
        if killed.killed() {
            // Restarted, the phone delivers what was signed; what was not decided, the person decides again.
            if phone
                .ask(&["pending"])
                .unwrap()
                .iter()
                // A verdict that came meanwhile is said too, and names the same request.
                .any(|event| event["event"] == "prompt" && event["id"] == id)
            {
                seen.before += 1;
                phone.ask(&approve).unwrap();
            } else {
                seen.behind += 1;
            }
        } else {
            assert!(killed.status.success(), "{}", killed.trouble(&dying));
        }
        let form = waiting.response(&mut browser).unwrap();
        assert_eq!(
            story::hand_over(&mut browser, &form).unwrap()["name_id"],
            ADMIN,
            "killed at {step}"
        );
        assert!(
            phone.ask(&["outbox"]).unwrap().is_empty(),
            "killed at {step}: something is left in the outbox"
        );
        let history = phone.ask(&["history"]).unwrap();
        assert_eq!(history.len(), step, "killed at {step}: not one entry more");
        if !killed.killed() {
            seen.over = true;
            break;
        }
    }
    seen
}

/// How many IDs, whole or half, have keys on this phone's disk: a folder each, beside the phone's own and the counter's file.
fn owners_of_keys(phone: &Phone) -> usize {
    let Ok(entries) = std::fs::read_dir(phone.home().join("keys")) else {
        return 0;
    };
    let folders = entries.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    folders.count().saturating_sub(1)
}

fn assert_enrolled(phone: &Phone, account: &str) {
    assert_eq!(owners_of_keys(phone), 1, "{account}");
    let ids = phone.ask(&["ids"]).unwrap();
    assert_eq!(ids.len(), 1, "{account}: {ids:?}");
    assert_eq!(
        (&ids[0]["account"], &ids[0]["standing"]),
        (&account.into(), &"active".into()),
        "{ids:?}"
    );
}
