//! Every check of a phone, in the order in which they are tried.

use super::report::Check;

const fn check(id: &'static str, section: &'static str, what: &'static str) -> Check<'static> {
    Check { id, section, what }
}

pub(super) static TABLE: [Check<'static>; 95] = [
    check(
        "invitation.root",
        "5",
        "An invitation of another root than the server's is not taken.",
    ),
    check(
        "keys.root",
        "4",
        "Keys that another root signed are refused.",
    ),
    check("keys.iss", "4", "Keys of another server are refused."),
    check(
        "offer.key",
        "2",
        "An offer by a key that nobody named is refused.",
    ),
    check(
        "offer.signature",
        "2",
        "One with a changed bit in its signature is refused.",
    ),
    check("offer.typ", "2", "A statement of another typ is no offer."),
    check("offer.iss", "5", "One of another server is refused."),
    check(
        "offer.late",
        "5",
        "One that was made after the invitation was over is refused.",
    ),
    check(
        "offer.life",
        "5",
        "One that lives longer than 600 s is refused.",
    ),
    check("offer.extra", "1", "One with another member is refused."),
    check(
        "offer.policy",
        "5",
        "One with a policy that is none is refused.",
    ),
    check(
        "offer.name",
        "1",
        "One with a name that misleads who reads it is refused.",
    ),
    check(
        "receipt.key",
        "5",
        "A first state by another key is no answer: no digits.",
    ),
    check(
        "receipt.ns",
        "5",
        "One whose ns is not what the offer committed to: no digits.",
    ),
    check(
        "receipt.kc",
        "5",
        "One whose kc is not that of the agreement: no digits.",
    ),
    check(
        "receipt.registration",
        "5",
        "One for another registration: no digits.",
    ),
    check("receipt.dev", "5", "One for another K_dev: no digits."),
    check(
        "receipt.account",
        "5",
        "One for another account than the offer's: no digits.",
    ),
    check(
        "receipt.policy",
        "5",
        "One with another policy than the offer's: no digits.",
    ),
    check(
        "registration.repeat",
        "3",
        "An answer that was lost: the same registration is posted again.",
    ),
    check(
        "enrol.digits",
        "5",
        "The digits are those of offer, registration, Ns and Np.",
    ),
    check(
        "enrol.active",
        "5",
        "The phone learns by a state that it is active.",
    ),
    check(
        "enrol.list",
        "10",
        "It asks for its list, with a proof that holds.",
    ),
    check("challenge.good", "6", "A good request is shown."),
    check(
        "answer.approve",
        "7",
        "It is approved, with number and PIN: the verdict is ok.",
    ),
    check(
        "challenge.decided",
        "8",
        "Its bytes again are not shown: it is decided.",
    ),
    check(
        "challenge.control",
        "10",
        "One that is right in everything is shown, beside one that is not.",
    ),
    check(
        "cancel.key",
        "11",
        "A cancel by a key that nobody named takes nothing away.",
    ),
    check(
        "cancel.aud",
        "11",
        "A cancel for another credential takes nothing away.",
    ),
    check("cancel.good", "11", "A cancel takes the request away."),
    check(
        "challenge.jti",
        "8",
        "Another challenge under a known jti is not shown.",
    ),
    check(
        "challenge.signature",
        "2",
        "A challenge with a changed bit in its signature is not shown.",
    ),
    check(
        "challenge.unsigned",
        "2",
        "One without a signature is not shown.",
    ),
    check("challenge.none", "2", "One with `alg` none is not shown."),
    check(
        "challenge.alg",
        "2",
        "One with EdDSA for an Ed25519 key is not shown.",
    ),
    check("challenge.typ", "2", "One of another typ is not shown."),
    check(
        "challenge.header",
        "2",
        "One with another header member is not shown.",
    ),
    check("challenge.padding", "1", "One with padding is not shown."),
    check(
        "challenge.duplicate",
        "1",
        "One with a member twice is not shown.",
    ),
    check("challenge.cap", "1", "One over 16 KiB is not shown."),
    check(
        "challenge.key",
        "2",
        "One by a key that nobody named is not shown.",
    ),
    check(
        "challenge.extra",
        "1",
        "One with another member is not shown.",
    ),
    check("challenge.null", "1", "One with null is not shown."),
    check("challenge.iss", "6", "One of another server is not shown."),
    check(
        "challenge.aud",
        "6",
        "One for another credential is not shown.",
    ),
    check(
        "challenge.account",
        "6",
        "One for another account is not shown.",
    ),
    check(
        "challenge.over",
        "6",
        "One whose time is over is not shown.",
    ),
    check("challenge.early", "6", "One of an hour ahead is not shown."),
    check(
        "challenge.backwards",
        "6",
        "One that ends before it begins is not shown.",
    ),
    check(
        "challenge.life",
        "6",
        "One that lives longer than the policy allows is not shown.",
    ),
    check(
        "challenge.policy",
        "6",
        "One of a policy that no state brought is not shown.",
    ),
    check(
        "challenge.weaker",
        "6",
        "One that asks less than the policy is not shown.",
    ),
    check(
        "challenge.factors",
        "5",
        "One with factors that are no alternative is not shown.",
    ),
    check(
        "challenge.number",
        "6",
        "One without the number that the policy asks is not shown.",
    ),
    check(
        "challenge.six",
        "6",
        "A step-up with six digits is not shown.",
    ),
    check(
        "challenge.kind",
        "6",
        "One of an unknown kind is not shown.",
    ),
    check("challenge.mode", "6", "A step-up in mode app is not shown."),
    check(
        "challenge.context",
        "6",
        "A step-up without context is not shown.",
    ),
    check("challenge.rows", "6", "A step-up with rows is not shown."),
    check("challenge.input", "6", "A step-up with input is not shown."),
    check(
        "challenge.service",
        "6",
        "An action in the name of another service is not shown.",
    ),
    check(
        "challenge.text",
        "1",
        "One with a text that misleads who reads it is not shown.",
    ),
    check(
        "challenge.host",
        "1",
        "One with a host that is none is not shown.",
    ),
    check("answer.deny", "7", "A denial is accepted."),
    check(
        "answer.number",
        "7",
        "The number goes as it was typed: a wrong one is final.",
    ),
    check(
        "answer.final",
        "7",
        "After a final verdict the request is gone.",
    ),
    check(
        "answer.pin",
        "7",
        "A wrong PIN makes a proof that does not hold, and nothing else.",
    ),
    check(
        "answer.again",
        "8",
        "After a verdict that is not final the person may answer again.",
    ),
    check(
        "answer.lost",
        "7",
        "An answer without verdict is sent again, the same bytes.",
    ),
    check(
        "answer.gone",
        "10",
        "A 410 ends no answer: the same bytes are sent again.",
    ),
    check(
        "answer.key",
        "7",
        "A verdict by a key that nobody named is none.",
    ),
    check(
        "answer.other",
        "7",
        "A verdict about another answer is none.",
    ),
    check(
        "answer.once",
        "7",
        "With its verdict an answer is sent no more.",
    ),
    check(
        "nonce.stale",
        "10",
        "A stale nonce: the phone repeats once, with the one that it is given.",
    ),
    check(
        "problem.not_found",
        "5",
        "A 404 for the list changes nothing.",
    ),
    check("problem.gone", "5", "A 410 changes nothing."),
    check("problem.bad_proof", "5", "A 401 changes nothing."),
    check("problem.not_active", "5", "A 403 changes nothing."),
    check("problem.fault", "10", "A 500 changes nothing."),
    check(
        "state.key",
        "5",
        "A state by a key that nobody named is not taken.",
    ),
    check(
        "state.old",
        "5",
        "Another state with the same sn is not taken.",
    ),
    check(
        "state.registration",
        "5",
        "A state for another registration is not taken.",
    ),
    check("state.dev", "5", "A state for another K_dev is not taken."),
    check(
        "state.aud",
        "5",
        "A state for another credential is not taken.",
    ),
    check(
        "policy.weaker",
        "5",
        "A weaker policy, and a request by it, are refused.",
    ),
    check(
        "state.suspended",
        "12",
        "The phone learns by a state that it is suspended.",
    ),
    check(
        "state.resumed",
        "12",
        "And that it is active again, and shows requests.",
    ),
    check(
        "keys.rotated",
        "4",
        "A new signing key is fetched, and believed.",
    ),
    check(
        "keys.newest",
        "4",
        "And one that takes the place of all others.",
    ),
    check(
        "keys.withdrawn",
        "4",
        "What an old key signs is not shown any more.",
    ),
    check(
        "time.late",
        "7",
        "An answer that came too late gets expired, and the request goes.",
    ),
    check(
        "time.after",
        "6",
        "After it the phone knows what time it is, and shows requests.",
    ),
    check(
        "answer.chain",
        "7",
        "`ctr` rises by one with each answer, and `prev` names the one before.",
    ),
    check(
        "others.acknowledged",
        "11",
        "What the phone was told it acknowledges.",
    ),
    check(
        "state.revoked",
        "11",
        "The phone learns by a state that it is revoked.",
    ),
];

#[cfg(test)]
mod tests {
    use super::TABLE;
    use std::collections::BTreeSet;

    #[test]
    fn every_check_has_its_own_name_and_a_section() {
        let names: BTreeSet<&str> = TABLE.iter().map(|check| check.id).collect();
        assert_eq!(names.len(), TABLE.len());
        for check in &TABLE {
            let section: u8 = check.section.parse().unwrap();
            assert!((1..=15).contains(&section) && check.what.ends_with('.'));
        }
    }
}
