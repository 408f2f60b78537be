//! The history for others: a file that anybody can check, and deleting what is old.

use crate::change::account;
use crate::copy::write_new;
use crate::phone::Phone;
use crate::trouble::Trouble;
use serde_json::json;
use std::path::Path;

pub(crate) fn export(phone: &Phone, id: Option<&str>, file: &Path) -> Result<(), Trouble> {
    let account = account(phone, id)?;
    let mut lines = Vec::new();
    let exported = phone.core.export_history(&account.id, &mut lines)?;
    write_new(file, &lines)?;
    let last = exported.last.map(|hash| hash.to_string());
    let event = json!({
        "event": "history_exported",
        "root": exported.root.to_string(),
        "dev": exported.dev.to_string(),
        "from": exported.from,
        "to": exported.to,
        "last": last,
    });
    phone.voice.say(&event, || {
        format!(
            "Answers {} to {} in {}. Whoever has that file sees what was asked and answered. It is checked by\n  \
             countersign verify-history {} --root {} --dev {}\nLast answer: {}",
            exported.from,
            exported.to,
            file.display(),
            file.display(),
            exported.root,
            exported.dev,
            last.as_deref().unwrap_or("none"),
        )
    });
    Ok(())
}

pub(crate) fn forget(phone: &Phone, id: Option<&str>, before: u64) -> Result<(), Trouble> {
    let account = account(phone, id)?;
    let gone = phone.core.forget_history(&account.id, before)?;
    let event = json!({ "event": "history_forgotten", "answers": gone });
    phone.voice.say(&event, || {
        format!("{gone} answers deleted. The chain then begins later.")
    });
    Ok(())
}
