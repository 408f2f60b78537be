//! The check of an exported history, fed with the vectors' own lines in any order, left out, repeated, stripped and mixed with
//! bytes of nobody's: it vouches for no more than stands there, unbroken, from the first entry on.
#![no_main]

use countersign_fuzz::vectors::{HISTORY, ROOT, hash};
use countersign_protocol::Digest;
use countersign_protocol::history::{Check, Entry, Line, Report, Trusted};
use std::sync::LazyLock;

/// H of the responses, by `ctr` from 1.
static ANSWERS: LazyLock<Vec<Digest>> =
    LazyLock::new(|| HISTORY.iter().filter_map(|line| answer(line)).collect());

fn answer(line: &str) -> Option<Digest> {
    match Line::parse(line.as_bytes()) {
        Ok(Line::Entry(Entry { response, .. })) => hash(&response?),
        _ => None,
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let lines = lines(data);
    let report = check(&lines);

    // How many answers stand in their place before the first that doesn't.
    let found = lines.iter().filter_map(|line| answer(line));
    let placed = found
        .zip(&*ANSWERS)
        .take_while(|(found, genuine)| found == *genuine);
    let placed = placed.count() as u64;
    if let Some(span) = report.vouched {
        assert_eq!(span.from, 1);
        assert!(span.to <= placed, "vouched to {} of {placed}", span.to);
    }
    assert!(report.by_phone.is_none(), "no key of the phone was given");
    if lines == *HISTORY {
        assert!(report.is_good() && placed == ANSWERS.len() as u64);
        assert_eq!(report.vouched.map(|span| span.to), Some(placed));
    } else if report.is_good() {
        // Only what vouches for nothing may be left out unsaid: verdicts, states, keys, codes.
        assert_eq!(placed, ANSWERS.len() as u64);
    }
});

/// Each byte picks a line of the vectors, stripped or not; from 0xff on what stands there is lines of its own.
fn lines(data: &[u8]) -> Vec<String> {
    let mut lines = vec![HISTORY[0].clone()];
    let mut rest = data;
    while let Some((&byte, after)) = rest.split_first() {
        if byte == 0xff {
            let own = String::from_utf8_lossy(after);
            lines.extend(own.split('\n').map(str::to_owned));
            break;
        }
        rest = after;
        let (at, how) = (
            usize::from(byte) % HISTORY.len(),
            usize::from(byte) / HISTORY.len(),
        );
        lines.push(match how {
            1 => stripped(&HISTORY[at], |entry| entry.verdict = None),
            2 => stripped(&HISTORY[at], |entry| entry.response = None),
            3 => stripped(&HISTORY[at], |entry| entry.challenge = None),
            _ => HISTORY[at].clone(),
        });
    }
    lines
}

fn stripped(line: &str, strip: impl FnOnce(&mut Entry)) -> String {
    let Ok(Line::Entry(mut entry)) = Line::parse(line.as_bytes()) else {
        return line.to_owned();
    };
    strip(&mut entry);
    let text = Line::Entry(entry).to_text().expect("a line can be written");
    text.trim_end().to_owned()
}

fn check(lines: &[String]) -> Report {
    let trusted = Trusted {
        root: *ROOT,
        dev: None,
        deposited: None,
    };
    let begin = |servers: bool| {
        let begin = if servers {
            Check::of_server
        } else {
            Check::new
        };
        let mut check = begin(trusted, lines[0].as_bytes()).expect("the first line is genuine");
        lines[1..]
            .iter()
            .for_each(|line| check.line(line.as_bytes()));
        check
    };
    let (report, _) = begin(false).finish(None);
    // Beside itself as the server's nothing is worse.
    let (beside, _) = begin(false).finish(Some(begin(true)));
    assert_eq!(report.vouched, beside.vouched);
    report
}
