//! What `cargo xtask demo` runs: the story of `tests/tests/first_light.rs`, told to the person at the keyboard.
//!
//! `--once` ends after the story. Otherwise server, service provider and phone stay for trying by hand, until Ctrl-C.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to the person at the keyboard"
)]

use countersign_tests::harness::story;
use countersign_tests::harness::{
    ADMIN, During, Phone, Result, Sp, SpOptions, World, until_signal,
};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::time::Instant;

fn main() -> ExitCode {
    let once = std::env::args().any(|argument| argument == "--once");
    match until_signal(move || demo(once)) {
        Ok(Some(())) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("\nThe demo failed: {trouble}");
            ExitCode::FAILURE
        }
        Ok(None) => {
            println!("\nEverything is stopped, and its folder removed.");
            ExitCode::SUCCESS
        }
    }
}

fn demo(once: bool) -> Result<()> {
    let begin = Instant::now();
    let mut step = 0;
    let mut tell = |sentence: &str| {
        if sentence.starts_with(' ') {
            println!("    {sentence}");
        } else {
            step += 1;
            println!("{step:>3}. {sentence}");
        }
    };
    println!("The story:");
    let world = World::start()?;
    tell("A certificate authority for this run has issued a certificate for localhost.");
    tell(&format!(
        "The ID server is up at {}, on an embedded database; its administrator is {ADMIN}.",
        world.server.origin
    ));
    let sp = world.application("wiki", "Example Wiki", SpOptions::default())?;
    tell(&format!(
        "A service provider, python3-saml, is up at {} and known to the server.",
        sp.url
    ));
    let phone = world.phone("anna")?;
    story::enrol(&world, &phone, ADMIN, &mut tell)?;
    let mut browser = world.browser()?;
    let signed_in = story::sign_in(&mut browser, &sp, &phone, ADMIN, "/start", &mut tell)?;
    let told = begin.elapsed();

    let claim = |name: &str| signed_in.claims[name].as_str().unwrap_or("none").to_owned();
    tell(&format!("{} accepts the assertion.", sp.application.name));
    println!();
    println!("NameID:                      {}", claim("name_id"));
    println!("Authentication context:      {}", claim("authn_context"));
    println!(
        "\"approve\" to \"signed in\":    {} ms",
        signed_in.took.as_millis()
    );
    println!("The story took:              {:.1} s", told.as_secs_f64());
    println!();
    let last = format!(
        "{} is signed in to {}.",
        claim("name_id"),
        sp.application.name
    );
    if once {
        println!("{last}");
        return Ok(());
    }
    println!("{last}\n");
    by_hand(&sp, &phone, &world.ca.path())?;
    // The end comes as a signal; until then this thread keeps the world.
    let (_keep, for_ever) = channel::<()>();
    for_ever.recv().during("waiting for the end")
}

fn by_hand(sp: &Sp, phone: &Phone, ca: &Path) -> Result<()> {
    println!("Now you. Everything stays up until Ctrl-C.\n");
    println!("1. Open {} in a browser, and sign in as {ADMIN}.", sp.url);
    println!(
        "   The browser will warn, once for each of the two addresses: their certificates come from an authority"
    );
    println!(
        "   that was made for this run, and no browser knows it. Go on for localhost, or trust this file while you try:"
    );
    println!("   {}", ca.display());
    println!(
        "2. See what the phone is asked:\n   {}",
        phone.command_line("pending")?
    );
    println!("3. Approve with the number the browser shows (or `deny ID`, `report ID`):");
    println!("   {}", phone.command_line("approve --number NN")?);
    println!(
        "4. See what it answered so far:\n   {}",
        phone.command_line("history")?
    );
    Ok(())
}
