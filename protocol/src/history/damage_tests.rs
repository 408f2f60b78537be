//! Damage of every kind: what is no line, lines that are taken, doubled or exchanged, single bits; and what the other file tells.

use super::testkit::*;
use super::*;
use crate::crypto::PublicKey;
use crate::encoding::{Digest, Id};
use crate::statement::*;
use proptest::prelude::*;
use std::sync::OnceLock;

/// One export for all cases; each key is used, and each line needed.
fn export() -> &'static (House, Vec<String>) {
    static EXPORT: OnceLock<(House, Vec<String>)> = OnceLock::new();
    EXPORT.get_or_init(|| {
        let house = House::new();
        let lines = house.export(&house.chain(7));
        (house, lines)
    })
}

/// Whether something is said about these lines.
fn is_found(lines: &[String]) -> bool {
    let read = read(lines, export().0.trusted());
    read.map_or(true, |check| !check.finish(None).0.is_good())
}

#[test]
fn no_line_can_be_taken_out_doubled_or_exchanged() {
    let good = &export().1;
    assert!(!is_found(good));
    for at in 0..good.len() {
        let mut lines = good.clone();
        lines.remove(at);
        assert!(is_found(&lines), "{at} taken");
        for to in 0..=good.len() {
            let mut lines = good.clone();
            lines.insert(to, good[at].clone());
            assert!(is_found(&lines), "{at} again at {to}");
        }
        for other in at + 1..good.len() {
            let mut lines = good.clone();
            lines.swap(at, other);
            assert!(is_found(&lines), "{at} and {other}");
        }
        let mut lines = good.clone();
        lines.truncate(at);
        assert!(is_found(&lines), "cut before {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_bit_can_be_changed(line in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let (house, good) = export();
        let at = line.index(good.len());
        let mut damaged = good[at].clone().into_bytes();
        let which = byte.index(damaged.len());
        damaged[which] ^= 1 << bit;
        let first = if at == 0 { &damaged } else { good[0].as_bytes() };
        let found = match Check::new(house.trusted(), first) {
            Err(_) => true,
            Ok(mut check) => {
                for (number, line) in good.iter().enumerate().skip(1) {
                    check.line(if number == at { &damaged } else { line.as_bytes() });
                }
                !check.finish(None).0.is_good()
            }
        };
        prop_assert!(found, "line {at}, byte {which}, bit {bit}");
    }

    #[test]
    fn no_garbage_panics(lines in proptest::collection::vec("[ -~]{0,80}", 0..6)) {
        let (house, good) = export();
        let mut all = good[..4].to_vec();
        all.extend(lines);
        let _ = check(&all, house.trusted());
    }
}

#[test]
fn a_cut_at_the_end_with_its_first_line_mended_shows_by_the_other_file_only() {
    let (house, good) = export();
    let chain = house.chain(7);
    let good = house.export(&chain).len() - good.len() + chain.len();
    assert_eq!(good, 7);
    let cut = house.export(&chain[..5]);
    assert_eq!(found(&check(&cut, house.trusted())), []);
    let server = house.export(&chain);
    let with = |phone: &[String], server: &[String]| check_with(phone, server, house.trusted());
    let (report, other) = with(&cut, &server);
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].finding, Finding::Cut { from: 6, to: 7 });
    assert_eq!((report.vouched.unwrap().to, other.findings.len()), (5, 0));
    assert_eq!(report.judged_elsewhere, 0);
    let (report, _) = with(&house.export(&[]), &server);
    assert_eq!(report.findings[0].finding, Finding::Cut { from: 1, to: 7 });
    // The server may have forgotten what was long ago, and may not have got all.
    let (report, other) = with(&server, &house.export(&chain[5..]));
    assert!(report.findings.is_empty() && other.findings.is_empty());
    let mut gaps = house.export(&[chain[1].clone(), chain[4].clone(), chain[6].clone()]);
    let Ok(Line::Entry(mut entry)) = Line::parse(gaps[FIRST].as_bytes()) else {
        panic!("an entry")
    };
    entry.challenge = None;
    gaps[FIRST] = text(&Line::Entry(entry));
    let (report, other) = with(&server, &gaps);
    assert!(report.findings.is_empty() && other.findings.is_empty());
    // A phone's has neither gaps nor answers without their request.
    let codes = found(&check(&gaps, house.trusted()));
    assert_eq!(codes[0].0, "challenge");
}

