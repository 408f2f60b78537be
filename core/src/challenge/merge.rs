//! Many requests of one service are one row of a list: whoever floods a person gets one line of attention (protocol section 12).

use super::prompt::Prompt;
use countersign_protocol::Id;

/// The open requests of one service for one ID, those that end first before the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requests {
    /// The ID.
    pub account: Id,
    /// Who asks.
    pub service: String,
    /// At least one. Each is decided by itself.
    pub prompts: Vec<Prompt>,
}

/// Puts together what one service asks; the order is that of each first one.
pub(crate) fn merge(prompts: Vec<Prompt>) -> Vec<Requests> {
    let mut merged: Vec<Requests> = Vec::new();
    for prompt in prompts {
        let same = merged.iter_mut().find(|requests| {
            let known = requests.prompts.first();
            known.is_some_and(|known| {
                known.id.account == prompt.id.account && known.service_id == prompt.service_id
            })
        });
        match same {
            Some(requests) => requests.prompts.push(prompt),
            None => merged.push(Requests {
                account: prompt.id.account,
                service: prompt.service.clone(),
                prompts: vec![prompt],
            }),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use crate::testkit::Phone;
    use countersign_protocol::Id;
    use countersign_protocol::statement::Challenge;
    use countersign_protocol::text::Name;

    #[test]
    fn many_requests_of_one_service_are_one_row_and_each_is_there() {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        let of = |service: &'static str| {
            move |challenge: &mut Challenge| {
                challenge.service.id = service.to_owned();
                challenge.txn = Id::make().unwrap();
            }
        };
        for (number, service) in [(1, "wiki"), (2, "bank"), (3, "wiki"), (4, "wiki")] {
            phone.peer.ask(number, of(service));
        }
        app.poll(&id, 0).unwrap();
        let requests = app.requests().unwrap();
        let sizes: Vec<_> = requests.iter().map(|one| one.prompts.len()).collect();
        let mut sorted = sizes.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [1, 3]);
        let all: Vec<_> = requests.iter().flat_map(|one| &one.prompts).collect();
        let mut listed = app.pending().unwrap();
        assert_eq!(all.len(), listed.len());
        listed.retain(|prompt| !all.contains(&prompt));
        assert!(listed.is_empty());
    }

    #[test]
    fn a_name_alone_makes_no_service_another() {
        let phone = Phone::new();
        let (app, id) = phone.enrolled();
        for number in 1..=2 {
            phone.peer.ask(number, |challenge| {
                challenge.txn = Id::make().unwrap();
                challenge.service.name = Name::parse(&format!("Wiki {number}")).unwrap();
            });
        }
        app.poll(&id, 0).unwrap();
        assert_eq!(app.requests().unwrap().len(), 1);
    }
}
