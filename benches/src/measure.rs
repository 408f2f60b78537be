//! Times on a noisy machine: what is compared runs in turns, and medians are taken.

use crate::Result;
use std::time::{Duration, Instant};

/// Something to be timed: does its work once and says how long the part that counts took.
pub type Timed<'a> = Box<dyn FnMut() -> Result<Duration> + 'a>;

/// Times all of it.
pub fn all<'a, T>(mut work: impl FnMut() -> Result<T> + 'a) -> Timed<'a> {
    Box::new(move || {
        let begin = Instant::now();
        std::hint::black_box(work()?);
        Ok(begin.elapsed())
    })
}

/// How long one call of each takes, by rounds.
pub struct Rounds(Vec<Vec<f64>>);

/// Lets them take turns: in each round every one is called `calls` times in a row.
pub fn in_turns(rounds: usize, calls: u32, work: &mut [Timed<'_>]) -> Result<Rounds> {
    for timed in work.iter_mut() {
        for _ in 0..calls {
            timed()?;
        }
    }
    let mut means = vec![Vec::with_capacity(rounds); work.len()];
    for _ in 0..rounds {
        for (timed, means) in work.iter_mut().zip(&mut means) {
            let mut sum = Duration::ZERO;
            for _ in 0..calls {
                sum += timed()?;
            }
            means.push(sum.as_secs_f64() / f64::from(calls));
        }
    }
    Ok(Rounds(means))
}

impl Rounds {
    /// Seconds that one call of the n-th takes: the median of the rounds.
    pub fn seconds(&self, n: usize) -> f64 {
        median(self.0[n].clone())
    }

    /// How many times as long the n-th takes as the sum of others: the median of each round's ratio.
    pub fn ratio(&self, n: usize, yardsticks: &[usize]) -> f64 {
        let of_round = |round: usize| {
            let yardstick: f64 = yardsticks.iter().map(|&other| self.0[other][round]).sum();
            self.0[n][round] / yardstick
        };
        median((0..self.0[n].len()).map(of_round).collect())
    }
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
