//! Text that people are shown: what is refused and what is cleaned agree, and cleaning twice changes nothing.
#![no_main]

use countersign_protocol::text::{NotText, Text};

libfuzzer_sys::fuzz_target!(|text: &str| {
    both::<8>(text);
    both::<64>(text);
});

fn both<const MAX: usize>(text: &str) {
    let parsed = Text::<MAX>::parse(text);
    let cleaned = Text::<MAX>::clean(text);
    match (&parsed, &cleaned) {
        // What is fit needs no cleaning.
        (Ok(parsed), cleaned) => {
            assert_eq!(parsed.as_str(), text);
            assert_eq!(cleaned.as_ref(), Ok(parsed));
        }
        // Cleaning removes, normalises and cuts: only nothing is left unfit.
        (Err(_), Err(why)) => assert_eq!(*why, NotText::Empty),
        (Err(_), Ok(_)) => {}
    }
    if let Ok(cleaned) = cleaned {
        let shown = cleaned.as_str();
        assert!((1..=MAX).contains(&shown.chars().count()));
        assert_eq!(Text::<MAX>::parse(shown).as_ref(), Ok(&cleaned));
        assert_eq!(Text::<MAX>::clean(shown).as_ref(), Ok(&cleaned));
        assert!(!shown.chars().any(|c| c.is_control()));
    }
}
