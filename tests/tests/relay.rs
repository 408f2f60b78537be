//! A relay page: it stands between a person and the server, shows our pages' look at its own address, and passes on what the
//! person does. Here the test is that page: it has a browser of its own at the server, and what it shows to the person is
//! whatever that browser got.
//!
//! With a number it gets in: the person sees and approves a sign-in that they expect. That is a limit of every number that is
//! shown (`docs/threat-model.md`, "A relay page"), and the first test says so. On the phone itself it gets nothing, whatever it
//! does and in whatever order, since the app leads the phone's own browser back, and no other.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use countersign_tests::harness::same::{self, OnThisPhone};
use countersign_tests::harness::story::{self, Waiting, silently};
use countersign_tests::harness::{ADMIN, Browser, Phone, Sp, SpOptions, World};
use countersign_texts::{Lang, Message, message};

const BOB: &str = "bob@example.com";

struct Scene {
    world: World,
    /// Takes any answer.
    wiki: Sp,
    /// Takes only answers from the device that the browser is on.
    bank: Sp,
    /// The victim's.
    phone: Phone,
}

fn scene() -> Scene {
    let (world, wiki, phone) = story::ready().unwrap();
    let options = SpOptions::default();
    let bank = world.application("bank", "Example Bank", options).unwrap();
    let line = ["app", "set", "bank", "--modes", "same"];
    world.server.command(&line).unwrap();
    Scene {
        world,
        wiki,
        bank,
        phone,
    }
}

/// A browser of the relay with a sign-in of the victim's name, and the link that it passes on.
fn lure(scene: &Scene, sp: &Sp) -> (Browser, OnThisPhone) {
    let mut relay = scene.world.browser().unwrap();
    let waits = OnThisPhone::begin(&mut relay, sp, ADMIN).unwrap();
    (relay, waits)
}

/// What the relay may do at any moment; none of it ends in a sign-in.
#[derive(Clone, Copy, Debug)]
enum Try {
    Look,
    Number,
    Same,
}

fn gets_nothing(relay: &mut Browser, waits: &OnThisPhone, attempt: Try) {
    let page = match attempt {
        Try::Look => waits.look(relay).unwrap(),
        Try::Number => waits.press(relay, "/again").unwrap(),
        Try::Same => waits.press(relay, "/same").unwrap(),
    };
    assert!(same::response(&page).unwrap().is_none(), "{attempt:?}");
    assert_eq!(page.text_at("p.number").unwrap(), None, "{attempt:?}");
}

/// The orders in which the relay tries these.
const ORDERS: [[Try; 3]; 6] = [
    [Try::Look, Try::Number, Try::Same],
    [Try::Look, Try::Same, Try::Number],
    [Try::Number, Try::Look, Try::Same],
    [Try::Number, Try::Same, Try::Look],
    [Try::Same, Try::Look, Try::Number],
    [Try::Same, Try::Number, Try::Look],
];

/// Where the victim's app leads.
#[derive(Clone, Copy, Debug)]
enum Victim {
    /// A browser that never was at the server.
    Fresh,
    /// One with a session of the victim's.
    SignedIn,
    /// One that waits for the app too, for a sign-in of its own.
    Waiting,
}

#[test]
fn a_relayed_number_signs_the_relay_in_and_that_is_said() {
    let scene = scene();
    let mut relay = scene.world.browser().unwrap();
    let waits = Waiting::begin(&mut relay, &scene.wiki, ADMIN, "/").unwrap();
    // The relay page shows the number; the victim, who expects to sign in, types it.
    let prompt = story::await_prompt(&scene.phone).unwrap();
    let id = prompt["id"].as_str().unwrap();
    let line = ["approve", id, "--number", &waits.number];
    scene.phone.ask(&line).unwrap();
    let form = waits.response(&mut relay).unwrap();
    let claims = story::hand_over(&mut relay, &form).unwrap();
    assert_eq!(claims["name_id"], ADMIN);

    // Its session is good for other applications, and not for one that takes only the other way.
    let passed = story::arrive(&mut relay, &scene.bank, "/").unwrap();
    assert!(same::response(&passed).unwrap().is_none());
    assert!(passed.find_form_with("account").unwrap().is_some());
    let passive = story::ask_passively(&mut relay, &scene.bank).unwrap();
    let said = story::hand_over(&mut relay, &passive).unwrap();
    assert_ne!(said["name_id"], ADMIN);
    let passive = story::ask_passively(&mut relay, &scene.wiki).unwrap();
    let said = story::hand_over(&mut relay, &passive).unwrap();
    assert_eq!(said["name_id"], ADMIN);
}

#[test]
fn a_relayed_link_signs_nobody_in_whatever_the_order() {
    let scene = scene();
    let victims = [Victim::Fresh, Victim::SignedIn, Victim::Waiting];
    for (at, order) in ORDERS.into_iter().enumerate() {
        let victim = victims[at % victims.len()];
        relayed(&scene, order, victim);
    }
}

