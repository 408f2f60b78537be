//! Any text as a statement, by every key of the vectors: only the vectors' own statements verify, whatever is done to them.
#![no_main]

use countersign_fuzz::vectors;
use countersign_protocol::Signed;
use countersign_protocol::jose::Statement;
use countersign_protocol::statement::{
    Cancel, Challenge, Key, Keys, Notice, Offer, Proof, Registration, Response, State, Verdict,
};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let verified = [
        verifies::<Cancel>(text),
        verifies::<Challenge>(text),
        verifies::<Key>(text),
        verifies::<Keys>(text),
        verifies::<Notice>(text),
        verifies::<Offer>(text),
        verifies::<Proof>(text),
        verifies::<Registration>(text),
        verifies::<Response>(text),
        verifies::<State>(text),
        verifies::<Verdict>(text),
    ];
    let times = verified.iter().filter(|verifies| **verifies).count();
    assert!(times <= 1, "one statement, two kinds");
    let own = Signed::<Registration>::verify_dev(text);
    if times == 1 || own.is_ok() {
        let hash = vectors::hash(text).expect("what verifies has parts");
        assert!(vectors::GENUINE.contains(&hash), "forged: {text}");
    }
});

fn verifies<T: Statement>(text: &str) -> bool {
    let verified = Signed::<T>::verify(text, &vectors::KEYS);
    let named = Signed::<T>::named_key(text);
    assert!(
        verified.is_err()
            || named
                == verified
                    .as_ref()
                    .map(|signed| signed.kid())
                    .map_err(|why| *why)
    );
    verified.is_ok()
}
