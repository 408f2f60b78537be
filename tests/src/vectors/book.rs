//! A file of vectors: one a line, in the order in which they were published.

use super::published;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The vectors of one file.
pub struct Topic {
    /// Its name, that of the file.
    pub name: &'static str,
    pub(super) vectors: Vec<Value>,
}

impl Topic {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            vectors: Vec::new(),
        }
    }

    /// Adds one: what it is about, what is done with it, what comes in and what comes out.
    pub(super) fn add(&mut self, id: &str, op: &str, expect: &str, members: Value) {
        let mut vector = members;
        vector["id"] = json!(id);
        vector["op"] = json!(op);
        vector["expect"] = json!(expect);
        let known = self.vectors.iter().any(|known| known["id"] == vector["id"]);
        assert!(!known, "twice: {id}");
        self.vectors.push(vector);
    }

    /// What they are.
    pub fn vectors(&self) -> &[Value] {
        &self.vectors
    }
}

/// The file of a topic after what is made now was added to what is there.
///
/// # Errors
/// A vector that is there would be another one now, or none. It names it.
pub fn merge(there: &str, topic: &Topic) -> Result<String, String> {
    let there: Value = match there {
        "" => json!({ "vectors": [] }),
        text => serde_json::from_str(text).map_err(|error| error.to_string())?,
    };
    let there = there["vectors"].as_array().ok_or("no vectors")?;
    let mut made: BTreeMap<&str, &Value> = BTreeMap::new();
    for vector in &topic.vectors {
        made.insert(id(vector), vector);
    }
    let mut all: Vec<&Value> = Vec::new();
    for old in there {
        let new = made.remove(id(old));
        let new = new.ok_or_else(|| format!("{} is made no more", id(old)))?;
        if plain(old) != plain(new) {
            return Err(format!("{} is another one now: {new}", id(old)));
        }
        all.push(old);
    }
    all.extend(
        topic
            .vectors
            .iter()
            .filter(|one| made.contains_key(id(one))),
    );
    let lines: Vec<String> = all.iter().map(|vector| vector.to_string()).collect();
    let keys = published::Published::load().public_keys();
    Ok(format!(
        "{{\"topic\":\"{}\",\"version\":1,\"keys\":{keys},\"vectors\":[\n{}\n]}}\n",
        topic.name,
        lines.join(",\n")
    ))
}

fn id(vector: &Value) -> &str {
    vector["id"].as_str().unwrap_or_default()
}

/// The same without the signatures that differ each time: those by P-256 keys.
fn plain(vector: &Value) -> String {
    let text = vector.to_string();
    let is_of_statement =
        |byte: char| byte.is_ascii_alphanumeric() || matches!(byte, '-' | '_' | '.');
    let mut plain = String::with_capacity(text.len());
    for word in text.split_inclusive(|byte| !is_of_statement(byte)) {
        let (token, rest) = match word.char_indices().last() {
            Some((at, last)) if !is_of_statement(last) => word.split_at(at),
            _ => (word, ""),
        };
        match token.rsplit_once('.') {
            Some((signed, _)) if published::is_by_p256(signed) => {
                plain.push_str(signed);
                plain.push_str(".*");
            }
            _ => plain.push_str(token),
        }
        plain.push_str(rest);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(vectors: Vec<Value>) -> Topic {
        Topic {
            name: "some",
            vectors,
        }
    }

    #[test]
    fn what_was_published_is_neither_changed_nor_taken_back() {
        let one = json!({ "id": "one", "x": 1 });
        let two = json!({ "id": "two", "x": 2 });
        let first = merge("", &topic(vec![one.clone()])).unwrap();
        assert_eq!(merge(&first, &topic(vec![one.clone()])), Ok(first.clone()));
        let both = merge(&first, &topic(vec![two.clone(), one.clone()])).unwrap();
        // What is there stays where it is; the new one comes behind.
        assert!(both.find("\"one\"") < both.find("\"two\""));
        assert!(both.starts_with(first.strip_suffix("\n]}\n").unwrap()));
        let other = json!({ "id": "one", "x": 2 });
        assert!(merge(&first, &topic(vec![other])).is_err());
        assert!(merge(&both, &topic(vec![one])).is_err());
    }

    #[test]
    fn only_signatures_that_cannot_be_made_again_may_differ() {
        let published = published::Published::load();
        let by_dev = published.statement("response");
        let by_server = published.statement("challenge");
        let with = |text: &str| json!({ "id": "one", "text": format!("{{\"a\":\"{text}\"}}") });
        let cut = |text: &str| text[..text.len() - 1].to_owned() + "A";
        let first = merge(
            "",
            &topic(vec![with(by_dev), json!({"id": "two", "s": by_server})]),
        )
        .unwrap();
        let again = vec![with(&cut(by_dev)), json!({"id": "two", "s": by_server})];
        assert_eq!(merge(&first, &topic(again)), Ok(first.clone()));
        let other = vec![with(by_dev), json!({"id": "two", "s": cut(by_server)})];
        assert!(merge(&first, &topic(other)).is_err());
    }
}
