//! What calls of the core take in Rust, beside which the same calls of other languages are put.

use crate::phone::Phone;
use crate::trouble::Trouble;
use countersign_core::Answer;
use serde_json::json;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Calls that aren't counted, and calls that are.
const TIMES: [u32; 2] = [500, 2000];

/// Says the median of each call. Each request that waits is approved, once; the server is gone.
pub(crate) fn measure(phone: &Phone, began: Instant) -> Result<(), Trouble> {
    let core = &phone.core;
    core.accounts()?;
    let start = began.elapsed();
    let prompts = core.pending()?;
    let Some(first) = prompts.first() else {
        return Err(Trouble::Usage("nothing waits".to_owned()));
    };
    tell(phone, "start", start);
    let accounts = repeated(|| {
        black_box(core.accounts()?);
        Ok(())
    })?;
    tell(phone, "accounts", accounts);
    let shown = repeated(|| {
        black_box(core.show(&first.id)?);
        Ok(())
    })?;
    tell(phone, "show", shown);
    let mut approved = Vec::new();
    for prompt in &prompts {
        let answer = Answer::Approve {
            number: Some("00".to_owned()),
            pin: None,
        };
        let begin = Instant::now();
        black_box(core.decide(&prompt.id, &answer)?);
        approved.push(begin.elapsed());
    }
    tell(phone, "approve", median(approved));
    Ok(())
}

fn tell(phone: &Phone, call: &str, took: Duration) {
    let ns = took.as_nanos();
    let event =
        json!({"event": "measured", "call": call, "ns": u64::try_from(ns).unwrap_or(u64::MAX)});
    phone.voice.say(&event, || format!("{call}: {took:?}"));
}

fn repeated(mut call: impl FnMut() -> Result<(), Trouble>) -> Result<Duration, Trouble> {
    let mut times = Vec::new();
    for _ in 0..TIMES[0] {
        call()?;
    }
    for _ in 0..TIMES[1] {
        let begin = Instant::now();
        call()?;
        times.push(begin.elapsed());
    }
    Ok(median(times))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
