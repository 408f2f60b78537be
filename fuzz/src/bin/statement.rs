//! Any payload, properly signed: what a rogue server or phone can send. What is accepted can be signed again as it is, no other
//! `typ` takes it, and no other signature fits.
#![no_main]

use countersign_fuzz::{jws, reading, vectors};
use countersign_protocol::jose::{Refusal, Statement};
use countersign_protocol::statement::{
    Cancel, Challenge, Key, Keys, Notice, Offer, Proof, Registration, Response, State, Verdict,
};
use countersign_protocol::view::View;
use countersign_protocol::{Signed, json};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((name, payload)) = reading::named(data) else {
        return;
    };
    match name {
        "cancel" => drop(accepted::<Cancel>(payload)),
        "challenge" => {
            if let Some(challenge) = accepted::<Challenge>(payload) {
                shown(&challenge);
            }
        }
        "key" => drop(accepted::<Key>(payload)),
        "keys" => drop(accepted::<Keys>(payload)),
        "notice" => drop(accepted::<Notice>(payload)),
        "offer" => drop(accepted::<Offer>(payload)),
        "proof" => drop(accepted::<Proof>(payload)),
        "registration" => {
            let brings_its_key = accepted::<Registration>(payload);
            let text = jws::sign(Registration::TYP, payload, &vectors::S);
            let own = Signed::<Registration>::verify_dev(&text);
            assert!(own.is_err() || brings_its_key.is_some());
        }
        "response" => drop(accepted::<Response>(payload)),
        "state" => drop(accepted::<State>(payload)),
        "verdict" => drop(accepted::<Verdict>(payload)),
        _ => {}
    }
});

fn accepted<T: Statement + Clone>(payload: &[u8]) -> Option<Signed<T>> {
    let keys = [*vectors::S.public()];
    let text = jws::sign(T::TYP, payload, &vectors::S);
    let signed = match Signed::<T>::verify(&text, &keys) {
        Ok(signed) => signed,
        Err(refusal) => {
            let by_content = matches!(refusal, Refusal::Malformed(_) | Refusal::TooLarge);
            assert!(by_content, "refused for another reason: {refusal}");
            return None;
        }
    };
    assert_eq!(signed.compact(), text);
    assert_eq!(Some(signed.hash()), vectors::hash(&text));
    reading::keeps(signed.body(), payload);

    let again = Signed::sign(signed.body().clone(), &vectors::S).expect("it can be signed again");
    let again = Signed::<T>::verify(again.compact(), &keys).expect("and that verifies");
    assert_eq!(json::write(again.body()), json::write(signed.body()));

    let bit = signed.hash().as_bytes()[0];
    let spoilt = Signed::<T>::verify(&jws::spoilt(&text, bit), &keys);
    assert_eq!(spoilt.err(), Some(Refusal::Signature));
    let other = if T::TYP == Keys::TYP {
        Signed::<Cancel>::verify(&text, &keys).err()
    } else {
        Signed::<Keys>::verify(&text, &keys).err()
    };
    assert_eq!(other, Some(Refusal::WrongType));
    Some(signed)
}

/// Nothing in a request makes a row, or a line that is signed, of its own.
fn shown(challenge: &Signed<Challenge>) {
    let view = View::of(challenge);
    let lines = view.lines();
    let mut lines = lines.lines();
    assert_eq!(lines.next(), Some("cs1-view\t1"));
    for row in view.rows() {
        let line = lines.next().expect("a line for each row");
        assert_eq!(line.split_once('\t'), Some((&*row.id, &*row.value)));
    }
    assert_eq!(lines.next(), None);
}
