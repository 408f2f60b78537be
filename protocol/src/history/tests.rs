use super::testkit::*;
use super::*;
use crate::crypto::SigningKey;
use crate::encoding::{Digest, Id};
use crate::origin::Origin;
use crate::policy::{Alternative, Alternatives};
use crate::statement::*;
use crate::text::Name;

fn span(from: u64, to: u64) -> Option<Span> {
    Some(Span { from, to })
}

fn header_of(house: &House, lines: &mut [String], from: u64, to: u64) {
    lines[0] = text(&house.header(from, to));
}

#[test]
fn a_whole_history_is_vouched_for_and_says_on_what_that_rests() {
    let house = House::new();
    let chain = house.chain(7);
    let lines = house.export(&chain);
    let report = check(&lines, house.trusted());
    assert_eq!(found(&report), []);
    assert_eq!((report.vouched, report.by_phone), (span(1, 7), None));
    assert_eq!((report.answers, report.unjudged, report.codes), (7, 0, 0));

    // K_dev signed the seventh, and so the order of all before it, also of those by a K_uv.
    let dev = Some(house.dev.public().thumbprint());
    let with_dev = Trusted {
        dev,
        ..house.trusted()
    };
    assert_eq!(check(&lines, with_dev).by_phone, span(1, 7));
    // Of the sixth, by a K_uv that S named, nothing but S tells.
    let six = house.export(&chain[..6]);
    assert_eq!(check(&six, with_dev).by_phone, span(1, 5));

    let deposited = Some(chain[2].response.hash());
    let with_hash = Trusted {
        deposited,
        ..house.trusted()
    };
    let report = check(&lines, with_hash);
    assert_eq!((found(&report), report.by_phone), (vec![], span(1, 3)));
    let strange = Trusted {
        deposited: Some(Digest::of(&[b"another answer"])),
        ..house.trusted()
    };
    assert_eq!(found(&check(&lines, strange)), [("deposited", None, None)]);
    let both = Trusted { dev, ..with_hash };
    assert_eq!(check(&lines, both).by_phone, span(1, 7));
}

#[test]
fn a_chain_may_begin_later_and_may_be_empty() {
    let house = House::new();
    let chain = house.chain(6);
    // What was deleted took K_uv's only answer with it; its key and its state stay.
    let report = check(&house.export(&chain[3..]), house.trusted());
    assert_eq!((found(&report), report.vouched), (vec![], span(4, 6)));
    let report = check(&house.export(&[]), house.trusted());
    assert_eq!((found(&report), report.vouched), (vec![], None));
    let mut lines = house.export(&[]);
    header_of(&house, &mut lines, 1, 2);
    let report = check(&lines, house.trusted());
    assert_eq!(found(&report), [("header.to", Some(1), None)]);
}

#[test]
fn an_answer_without_a_verdict_and_a_code_that_was_shown_prove_what_they_can() {
    let house = House::new();
    let mut chain = house.chain(3);
    chain[1].verdict = None;
    let mut lines = house.export(&chain);
    let code = |mode| {
        let mut challenge = house.challenge(9);
        challenge.mode = mode;
        let challenge = Some(sign(challenge, &house.s[1]).compact().to_owned());
        text(&Line::Entry(Entry {
            challenge,
            response: None,
            verdict: None,
        }))
    };
    lines.insert(FIRST + 1, code(Mode::Offline));
    let report = check(&lines, house.trusted());
    assert_eq!((found(&report), report.vouched), (vec![], span(1, 3)));
    assert_eq!((report.answers, report.unjudged, report.codes), (3, 1, 1));
    // A request that is no offline one has no code.
    lines[FIRST + 1] = code(Mode::Remote);
    let report = check(&lines, house.trusted());
    assert_eq!(found(&report), [("challenge.mode", Some(7), None)]);
}

/// Four entries, of which one is bent and rightly signed.
fn bent(house: &House, at: u64, bend: Bend<'_>) -> Report {
    let mut chain = house.chain(at - 1);
    let prev = chain.last().map(|three| three.response.hash());
    chain.push(house.three(at, prev, bend));
    for ctr in at + 1..=4 {
        let prev = chain.last().map(|three| three.response.hash());
        chain.push(house.three(ctr, prev, Bend::default()));
    }
    check(&house.export(&chain), house.trusted())
}

