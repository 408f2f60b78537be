//! A PIN as it is typed: into the command line, or on standard input.

use crate::phone::Phone;
use crate::trouble::Trouble;
use countersign_core::PinEntry;
use std::io::{self, BufRead};
use zeroize::Zeroizing;

/// The PIN of the command line, or what is typed when the question is asked.
pub(crate) fn pin(phone: &Phone, given: Option<&str>, question: &str) -> Result<PinEntry, Trouble> {
    if let Some(digits) = given {
        return entered(digits);
    }
    phone.voice.ask(question);
    let mut line = Zeroizing::new(String::new());
    // Nothing typed is a PIN without digits, and the core says so.
    let _ = io::stdin().lock().read_line(&mut line);
    entered(line.trim())
}

fn entered(digits: &str) -> Result<PinEntry, Trouble> {
    let mut entry = PinEntry::new();
    for digit in digits.chars() {
        let digit = digit.to_digit(10).unwrap_or(10);
        entry
            .push(u8::try_from(digit).unwrap_or(10))
            .map_err(|fault| Trouble::Usage(fault.to_string()))?;
    }
    Ok(entry)
}
