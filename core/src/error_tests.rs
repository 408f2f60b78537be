//! What callers are told: stable codes, a next move, and nothing about anybody.

use super::*;
use crate::ports::{KeyError, StoreError};

/// Every fault that can reach the door.
fn faults() -> Vec<Fault> {
    let mut all = vec![Fault::Unknown, Fault::Unwritten, Fault::Closed];
    all.push(Fault::Crypto(Unspecified));
    all.extend([
        Fault::Malformed(Malformed::TEXT),
        TooShort { least: 6 }.into(),
    ]);
    let stores = [
        StoreError::Busy,
        StoreError::Corrupt,
        StoreError::Full,
        StoreError::Io,
        StoreError::Changed,
        StoreError::OtherEngine,
    ];
    all.extend(stores.map(Fault::from));
    let vaults = [
        vault::Fault::Damaged,
        vault::Fault::Newer,
        vault::Fault::RolledBack,
        vault::Fault::Random,
        vault::Fault::Key(KeyError::Unreadable),
    ];
    all.extend(vaults.map(Fault::Vault));
    let keys = [
        KeyError::Cancelled,
        KeyError::LockedOut,
        KeyError::Invalidated,
        KeyError::Unreadable,
    ];
    all.extend(keys.map(Fault::Key));
    let network = [
        TransportError::Unreachable,
        TransportError::Timeout,
        TransportError::Broken,
        TransportError::Tls,
        TransportError::TooLarge,
        TransportError::Closed,
    ];
    all.extend(network.map(|fault| Fault::Call(CallFault::Transport(fault))));
    all.push(CallFault::NotOurs { status: 200 }.into());
    all.extend(problems().map(|code| Fault::Call(problem(code))));
    let statements = [
        Refusal::TooLarge,
        Refusal::NotCompact,
        Refusal::Header,
        Refusal::WrongType,
        Refusal::UnknownKey,
        Refusal::Algorithm,
        Refusal::Signature,
        Refusal::Malformed(Malformed::TEXT),
        Refusal::Malformed(Malformed("exp")),
    ];
    for refusal in statements {
        all.extend([
            Fault::Statement(refusal),
            account::Untrusted::Statement(refusal).into(),
        ]);
        all.push(challenge::Refusal::Statement(refusal).into());
    }
    all.extend(
        [
            account::Untrusted::OtherServer,
            account::Untrusted::Backwards,
        ]
        .map(Fault::Trust),
    );
    let unfit = [
        account::Unfit::Foreign,
        account::Unfit::Backwards,
        account::Unfit::PolicyBackwards,
        account::Unfit::Weaker,
    ];
    all.extend(unfit.map(Fault::State));
    all.extend(enrolments().map(Fault::Enrol));
    all.extend(challenges().map(Fault::Challenge));
    all.extend(ends().map(Fault::Ended));
    all
}

fn problem(code: problem::Code) -> CallFault {
    CallFault::Problem {
        status: code.status(),
        code,
        wait: Some(7),
    }
}

fn problems() -> [problem::Code; 18] {
    use problem::Code::*;
    [
        BadRequest,
        BadStatement,
        BadProof,
        NonceRequired,
        NotActive,
        Probation,
        NotFound,
        Conflict,
        Gone,
        TooLarge,
        UnsupportedMedia,
        LevelRefused,
        AttestationRefused,
        Proto,
        SlowDown,
        Fault,
        Unavailable,
        Other,
    ]
}

fn enrolments() -> [enrol::Refusal; 9] {
    use enrol::Refusal::*;
    [
        Malformed,
        Host,
        UnknownToken,
        Used,
        Over,
        WrongKey,
        Mine,
        PinsDiffer,
        FirstState,
    ]
}

fn challenges() -> [challenge::Refusal; 22] {
    use challenge::Refusal::*;
    [
        OtherServer,
        OtherPhone,
        OtherAccount,
        Seen,
        Life,
        Over,
        NotYet,
        Policy,
        Weaker,
        Service,
        Host,
        Another,
        NotALink,
        NewerLink,
        NoId,
        NoNumber,
        Unknown,
        Number,
        TooMany,
        Factors,
        Unsent,
        Paused,
    ]
}

fn ends() -> [StateReason; 8] {
    use StateReason::*;
    [
        Reported,
        User,
        Clone,
        Admin,
        Sas,
        SecondFinisher,
        Expired,
        Removed,
    ]
}

#[test]
fn every_error_names_a_code_of_the_catalogue_and_nobody() {
    let words = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || " ()_.,:;'{}\"-".contains(c))
            && text.len() < 160
    };
    for fault in faults() {
        let error = Error::from(fault);
        for shown in [
            fault.to_string(),
            format!("{fault:?}"),
            error.to_string(),
            format!("{error:?}"),
        ] {
            assert!(words(&shown), "{shown}");
            assert!(!shown.contains('@') && !shown.contains("http"), "{shown}");
        }
        assert!(error.code().is_some() || error == Error::Cancelled);
    }
}

#[test]
fn every_code_is_one_of_the_catalogues_and_stands_once() {
    // Two are sentences in place of a dialog.
    for code in Code::ALL {
        let known = countersign_texts::Message::CODES.contains(&code.as_str());
        assert!(known || matches!(code, Code::NumberEmpty), "{code}");
    }
    let names: std::collections::BTreeSet<&str> =
        Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
}

#[test]
fn each_names_the_next_move() {
    let of = |fault: Fault| Error::from(fault);
    let busy = of(problem(problem::Code::SlowDown).into());
    assert_eq!(
        busy,
        Error::Retry {
            code: Code::SrvBusy,
            wait: Some(7),
            reference: "slow_down"
        }
    );
    assert_eq!(of(KeyError::Cancelled.into()), Error::Cancelled);
    assert_eq!(
        of(KeyError::Invalidated.into()),
        Error::Reenrol {
            code: Code::KeyLost
        }
    );
    assert_eq!(
        of(challenge::Refusal::Over.into()),
        Error::Expired {
            code: Code::ChalExpired
        }
    );
    assert_eq!(
        of(challenge::Refusal::Weaker.into()),
        Error::Refused {
            code: Code::ChalDowngrade
        }
    );
    // Of a store that is open nobody knows what it has; one that didn't open lost nothing.
    for fault in [StoreError::Full, StoreError::Io] {
        assert_eq!(
            of(fault.into()),
            Error::Expired {
                code: Code::StoreReopen
            }
        );
        assert_eq!(Error::from(fault).code(), Some(Code::StoreFull));
    }
    let text = Refusal::Malformed(Malformed::TEXT);
    assert_eq!(
        of(text.into()),
        Error::Refused {
            code: Code::ChalText
        }
    );
    assert_eq!(
        of(StateReason::SecondFinisher.into_fault()),
        Error::Refused {
            code: Code::InvUsed
        }
    );
}

trait IntoFault {
    fn into_fault(self) -> Fault;
}

impl IntoFault for StateReason {
    fn into_fault(self) -> Fault {
        Fault::Ended(self)
    }
}
