//! Instruction counts: what a phone executes, beside the bare primitives of the same operation. Under
//! valgrind ring takes other code paths than on the bare processor, so only the ratios say something.
#![allow(missing_docs, reason = "the library's macros write items")]

use countersign_benches::keys::MemoryKeys;
use countersign_benches::peer::{Algorithm, challenge, make_key};
use countersign_benches::phone::Phone;
use countersign_core::adapters::MemoryStore;
use countersign_core::{Id, PromptId};
use countersign_protocol::Signed;
use countersign_protocol::crypto::{PublicKey, SigningKey};
use countersign_protocol::statement::Challenge;
use countersign_protocol::view::View;
use gungraun::{library_benchmark, library_benchmark_group, main};
use std::hint::black_box;
use std::sync::Arc;

/// An Ed25519 signature to verify, and a P-256 key to sign with.
struct Bare {
    message: Vec<u8>,
    signature: [u8; 64],
    verify: PublicKey,
    sign: SigningKey,
}

fn bare() -> Bare {
    let make = || -> countersign_benches::Result<Bare> {
        let key = make_key(Algorithm::Ed25519)?;
        let message = vec![b'm'; 900];
        Ok(Bare {
            signature: key.sign(&message)?,
            verify: *key.public(),
            sign: make_key(Algorithm::P256)?,
            message,
        })
    };
    make().expect("keys can be made")
}

#[library_benchmark(setup = bare)]
fn bare_verify_and_sign(bare: Bare) -> [u8; 64] {
    let verified = bare.verify.verify(&bare.message, &bare.signature);
    verified.expect("it fits");
    black_box(bare.sign.sign(&bare.message).expect("it signs"))
}

#[library_benchmark(setup = bare)]
fn bare_verify(bare: Bare) {
    let verified = bare.verify.verify(&bare.message, &bare.signature);
    verified.expect("it fits");
}

fn statement() -> (String, PublicKey) {
    let make = || -> countersign_benches::Result<(String, PublicKey)> {
        let key = make_key(Algorithm::Ed25519)?;
        let signed = Signed::sign(challenge(Id::make()?)?, &key)?;
        Ok((signed.compact().to_owned(), *key.public()))
    };
    make().expect("a challenge can be made")
}

#[library_benchmark(setup = statement)]
fn verify_a_challenge_and_build_the_view((text, key): (String, PublicKey)) -> View {
    let challenge = Signed::<Challenge>::verify(&text, &[key]).expect("it fits");
    black_box(View::of(&challenge))
}

fn enrolled() -> Phone {
    let keys = Arc::<MemoryKeys>::default();
    let store = Arc::new(MemoryStore::new());
    let phone = Phone::enrolled(store, keys, Algorithm::Ed25519).expect("it enrols");
    let prompt = phone.fetch().expect("it is asked");
    phone.approve(&prompt).expect("it answers");
    phone
}

fn asked() -> (Phone, PromptId) {
    let phone = enrolled();
    let prompt = phone.fetch().expect("it is asked");
    (phone, prompt)
}

#[library_benchmark(setup = enrolled)]
fn fetch_and_show_with_proof_and_the_peers_signature(phone: Phone) -> (Phone, PromptId) {
    let prompt = phone.fetch().expect("it is asked");
    (phone, prompt)
}

#[library_benchmark(setup = asked)]
fn approve_and_take_the_verdict_with_the_peers_work((phone, prompt): (Phone, PromptId)) -> Phone {
    phone.approve(&prompt).expect("it answers");
    phone
}

library_benchmark_group!(
    name = phone;
    benchmarks =
        bare_verify_and_sign,
        bare_verify,
        verify_a_challenge_and_build_the_view,
        fetch_and_show_with_proof_and_the_peers_signature,
        approve_and_take_the_verdict_with_the_peers_work
);

main!(library_benchmark_groups = phone);
