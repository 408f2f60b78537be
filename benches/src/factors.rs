//! What the phone's figure becomes with each set of factors, and with many requests at a time.

use crate::Result;
use crate::bare::Bare;
use crate::keys::MemoryKeys;
use crate::measure::{Timed, all, in_turns};
use crate::peer::{Algorithm, Peer};
use crate::phone::Phone;
use crate::report::{Row, time};
use countersign_core::adapters::MemoryStore;
use countersign_protocol::crypto::{AgreementSecret, Cost, stretch};
use countersign_protocol::policy::{Alternative, Factor};
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SETS: [Alternative; 4] = [
    Alternative::Dev,
    Alternative::Uv,
    Alternative::DevPin,
    Alternative::PinUv,
];

const MANY: usize = 20;

fn phone(asks: Alternative) -> Result<(Phone, Arc<MemoryKeys>)> {
    let keys = Arc::<MemoryKeys>::default();
    let mut peer = Peer::new(Algorithm::Ed25519)?;
    peer.asks = asks;
    let phone = Phone::enrolled_with(Arc::new(MemoryStore::new()), keys.clone(), peer)?;
    Ok((phone, keys))
}

/// Verify, view, sign with each set of factors. With a gesture K_uv signs in the place of K_dev; a PIN brings one
/// key agreement, and one Argon2id, which is timed apart: from the pepper to the signature over the proof.
pub fn answers() -> Result<()> {
    let bare = Bare::new()?;
    let other = AgreementSecret::make()?.public();
    let phones: Result<Vec<_>> = SETS.into_iter().map(phone).collect();
    let phones = phones?;
    let spent = SETS.map(|_| Cell::new(Duration::ZERO));
    let sign = || {
        bare.sign_p256()?;
        bare.verify_p256()
    };
    let stretched = || Ok(stretch(b"294817", &[1; 16], &[2; 32], b"", Cost::LEAST)?);
    let mut work: Vec<Timed<'_>> = vec![
        Box::new(|| {
            bare.verify_ed25519()?;
            sign()?;
            let begin = Instant::now();
            bare.verify_ed25519()?;
            sign()?;
            Ok(begin.elapsed())
        }),
        // Signed with the caches as an Argon2 leaves them.
        Box::new(|| {
            bare.verify_ed25519()?;
            let begin = Instant::now();
            bare.verify_ed25519()?;
            let verified = begin.elapsed();
            stretched()?;
            let begin = Instant::now();
            let mine = AgreementSecret::make()?;
            std::hint::black_box((mine.agree(&other)?, mine.public()));
            sign()?;
            Ok(verified + begin.elapsed())
        }),
        all(stretched),
    ];
    for ((phone, keys), spent) in phones.iter().zip(&spent) {
        work.push(Box::new(move || {
            // Once for the caches, which the Argon2 of another has filled.
            phone.arrival_to_network()?;
            let took = phone.arrival_to_network()?;
            spent.set(keys.take_pin_work());
            Ok(took - spent.get())
        }));
        work.push(Box::new(|| Ok(spent.get())));
    }
    let rounds = in_turns(41, 1, &mut work)?;
    for (n, asks) in SETS.into_iter().enumerate() {
        let (rest, pin) = (3 + 2 * n, 4 + 2 * n);
        let has_pin = asks.has(Factor::Pin);
        let (what, yardstick) = match has_pin {
            true => (", without the PIN's Argon2", " + X25519"),
            false => ("", ""),
        };
        Row::new(
            "phone",
            format!("verify, view, sign; factors {}{what}", asks.as_str()),
            time(rounds.seconds(rest)),
        )
        .beside(
            format!("ring: verify + sign + verify ES256{yardstick}"),
            rounds.ratio(rest, &[usize::from(has_pin)]),
        )
        .at_most(1.25)
        .say();
        if has_pin {
            Row::new(
                "phone",
                format!("the PIN's part of it, factors {}", asks.as_str()),
                time(rounds.seconds(pin)),
            )
            .beside("Argon2id, 19 MiB, 2 passes", rounds.ratio(pin, &[2]))
            .say();
        }
    }
    Ok(())
}

/// A poll that brings many requests, and one that brings one.
pub fn polls() -> Result<()> {
    let (many, _) = phone(Alternative::Dev)?;
    let (one, _) = phone(Alternative::Dev)?;
    let mut work: Vec<Timed<'_>> = vec![Box::new(|| one.poll(1)), Box::new(|| many.poll(MANY))];
    let rounds = in_turns(41, 1, &mut work)?;
    let twenty = vec![0; MANY];
    Row::new(
        "phone",
        format!("a poll that brings {MANY} requests"),
        time(rounds.seconds(1)),
    )
    .beside(
        format!("{MANY} × one that brings one ({})", time(rounds.seconds(0))),
        rounds.ratio(1, &twenty),
    )
    .aim("≤ 1", rounds.ratio(1, &twenty) <= 1.0)
    .say();
    Ok(())
}
