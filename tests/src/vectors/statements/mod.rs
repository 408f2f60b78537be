//! In: the published statements. Out: each as a good vector, with the siblings that all have and those of its own rules. Never: a sibling
//! that is refused for another reason than the one it is there for.

mod challenges;
mod members;
mod of_phone;
mod of_server;
mod own_key;

use super::book::Topic;
use super::published::Published;
use super::siblings::Good;
use serde_json::{Value, json};

/// A change that its own rules refuse: a name, what is replaced by what, and the answer.
type Bent = (&'static str, &'static str, &'static str, &'static str);

const M: &str = "malformed";

pub(super) fn topic() -> Topic {
    let mut topic = Topic::new("statements");
    let published = Published::load();
    own_key::keys(&mut topic, &published);
    own_key::registration(&mut topic, &published);
    own_key::key(&mut topic, &published);
    of_server::add(&mut topic, &published);
    of_phone::add(&mut topic, &published);
    members::add(&mut topic, &published);
    topic
}

struct Kind<'a> {
    op: &'a str,
    typ: &'a str,
    signer: &'a str,
    stranger: &'a str,
}

fn all_of(
    topic: &mut Topic,
    published: &Published,
    (name, statement): (&str, &str),
    kind: &Kind<'_>,
    beside: Value,
    bent: &[Bent],
) {
    let good = Good {
        name,
        op: kind.op,
        typ: kind.typ,
        statement: published.statement(statement),
        hash: published.hash(statement),
        signer: published.key(kind.signer),
        stranger: published.key(kind.stranger),
        beside,
    };
    good.add_all(topic);
    for (id, from, to, expect) in bent {
        good.with(topic, id, from, to, expect);
    }
}

/// Further good ones of a kind.
fn also(topic: &mut Topic, published: &Published, typ: &str, by: &[&str], names: &[&str]) {
    for name in names {
        topic.add(
            &format!("{name}/good"),
            "statement",
            "ok",
            json!({ "typ": typ, "by": by, "statement": published.statement(name), "H": published.hash(name) }),
        );
    }
}