#[test]
fn what_was_rightly_signed_and_does_not_fit_is_named_where_it_stands() {
    let house = House::new();
    let evil = || Origin::parse("https://evil.example").unwrap();
    let other = || Digest::of(&[b"other"]);
    type Request<'a> = &'a dyn Fn(&mut Challenge);
    type Reply<'a> = &'a dyn Fn(&mut Response);
    type Word<'a> = &'a dyn Fn(&mut Verdict);
    let requests: [(&str, Request<'_>); 4] = [
        ("challenge.iss", &|it| it.iss = evil()),
        ("challenge.aud", &|it| it.aud = Id::from([9; 16])),
        ("response.pin", &|it| {
            it.factors = Alternatives::new(vec![Alternative::DevPin]).unwrap()
        }),
        ("response.pin", &|it| {
            it.factors = Alternatives::new(vec![Alternative::Uv]).unwrap()
        }),
    ];
    for (code, bend) in requests {
        let challenge = Some(bend);
        let report = bent(
            &house,
            2,
            Bend {
                challenge,
                ..Bend::default()
            },
        );
        assert_eq!(found(&report)[0].0, code);
        assert_eq!(report.vouched, span(1, 1), "{code}");
    }
    let replies: [(&str, Reply<'_>); 6] = [
        ("response.iss", &|it| it.iss = Id::from([9; 16])),
        ("response.aud", &|it| it.aud = evil()),
        ("response.challenge", &|it| it.challenge = other()),
        ("response.view", &|it| it.view = other()),
        ("response", &|it| it.r#match = Some("42".into())),
        ("response.prev", &|it| it.prev = Prev(Some(other()))),
    ];
    for (code, bend) in replies {
        let response = Some(bend);
        let report = bent(
            &house,
            2,
            Bend {
                response,
                ..Bend::default()
            },
        );
        assert_eq!(found(&report)[0].0, code);
        assert_eq!(report.findings[0].line, Some(FIRST as u64 + 2), "{code}");
        assert_eq!(report.vouched, span(1, 1), "{code}");
    }
    let words: [(&str, Word<'_>); 6] = [
        ("verdict.iss", &|it| it.iss = evil()),
        ("verdict.aud", &|it| it.aud = Id::from([9; 16])),
        ("verdict.challenge", &|it| it.challenge = other()),
        ("verdict.response", &|it| it.response = other()),
        ("verdict.iat", &|it| it.iat = NOW),
        ("verdict.iat", &|it| it.iat = NOW + 999),
    ];
    for (code, bend) in words {
        let verdict = Some(bend);
        let report = bent(
            &house,
            2,
            Bend {
                verdict,
                ..Bend::default()
            },
        );
        // The chain itself goes on.
        assert_eq!(found(&report), [(code, Some(FIRST as u64 + 2), Some(2))]);
        assert_eq!(report.vouched, span(1, 1), "{code}");
    }
    // A PIN where one is asked, and the gesture where that is asked, are right.
    let pin = |it: &mut Response| (it.dh, it.pin) = (Some(agreement()), Some(other()));
    let asks =
        |it: &mut Challenge| it.factors = Alternatives::new(vec![Alternative::DevPin]).unwrap();
    let bend = Bend {
        challenge: Some(&asks),
        response: Some(&pin),
        verdict: None,
    };
    assert_eq!(found(&bent(&house, 2, bend)), []);
    let gesture =
        |it: &mut Challenge| it.factors = Alternatives::new(vec![Alternative::Uv]).unwrap();
    let challenge: Option<Request<'_>> = Some(&gesture);
    assert_eq!(
        found(&bent(
            &house,
            3,
            Bend {
                challenge,
                ..Bend::default()
            }
        )),
        []
    );
}

#[test]
fn entries_that_are_removed_added_moved_or_forked_are_found() {
    let house = House::new();
    let chain = house.chain(6);
    let good = house.export(&chain);
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = good.clone();
        change(&mut lines);
        check(&lines, house.trusted())
    };
    // Entry `ctr` is in line `FIRST + ctr`, counted from 1.
    let line = |ctr: u64| Some(FIRST as u64 + ctr);
    let removed = with(&|lines| drop(lines.drain(FIRST + 2..FIRST + 4)));
    assert_eq!(removed.findings.len(), 1);
    assert_eq!(
        removed.findings[0],
        Found {
            finding: Finding::Removed { from: 3, to: 4 },
            line: line(3),
            ctr: Some(5),
        }
    );
    assert_eq!(removed.vouched, span(1, 2));
    // Among what else is found it stands in its place, before what else is wrong with its line.
    let among = with(&|lines| {
        let again = lines[FIRST].clone();
        lines.insert(FIRST + 1, again.clone());
        lines.push(again);
        drop(lines.remove(FIRST + 3));
        let Ok(Line::Entry(mut entry)) = Line::parse(lines[FIRST + 3].as_bytes()) else {
            panic!("an entry")
        };
        entry.verdict = chain[0].verdict.as_ref().map(|it| it.compact().to_owned());
        lines[FIRST + 3] = text(&Line::Entry(entry));
    });
    let expected = [
        ("repeated", line(2), Some(1)),
        ("removed", line(4), Some(4)),
        ("verdict.challenge", line(4), Some(4)),
        ("repeated", line(7), Some(1)),
    ];
    assert_eq!(found(&among), expected);
    let first = with(&|lines| drop(lines.remove(FIRST)));
    assert_eq!(found(&first), [("header.from", line(1), Some(2))]);
    let last = with(&|lines| drop(lines.pop()));
    assert_eq!(found(&last), [("header.to", Some(1), None)]);
    assert_eq!(last.vouched, span(1, 5));
    let repeated = with(&|lines| lines.insert(FIRST + 4, lines[FIRST + 1].clone()));
    assert_eq!(found(&repeated), [("repeated", line(5), Some(2))]);
    assert_eq!(repeated.answers, 6, "counted once");
    let swapped = with(&|lines| lines.swap(FIRST + 1, FIRST + 2));
    assert_eq!(found(&swapped), [("moved", line(3), Some(2))]);
    assert_eq!(swapped.vouched, span(1, 1));
    // What is behind a moved one still has to follow the furthest.
    let nowhere = Some(Digest::of(&[b"no answer"]));
    let unlinked = text(&house.three(4, nowhere, Bend::default()).line());
    let swapped = with(&|lines| {
        lines.swap(FIRST + 1, FIRST + 2);
        lines[FIRST + 3] = unlinked.clone();
    });
    assert!(found(&swapped).contains(&("response.prev", line(4), Some(4))));
    let moved = with(&|lines| {
        let entry = lines.remove(FIRST + 1);
        lines.push(entry);
    });
    assert_eq!(found(&moved), [("moved", line(6), Some(2))]);

    // Another answer with the same `ctr`, and one more after the same one.
    let prev = Some(chain[2].response.hash());
    let other = |it: &mut Response| it.jti = Id::from([77; 16]);
    let bend = || Bend {
        response: Some(&other),
        ..Bend::default()
    };
    let twin = text(&house.three(4, prev, bend()).line());
    let forked = with(&|lines| lines.insert(FIRST + 4, twin.clone()));
    assert_eq!(found(&forked), [("forked", line(5), Some(4))]);
    // The fork is at the fourth: which of the two it was is told by nothing.
    assert_eq!((forked.vouched, forked.answers), (span(1, 3), 6));
    let instead = with(&|lines| lines[FIRST + 3] = twin.clone());
    assert_eq!(found(&instead), [("response.prev", line(5), Some(5))]);
    let sibling = text(&house.three(5, prev, bend()).line());
    let forked = with(&|lines| lines[FIRST + 4] = sibling.clone());
    assert_eq!(found(&forked)[0], ("forked", line(5), Some(5)));
}

#[test]
fn statements_of_other_servers_phones_and_keys_are_found() {
    let (house, thief) = (House::new(), House::new());
    let good = house.export(&house.chain(4));
    let theirs = thief.export(&thief.chain(4));
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = good.clone();
        change(&mut lines);
        found(&check(&lines, house.trusted()))
    };
    // The thief has the same R and S, and a phone of its own: it is none that a state names.
    let foreign = with(&|lines| lines[FIRST + 1] = theirs[FIRST + 1].clone());
    assert_eq!(foreign, [("response", Some(7), None)]);
    let named = |lines: &mut Vec<String>| {
        let keys = [&house.dev, &house.uv[0], &house.uv[1], &thief.dev].map(public);
        let header = Header::new(origin(), Id::from([1; 16]), keys.to_vec(), (1, 4));
        lines[0] = text(&Line::Header(header));
    };
    let with_key = with(&|lines| {
        named(lines);
        lines[FIRST + 1] = theirs[FIRST + 1].clone();
    });
    assert_eq!(
        with_key,
        [("header.jwks", Some(1), None), ("response", Some(7), None)]
    );
    // And a state that names it.
    let mut state = house.state(3);
    state.dev = thief.dev.public().thumbprint();
    let state = sign(state, &house.s[1]).compact().to_owned();
    let with_state = with(&|lines| {
        lines.insert(
            FIRST,
            text(&Line::State {
                state: state.clone(),
            }),
        )
    });
    assert_eq!(with_state, [("state.dev", Some(6), None)]);

    // A key that no accepted statement names.
    let stolen = ed25519(9);
    let by_stranger = |statement: String| with(&move |lines| lines[FIRST - 1] = statement.clone());
    let state = sign(house.state(2), &stolen).compact().to_owned();
    let found = by_stranger(text(&Line::State { state }));
    assert_eq!(found[0], ("state", Some(5), None));
}

#[test]
fn keys_and_states_that_do_not_fit_are_found() {
    let house = House::new();
    let good = house.export(&house.chain(4));
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = good.clone();
        change(&mut lines);
        let report = check(&lines, house.trusted());
        assert!(report.vouched.is_none());
        found(&report)[0]
    };
    let keys = |n: u64, by: usize, bend: &dyn Fn(&mut Keys)| {
        let mut body = house.keys(n);
        bend(&mut body);
        let keys = sign(body, &house.roots[by]).compact().to_owned();
        text(&Line::Keys { keys })
    };
    let state = |sn: u64, by: &SigningKey, bend: &dyn Fn(&mut State)| {
        let mut body = house.state(sn);
        bend(&mut body);
        let state = sign(body, by).compact().to_owned();
        text(&Line::State { state })
    };
    let evil = || Origin::parse("https://evil.example").unwrap();
    let old = keys(2, 1, &|it| it.n = 1);
    assert_eq!(with(&|lines| lines[2] = old.clone()).0, "keys.n");
    let foreign = keys(2, 1, &|it| it.iss = evil());
    assert_eq!(with(&|lines| lines[2] = foreign.clone()).0, "keys.iss");
    assert_eq!(with(&|lines| drop(lines.remove(1))).0, "keys.root");
    assert_eq!(with(&|lines| drop(lines.drain(1..3))).0, "keys.root");
    assert_eq!(with(&|lines| lines.swap(1, 2)).0, "keys.root");
    assert_eq!(with(&|lines| lines[2] = lines[1].clone()).0, "keys");
    let back = state(1, &house.s[1], &|_| {});
    assert_eq!(
        with(&|lines| lines[4] = back.clone()),
        ("state.sn", Some(5), None)
    );
    let foreign = state(2, &house.s[1], &|it| it.iss = evil());
    assert_eq!(with(&|lines| lines[4] = foreign.clone()).0, "state.iss");
    let another = state(2, &house.s[1], &|it| it.aud = Id::from([9; 16]));
    assert_eq!(with(&|lines| lines[4] = another.clone()).0, "state.aud");
    assert_eq!(with(&|lines| lines.swap(3, 4)).0, "state.sn");
    assert_eq!(with(&|lines| lines.swap(2, 3)).0, "line.place");
    let mut late = good.clone();
    late.swap(4, 5);
    let late = found(&check(&late, house.trusted()));
    // What the state tells is missing, and then it comes too late.
    assert_eq!((late[0].0, late[1].0), ("header.jwks", "line.place"));
    assert_eq!(
        with(&|lines| lines.insert(2, lines[0].clone())).0,
        "line.place"
    );
    assert_eq!(with(&|lines| drop(lines.drain(3..5))).0, "header.jwks");
    let elsewhere = Header::new(evil(), Id::from([1; 16]), vec![public(&house.dev)], (1, 4));
    let elsewhere = text(&Line::Header(elsewhere));
    assert_eq!(with(&|lines| lines[0] = elsewhere.clone()).0, "keys.iss");

    // Another root: nothing else is looked at.
    let root = house.roots[1].public().thumbprint();
    let report = check(
        &good,
        Trusted {
            root,
            ..house.trusted()
        },
    );
    assert_eq!(found(&report), [("keys.root", Some(2), None)]);
    assert_eq!((report.vouched, report.answers), (None, 0));
    // What was known of the phone beforehand.
    let dev = Some(house.uv[0].public().thumbprint());
    let report = check(
        &good,
        Trusted {
            dev,
            ..house.trusted()
        },
    );
    assert_eq!(found(&report), [("dev", Some(4), None)]);
    assert_eq!(report.by_phone, None);
    let deposited = Some(Digest::of(&[b"other"]));
    let report = check(
        &good,
        Trusted {
            deposited,
            ..house.trusted()
        },
    );
    assert_eq!(found(&report), [("deposited", None, None)]);
    assert_eq!((report.vouched, report.by_phone), (span(1, 4), None));
}

#[test]
fn a_name_may_be_anything_but_nothing_that_misleads() {
    let house = House::new();
    let name = |it: &mut Challenge| it.service.name = Name::parse("Ä ‖ \"}").unwrap();
    let challenge: Option<&dyn Fn(&mut Challenge)> = Some(&name);
    assert_eq!(
        found(&bent(
            &house,
            2,
            Bend {
                challenge,
                ..Bend::default()
            }
        )),
        []
    );
}