/// One try of the relay page: `order` is tried after each step of the victim.
fn relayed(scene: &Scene, order: [Try; 3], victim: Victim) {
    let mut own = scene.world.browser().unwrap();
    let mut own_waits = None;
    match victim {
        Victim::Fresh => {}
        Victim::SignedIn => signs_in(scene, &mut own),
        Victim::Waiting => {
            own_waits = Some(OnThisPhone::begin(&mut own, &scene.bank, ADMIN).unwrap());
        }
    }
    let (mut relay, waits) = lure(scene, &scene.bank);
    let tries = |relay: &mut Browser| {
        for attempt in order {
            gets_nothing(relay, &waits, attempt);
        }
    };
    tries(&mut relay);
    let opened = scene.phone.ask(&["open", &waits.link]).unwrap();
    let prompt = opened.iter().find(|event| event["event"] == "prompt");
    let prompt = prompt.unwrap();
    let rows = prompt["rows"].as_array().unwrap();
    assert!(
        rows.iter()
            .any(|row| row["id"] == "mode" && row["value"] == "same")
    );
    assert_eq!(prompt["number"], 0);
    tries(&mut relay);
    let back = same::approve(&scene.phone, &waits.link).unwrap();
    tries(&mut relay);

    // The app leads the victim's browser to the server, which has never seen it begin this.
    let page = own.open(&back).unwrap();
    assert!(same::response(&page).unwrap().is_none(), "{victim:?}");
    let said = message(Lang::En, Message::Back);
    assert_eq!(page.text_at("h1").unwrap().unwrap(), said.title.text);
    assert!(page.text().unwrap().contains(&said.body.text));
    tries(&mut relay);
    // The relay gets its page to nobody but itself, and there is nothing on it.
    let strange = own
        .open(waits.look(&mut relay).unwrap().url.as_str())
        .unwrap();
    assert!(same::response(&strange).unwrap().is_none());

    // The victim's own sign-in was not touched.
    if let Some(waits) = own_waits {
        let back = same::approve(&scene.phone, &waits.link).unwrap();
        tries(&mut relay);
        let claims = same::come_back(&mut own, &back).unwrap();
        assert_eq!(claims["name_id"], ADMIN);
    }
    tries(&mut relay);
}

/// The control: where the browser that began is the one that comes back, it is signed in.
fn signs_in(scene: &Scene, browser: &mut Browser) {
    let waits = OnThisPhone::begin(browser, &scene.bank, ADMIN).unwrap();
    let back = same::approve(&scene.phone, &waits.link).unwrap();
    let claims = same::come_back(browser, &back).unwrap();
    assert_eq!(claims["name_id"], ADMIN);
    let again = browser.open(&back).unwrap();
    assert!(same::response(&again).unwrap().is_none());
}

#[test]
fn whoever_begins_in_their_own_browser_is_signed_in_also_where_a_number_would_do() {
    let scene = scene();
    let mut browser = scene.world.browser().unwrap();
    signs_in(&scene, &mut browser);
    let mut other = scene.world.browser().unwrap();
    let waits = OnThisPhone::begin(&mut other, &scene.wiki, ADMIN).unwrap();
    let back = same::approve(&scene.phone, &waits.link).unwrap();
    // The page alone does not go on.
    let page = waits.look(&mut other).unwrap();
    assert!(same::response(&page).unwrap().is_none());
    assert_eq!(
        same::come_back(&mut other, &back).unwrap()["name_id"],
        ADMIN
    );
}

#[test]
fn a_link_is_opened_by_the_id_that_it_is_for_and_by_no_other_phone() {
    let scene = scene();
    scene.world.server.add_user(BOB, "Bob Miller").unwrap();
    let bobs = scene.world.phone("bob").unwrap();
    story::enrol(&scene.world, &bobs, BOB, &mut silently).unwrap();
    // Anna has a second ID there on the same phone.
    let carl = "carl@example.com";
    scene.world.server.add_user(carl, "Carl Miller").unwrap();
    story::enrol(&scene.world, &scene.phone, carl, &mut silently).unwrap();
    for account in [carl, ADMIN] {
        let mut browser = scene.world.browser().unwrap();
        let waits = OnThisPhone::begin(&mut browser, &scene.bank, account).unwrap();
        let outcome = bobs.run(&["open", &waits.link]).unwrap();
        assert_eq!(outcome.error_code(), Some("chal.expired"), "{outcome:?}");
        let opened = scene.phone.ask(&["open", &waits.link]).unwrap();
        assert_eq!(opened[0]["account"], account);
        let back = same::approve(&scene.phone, &waits.link).unwrap();
        assert_eq!(
            same::come_back(&mut browser, &back).unwrap()["name_id"],
            account
        );
    }
    // A server that this phone doesn't know is not asked.
    let (other, wiki, _phone) = story::ready().unwrap();
    let mut browser = other.browser().unwrap();
    let waits = OnThisPhone::begin(&mut browser, &wiki, ADMIN).unwrap();
    let outcome = scene.phone.run(&["open", &waits.link]).unwrap();
    assert_eq!(outcome.error_code(), Some("link.foreign"), "{outcome:?}");
}