#[test]
fn what_the_other_file_says_otherwise_ends_what_is_vouched_for() {
    let house = House::new();
    let chain = house.chain(6);
    let phone = house.export(&chain);
    let with = |server: &[String]| check_with(&phone, server, house.trusted()).0;
    let refused = |it: &mut Verdict| {
        (it.result, it.code) = (Outcome::Refused, VerdictCode::Expired);
    };
    let bend = Bend {
        verdict: Some(&refused),
        ..Bend::default()
    };
    let mut other = chain.clone();
    other[3].verdict = Some({
        let mut body = chain[3].verdict.as_ref().unwrap().body().clone();
        refused(&mut body);
        sign(body, house.s(4))
    });
    let report = with(&house.export(&other));
    assert_eq!(found(&report), [("differs", None, Some(4))]);
    assert_eq!(report.vouched, Some(Span { from: 1, to: 3 }));
    // Signed anew by a newer key it says the same.
    other[3].verdict = Some({
        let mut body = chain[3].verdict.as_ref().unwrap().body().clone();
        body.keys = 2;
        sign(body, &house.s[1])
    });
    assert_eq!(found(&with(&house.export(&other))), []);
    // The server has another answer of this phone in the same place.
    let twin = |it: &mut Response| it.jti = Id::from([77; 16]);
    let prev = Some(chain[4].response.hash());
    let twin = house.three(
        6,
        prev,
        Bend {
            response: Some(&twin),
            ..bend
        },
    );
    let mut other = chain.clone();
    other[5] = twin;
    let report = with(&house.export(&other));
    assert_eq!(found(&report), [("forked", None, Some(6))]);
    assert_eq!(report.vouched, Some(Span { from: 1, to: 5 }));

    // A verdict that never reached the phone.
    let mut silent = chain.clone();
    silent[2].verdict = None;
    let silent = house.export(&silent);
    let report = check_with(&silent, &phone, house.trusted()).0;
    assert_eq!((report.unjudged, report.judged_elsewhere), (1, 1));
    assert!(report.findings.is_empty());

    // Of somebody else.
    let stranger = House::new();
    let lines = stranger.export(&stranger.chain(6));
    assert_eq!(found(&with(&lines))[0], ("forked", None, Some(1)));
    let Line::Header(mut header) = house.header(1, 6) else {
        panic!("a header")
    };
    header.credential = Id::from([9; 16]);
    let report = with(&[text(&Line::Header(header))]);
    assert_eq!(found(&report), [("differs", None, None)]);
}

#[test]
fn row_45_what_is_no_line_is_not_read() {
    let (house, good) = export();
    let entry = &good[FIRST];
    let longest = " ".repeat(LINE_CAP - entry.len()) + entry;
    assert!(Line::parse(longest.as_bytes()).is_ok());
    let long = format!(" {longest}");
    let twice = entry.replacen('{', "{\"response\":\"a.b.c\",", 1);
    let more = entry.replacen('{', "{\"more\":1,", 1);
    let mixed = entry.replacen('{', "{\"state\":\"a.b.c\",", 1);
    let null = entry.replacen("\"verdict\":\"", "\"verdict\":null,\"x\":\"", 1);
    for bad in [
        "",
        "{}",
        "[]",
        "null",
        "{\"verdict\":\"a.b.c\"}",
        "{\"challenge\":\"a\",\"verdict\":\"b\"}",
        &long,
        &twice,
        &more,
        &mixed,
        &null,
        &entry[1..],
        &entry[..entry.len() - 1],
    ] {
        let mut lines = good.clone();
        lines[FIRST] = bad.to_owned();
        let found = found(&check(&lines, house.trusted()));
        assert_eq!(
            found[0],
            ("line", Some(FIRST as u64 + 1), None),
            "{bad:.60}"
        );
        assert_eq!(found.len(), 1, "one line is one finding: {bad:.60}");
    }
    for bad in [
        "",
        "{}",
        entry,
        &good[1],
        &good[0][1..],
        &format!("{}{}", good[0], good[1]),
    ] {
        let refused = Check::new(house.trusted(), bad.as_bytes()).err();
        assert!(matches!(refused, Some(NoHistory::Line(_))), "{bad:.60}");
        assert_eq!(refused.map(NoHistory::code), Some("line"));
    }
    let newer = good[0].replacen("\"cs1-history\":1", "\"cs1-history\":2", 1);
    for newer in [newer.as_str(), "{\"cs1-history\":2,\"new\":1}"] {
        let refused = Check::new(house.trusted(), newer.as_bytes()).err();
        assert_eq!(refused, Some(NoHistory::Version), "{newer:.60}");
    }
    assert_eq!(NoHistory::Version.code(), "version");
}

#[test]
fn findings_are_counted_and_not_all_kept() {
    let (house, good) = export();
    let mut lines = good.clone();
    lines.extend(std::iter::repeat_n("x".to_owned(), 1000));
    let report = check(&lines, house.trusted());
    assert_eq!((report.findings.len() as u64, report.more), (100, 900));
    assert_eq!(report.vouched, Some(Span { from: 1, to: 7 }));
}

