//! Files of a phone whose memory was copied, torn and put together again, against section 8 read anew: each pair of answers is
//! looked at, as slowly as the text says it.

use super::testkit::*;
use super::*;
use crate::encoding::{Digest, Id};
use crate::statement::Response;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use std::sync::OnceLock;

/// What the model knows of an answer.
#[derive(Clone, Copy, PartialEq)]
struct Known {
    ctr: u64,
    hash: Digest,
    prev: Option<Digest>,
}

/// Answers by one key, of which only the first eight are one chain.
struct Pool {
    house: House,
    all: Vec<Three>,
    /// Ways from one answer to the next, of the phone and of its copies.
    paths: Vec<Vec<usize>>,
}

fn pool() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| {
        let house = House::new();
        let mut all = house.chain(8);
        let chain: Vec<_> = all.iter().map(|three| three.response.hash()).collect();
        let answer = |all: &mut Vec<Three>, ctr, prev| {
            let own = Id::from([50 + all.len() as u8; 16]);
            let response: &dyn Fn(&mut Response) = &|it| it.jti = own;
            let bend = Bend {
                response: Some(response),
                ..Bend::default()
            };
            all.push(house.three(ctr, prev, bend));
            all.len() - 1
        };
        let behind = |all: &Vec<Three>, at: usize| Some(all[at].response.hash());
        // A copy from after the third answer, and one that was used elsewhere before.
        let mut paths = vec![(0..8).collect()];
        for (first, last) in [(4, 6), (6, 7)] {
            let mut path = vec![0, 1, 2];
            for ctr in first..=last {
                let before = behind(&all, path[path.len() - 1]);
                path.push(answer(&mut all, ctr, before));
            }
            paths.push(path);
        }
        // And what fits nowhere.
        let elsewhere = Some(Digest::of(&[b"elsewhere"]));
        for (ctr, prev) in [
            (1, None),
            (2, Some(chain[4])),
            (5, Some(chain[0])),
            (9, elsewhere),
            (12, Some(chain[7])),
        ] {
            answer(&mut all, ctr, prev);
        }
        Pool { house, all, paths }
    })
}

/// Somewhere on one of the ways, at some of its places; then a few things taken out, put in or exchanged.
fn file(edits: usize) -> impl Strategy<Value = Vec<usize>> {
    let path = proptest::sample::select(pool().paths.clone());
    let part = path.prop_flat_map(|path| {
        let whole = (0..path.len(), 0..=path.len()).prop_map({
            let path = path.clone();
            move |(from, many)| path[from..(from + many).min(path.len())].to_vec()
        });
        let any = 0..=path.len();
        prop_oneof![whole, subsequence(path, any)]
    });
    let edit = (0..3_u8, any::<Index>(), any::<Index>());
    (part, prop::collection::vec(edit, 0..=edits)).prop_map(|(mut file, edits)| {
        for (kind, one, two) in edits {
            let at = one.index(file.len() + 1);
            match kind {
                _ if at == file.len() => file.push(two.index(pool().all.len())),
                0 => drop(file.remove(at)),
                1 => file.insert(at, two.index(pool().all.len())),
                _ => {
                    let to = two.index(file.len());
                    file.swap(at, to);
                }
            }
        }
        file
    })
}

fn known(file: &[usize]) -> Vec<Known> {
    let one = |at: &usize| {
        let response = &pool().all[*at].response;
        let (ctr, hash, prev) = (response.ctr, response.hash(), response.prev.0);
        Known { ctr, hash, prev }
    };
    file.iter().map(one).collect()
}

fn lines(file: &[usize]) -> Vec<String> {
    let pool = pool();
    let file: Vec<Three> = file.iter().map(|at| pool.all[*at].clone()).collect();
    pool.house.export(&file)
}

/// How many stand behind one another from the first on.
fn unbroken(file: &[Known]) -> usize {
    let follows =
        |pair: &[Known]| pair[1].ctr == pair[0].ctr + 1 && pair[1].prev == Some(pair[0].hash);
    let pairs = file.windows(2).take_while(|pair| follows(pair)).count();
    (pairs + 1).min(file.len())
}

/// Where the phone has to be two, by all answers of both files.
fn first_fork(one: &[Known], two: &[Known]) -> Option<u64> {
    let both = || one.iter().chain(two);
    let mut forks = Vec::new();
    for a in both() {
        let twins = both().filter(|b| b.hash != a.hash && (b.ctr == a.ctr || b.prev == a.prev));
        forks.extend(twins.map(|b| a.ctr.max(b.ctr)));
    }
    for (mine, theirs) in [(one, two), (two, one)] {
        for answer in mine {
            let before = theirs.iter().filter(|it| it.ctr + 1 == answer.ctr);
            let other = before.filter(|it| answer.prev != Some(it.hash));
            forks.extend(other.map(|_| answer.ctr));
        }
    }
    forks.into_iter().min()
}

/// Up to which answer a file is vouched for.
fn vouched(file: &[Known], fork: Option<u64>) -> Option<Span> {
    let (first, last) = (file.first()?, &file[unbroken(file) - 1]);
    let to = last.ctr.min(fork.map_or(u64::MAX, |at| at - 1));
    let from = first.ctr;
    (from <= to).then_some(Span { from, to })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn a_file_is_good_if_each_answer_follows_the_one_before_it(phone in file(2)) {
        let report = check(&lines(&phone), pool().house.trusted());
        let phone = known(&phone);
        prop_assert_eq!(report.is_good(), unbroken(&phone) == phone.len());
        prop_assert_eq!(report.vouched, vouched(&phone, first_fork(&phone, &[])));
    }

    #[test]
    fn beside_another_file_it_is_good_if_no_two_answers_contradict_and_the_other_ends_no_later(
        phone in file(1),
        server in file(2),
    ) {
        let (phone_lines, server_lines) = (lines(&phone), lines(&server));
        let (report, other) = check_with(&phone_lines, &server_lines, pool().house.trusted());
        let (phone, server) = (known(&phone), known(&server));
        let fork = first_fork(&phone, &server);
        let last = |file: &[Known]| file.iter().map(|it| it.ctr).max().unwrap_or(0);
        let whole = unbroken(&phone) == phone.len() && last(&server) <= last(&phone);
        prop_assert_eq!(report.is_good(), whole && fork.is_none(), "{:?}", report.findings);
        prop_assert_eq!(report.vouched, vouched(&phone, fork));
        let forked = report.findings.iter().any(|found| found.finding == Finding::Forked);
        // Where one file is wrong by itself, that counts first.
        let wrong = unbroken(&phone) < phone.len() || !other.is_good();
        prop_assert!(forked == fork.is_some() || wrong, "{:?}", report.findings);
    }
}
