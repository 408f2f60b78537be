//! A report in words, for somebody who has to decide by it, and as JSON.

use countersign_protocol::history::{Found, Report, Span, Trusted};
use serde_json::{Value, json};

/// Whether nothing is wrong with either file.
pub(crate) fn is_good(report: &Report, other: Option<&Report>) -> bool {
    report.is_good() && other.is_none_or(Report::is_good)
}

pub(crate) fn text(report: &Report, other: Option<&Report>, trusted: &Trusted) -> String {
    let mut text = format!(
        "Phone {} at {}: {}\n",
        report.credential,
        report.origin,
        counted(report)
    );
    text.push_str(&vouched(report, trusted));
    if report.codes > 0 {
        text.push_str(
            "Of codes that were shown nothing is proved but that the server asked for them.\n",
        );
    }
    text.push_str(&match other {
        None => "Whether later answers were cut off at the end, this file alone cannot tell: the server's export does (--with).\n".to_owned(),
        Some(other) => format!("The other file: {}\n", counted(other)),
    });
    add_findings(&mut text, "Wrong with this file", report);
    if let Some(other) = other {
        add_findings(&mut text, "Wrong with the other file", other);
    }
    text
}

fn counted(report: &Report) -> String {
    let mut parts = vec![many(report.answers, "answer", "answers")];
    if report.unjudged > 0 {
        let mut part = format!("{} without a verdict", report.unjudged);
        if report.judged_elsewhere > 0 {
            let more = report.judged_elsewhere;
            part.push_str(&format!(" ({more} of them have one in the other file)"));
        }
        parts.push(part);
    }
    if report.codes > 0 {
        parts.push(many(report.codes, "code shown", "codes shown"));
    }
    format!("{}.", parts.join(", "))
}

fn many(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

fn span(span: Span) -> String {
    match span.from == span.to {
        true => format!("answer {}", span.from),
        false => format!("answers {} to {}", span.from, span.to),
    }
}

/// What is vouched for, and on what that rests.
fn vouched(report: &Report, trusted: &Trusted) -> String {
    let Some(all) = report.vouched else {
        return "Nothing is vouched for.\n".to_owned();
    };
    let what = span(all);
    let mut text = format!(
        "Vouched for: {what}. The server asked, the person was shown what it asked, this phone answered, and nothing is missing between.\n"
    );
    match report.by_phone {
        None => {
            text.push_str(
                "It rests on the root key alone: it is as good as none of the server's signing keys was ever stolen.\n",
            );
            if trusted.dev.is_some() || trusted.deposited.is_some() {
                text.push_str("What you know of the phone adds nothing: no answer before the first fault rests on it.\n");
            }
        }
        Some(by_phone) => {
            text.push_str(&format!(
                "That this phone signed {}, in this order, rests on what you know of the phone, and holds even if a signing key of the \
                 server was stolen. What the server asked and said, its verdicts above all, rests on its signing keys.\n",
                span(by_phone)
            ));
            if by_phone.to < all.to {
                let rest = Span {
                    from: by_phone.to + 1,
                    to: all.to,
                };
                text.push_str(&format!(
                    "For {} also the phone's part rests on the server's signing keys.\n",
                    span(rest)
                ));
            }
        }
    }
    text
}

fn add_findings(text: &mut String, title: &str, report: &Report) {
    if report.is_good() {
        return;
    }
    text.push_str(&format!("{title}:\n"));
    for found in &report.findings {
        let line = found.line.map(|line| format!("line {line}"));
        let ctr = found.ctr.map(|ctr| format!("answer {ctr}"));
        let place: Vec<String> = [line, ctr].into_iter().flatten().collect();
        let place = match place.is_empty() {
            true => String::new(),
            false => format!("{}: ", place.join(", ")),
        };
        let (finding, code) = (found.finding, found.finding.code());
        text.push_str(&format!("  {place}{finding} [{code}]\n"));
    }
    if report.more > 0 {
        text.push_str(&format!("  and {} more\n", report.more));
    }
}

pub(crate) fn json(report: &Report, other: Option<&Report>, trusted: &Trusted) -> Value {
    let good = is_good(report, other) && report.vouched.is_some();
    let mut json = of(report);
    json["good"] = good.into();
    json["rests_on"] = json!({
        "root": trusted.root,
        "dev": trusted.dev,
        "deposited": trusted.deposited,
    });
    json["with"] = other.map_or(Value::Null, of);
    json
}

fn of(report: &Report) -> Value {
    let span = |span: Option<Span>| span.map(|span| json!({ "from": span.from, "to": span.to }));
    let findings: Vec<Value> = report.findings.iter().map(finding).collect();
    json!({
        "server": report.origin,
        "credential": report.credential,
        "answers": report.answers,
        "unjudged": report.unjudged,
        "judged_elsewhere": report.judged_elsewhere,
        "codes": report.codes,
        "vouched": span(report.vouched),
        "by_phone": span(report.by_phone),
        "findings": findings,
        "more_findings": report.more,
    })
}

fn finding(found: &Found) -> Value {
    json!({
        "code": found.finding.code(),
        "line": found.line,
        "ctr": found.ctr,
        "text": found.finding.to_string(),
    })
}