#[test]
fn what_is_moved_stays_wrong_however_many_there_are() {
    let house = House::new();
    let chain = house.chain(201);
    let odd = chain.iter().step_by(2);
    let even = chain.iter().skip(1).step_by(2);
    let order: Vec<Three> = odd.chain(even).cloned().collect();
    let mut lines = house.export(&order);
    lines[0] = text(&house.header(1, 201));
    let report = check(&lines, house.trusted());
    assert!(!report.is_good());
    assert_eq!(report.vouched, Some(Span { from: 1, to: 1 }));
    // The hundred gaps were filled; what filled them stands in the wrong place.
    assert!(found(&report).iter().all(|(code, ..)| *code == "moved"));
    assert_eq!((report.findings.len(), report.more), (100, 0));
    // One that stays open is told among them, in its place.
    lines.pop();
    let report = check(&lines, house.trusted());
    let open = ("removed", Some(FIRST as u64 + 101), Some(201));
    assert_eq!(found(&report)[0], open);
    assert_eq!((report.findings.len(), report.more), (100, 0));
    // And counted where there are too many.
    lines.extend(["x".to_owned(), "x".to_owned()]);
    let report = check(&lines, house.trusted());
    assert_eq!((report.findings.len(), report.more), (100, 2));
}

#[test]
fn a_fork_shows_across_a_gap_and_is_not_called_a_cut() {
    let house = House::new();
    let chain = house.chain(10);
    let phone = house.export(&chain);
    // A copy of the phone from after the third answer, which counted on elsewhere.
    let prev = Some(chain[2].response.hash());
    let copy = house.three(24, prev, Bend::default());
    let mut server = chain.clone();
    server.push(copy.clone());
    let (report, other) = check_with(&phone, &house.export(&server), house.trusted());
    assert_eq!(found(&report), [("forked", None, Some(24))]);
    assert_eq!(report.vouched, Some(Span { from: 1, to: 10 }));
    assert_eq!(
        found(&other),
        [("forked", Some(FIRST as u64 + 11), Some(24))]
    );
    // And the other way round, where the phone's file is the copy's.
    let mut copys = chain[..3].to_vec();
    copys.push(house.three(4, Some(chain[2].response.hash()), Bend::default()));
    let (report, _) = check_with(
        &house.export(&copys),
        &house.export(std::slice::from_ref(&copy)),
        house.trusted(),
    );
    assert_eq!(found(&report), [("forked", None, Some(24))]);
    // Where the server has nothing else.
    let (report, _) = check_with(
        &phone,
        &house.export(std::slice::from_ref(&copy)),
        house.trusted(),
    );
    assert_eq!(found(&report), [("forked", None, Some(24))]);
    // A number that jumped where the chain did not.
    let prev = Some(chain[9].response.hash());
    let mut server = chain.clone();
    server.push(house.three(24, prev, Bend::default()));
    let (_, other) = check_with(&phone, &house.export(&server), house.trusted());
    let line = Some(FIRST as u64 + 11);
    assert_eq!(found(&other), [("response.prev", line, Some(24))]);
}

#[test]
fn what_a_file_says_by_itself_is_not_told_again_and_what_only_the_other_shows_is() {
    let house = House::new();
    let chain = house.chain(5);
    let nowhere = Some(Digest::of(&[b"no answer"]));
    let odd = |ctr| house.three(ctr, nowhere, Bend::default());
    let with = |phone: &[Three], server: &[Three]| {
        let (report, _) = check_with(&house.export(phone), &house.export(server), house.trusted());
        (found(&report), report.vouched)
    };
    // It doesn't follow the second, which stands before it.
    let (one, two) = (chain[0].clone(), chain[1].clone());
    let line = Some(FIRST as u64 + 3);
    let (codes, vouched) = with(&[one.clone(), two.clone(), odd(3)], &chain[..2]);
    assert_eq!(codes, [("response.prev", line, Some(3))]);
    assert_eq!(vouched, Some(Span { from: 1, to: 2 }));
    // Behind a gap it may follow anything, but for the answer that the other file has before it.
    let (codes, _) = with(&[one.clone(), two, odd(5)], &chain[..4]);
    assert_eq!(
        codes,
        [("removed", line, Some(5)), ("forked", None, Some(5))]
    );
    // The first is taken as it is; what stands behind it doesn't make it follow.
    let (codes, vouched) = with(&[odd(5), chain[3].clone()], &chain[3..4]);
    assert!(codes.contains(&("forked", None, Some(5))), "{codes:?}");
    assert_eq!(vouched, None);
}

#[test]
fn an_excerpt_has_to_follow_what_the_other_file_has_before_it() {
    let house = House::new();
    let chain = house.chain(6);
    let (ours, theirs) = (house.export(&chain[4..]), house.export(&chain[..4]));
    let (report, _) = check_with(&ours, &theirs, house.trusted());
    assert_eq!(found(&report), []);
    // The same the other way round: what the server has later follows what the phone has.
    let (report, _) = check_with(&theirs, &ours, house.trusted());
    assert_eq!(found(&report), [("cut", None, None)]);
    let nowhere = Some(Digest::of(&[b"no answer"]));
    let five = house.three(5, nowhere, Bend::default());
    let ours = house.export(&[five]);
    for (one, two) in [(&ours, &theirs), (&theirs, &ours)] {
        let (report, _) = check_with(one, two, house.trusted());
        assert_eq!(found(&report), [("forked", None, Some(5))]);
    }
}

#[test]
fn nothing_is_vouched_for_behind_a_gap() {
    let house = House::new();
    let chain = house.chain(7);
    let with = |at: &[usize]| {
        let server: Vec<Three> = at.iter().map(|at| chain[at - 1].clone()).collect();
        let dev = Some(house.dev.public().thumbprint());
        let trusted = Trusted {
            dev,
            ..house.trusted()
        };
        let (_, other) = check_with(&house.export(&chain), &house.export(&server), trusted);
        assert!(other.is_good());
        (other.vouched, other.by_phone)
    };
    let span = |from, to| Some(Span { from, to });
    assert_eq!(with(&[1, 2, 4, 5]), (span(1, 2), span(1, 2)));
    // The fourth and the fifth are by K_dev, the sixth is not.
    assert_eq!(with(&[4, 5, 6]), (span(4, 6), span(4, 5)));
}

#[test]
fn a_file_that_shows_nothing_of_the_phone_does_not_pass_for_it() {
    let house = House::new();
    let lines = house.export(&[]);
    let dev = Some(house.dev.public().thumbprint());
    let trusted = Trusted {
        dev,
        ..house.trusted()
    };
    assert!(check(&lines, trusted).is_good());
    // Statements about keys are public: with them alone anybody could make one.
    let bare = &lines[..3];
    let codes = found(&check(bare, trusted));
    assert_eq!(codes, [("header.jwks", Some(1), None), ("dev", None, None)]);
    assert_eq!(found(&check(bare, house.trusted()))[0].0, "header.jwks");
    let jwks = |keys: Vec<PublicKey>| {
        let header = Header::new(origin(), Id::from([1; 16]), keys, (1, 0));
        Check::new(trusted, text(&Line::Header(header)).as_bytes()).err()
    };
    // No key at all, and one that no phone can have.
    for keys in [vec![], vec![*house.s[0].public()]] {
        assert!(matches!(jwks(keys), Some(NoHistory::Line(_))));
    }
    let from_nowhere = text(&house.header(0, 0));
    let refused = Check::new(trusted, from_nowhere.as_bytes()).err();
    assert!(matches!(refused, Some(NoHistory::Line(_))));
}

/// Values that another implementation made.
#[test]
fn the_published_history_checks_and_its_broken_siblings_do_not() {
    let text = include_str!("../../../tests/vectors/protocol.json");
    let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
    let lines: Vec<String> = serde_json::from_value(vectors["history"].clone()).unwrap();
    let key = |name: &str| -> PublicKey {
        serde_json::from_value(vectors["public_keys"][name]["jwk"].clone()).unwrap()
    };
    let trusted = Trusted {
        root: key("R").thumbprint(),
        dev: Some(key("K_dev").thumbprint()),
        deposited: None,
    };
    let report = check(&lines, trusted);
    assert_eq!(found(&report), []);
    assert_eq!((report.answers, report.unjudged), (7, 1));
    let whole = Some(Span { from: 1, to: 7 });
    assert_eq!((report.vouched, report.by_phone), (whole, whole));
    for line in lines
        .iter()
        .map(|line| Line::parse(line.as_bytes()).ok().unwrap())
    {
        let again = serde_json::to_value(&line).unwrap();
        assert!(
            lines
                .iter()
                .any(|line| again == serde_json::from_str::<serde_json::Value>(line).unwrap())
        );
    }
    let mut gap = lines.clone();
    gap.remove(8);
    assert_eq!(found(&check(&gap, trusted))[0].0, "removed");
    let mut swapped = lines.clone();
    swapped.swap(8, 9);
    assert_eq!(found(&check(&swapped, trusted))[0].0, "moved");
}
