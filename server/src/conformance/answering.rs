//! Answers, and what a phone does with what comes to them (protocol sections 7 and 8).

use super::forge::{hash, make, members};
use super::kit::{Kit, OTHER_PIN, PIN, Step};
use super::line::{RESPONSES, Trick};
use countersign_protocol::problem::Code;
use serde_json::{Value, json};

fn another(number: &str) -> String {
    let number: u32 = number.parse().unwrap_or_default();
    format!("{:02}", (number + 1) % 100)
}

impl Kit {
    pub(super) async fn answers(&mut self) -> Step<()> {
        self.is_alive("answer.deny").await?;
        let number = self.asked("answer.number").await?;
        let since = self.lab.line.count();
        self.approve(&another(&number), PIN)?;
        let code = self.newest_verdict(since);
        self.judge("answer.number", code == "number_wrong", code);
        let shown = self.look()?;
        self.judge("answer.final", shown == "0", format!("{shown} shown"));

        let number = self.asked("answer.pin").await?;
        let since = self.lab.line.count();
        self.approve(&number, OTHER_PIN)?;
        let code = self.newest_verdict(since);
        self.judge("answer.pin", code == "pin_wrong", code);
        let since = self.lab.line.count();
        self.approve(&number, PIN)?;
        let code = self.newest_verdict(since);
        self.judge("answer.again", code == "ok", code);

        self.kept("answer.lost", Trick::Lose).await?;
        self.kept("answer.gone", Trick::Problem(Code::Gone)).await?;
        let stranger = self.lab.stranger.clone();
        let forged = move |mut answer: Value| {
            let verdict = members(answer["verdict"].as_str().unwrap_or_default());
            answer["verdict"] = make(&stranger, "cs1-verdict", &verdict)
                .unwrap_or_default()
                .into();
            answer
        };
        self.kept("answer.key", Trick::Change(Box::new(forged)))
            .await?;
        let s = self.lab.s.clone();
        let of_another = move |mut answer: Value| {
            let mut verdict = members(answer["verdict"].as_str().unwrap_or_default());
            verdict["response"] = json!(hash("another.response."));
            answer["verdict"] = make(&s, "cs1-verdict", &verdict).unwrap_or_default().into();
            answer
        };
        self.kept("answer.other", Trick::Change(Box::new(of_another)))
            .await
    }

    /// The first answer to an approval is no verdict on it: its very bytes are sent again, and then there is one.
    async fn kept(&mut self, id: &str, trick: Trick) -> Step<()> {
        let number = self.asked(id).await?;
        let since = self.lab.line.count();
        self.lab.line.plan("POST", RESPONSES, trick);
        self.approve(&number, PIN)?;
        self.deliver()?;
        let calls = self.lab.line.calls(since, "POST", RESPONSES);
        let sent: Vec<String> = calls.iter().map(|call| call.sent("response")).collect();
        let same = sent.iter().all(|text| *text == sent[0]);
        let code = self.newest_verdict(since);
        let good = sent.len() > 1 && same && code == "ok";
        let what = if same {
            "the same bytes"
        } else {
            "other bytes"
        };
        let said = format!("sent {} times, {what}, {code}", sent.len());
        self.judge(id, good, said);
        // It is over: nothing goes on being sent.
        let since = self.lab.line.count();
        self.deliver()?;
        let more = self.lab.line.calls(since, "POST", RESPONSES).len();
        self.judge("answer.once", more == 0, format!("{more} more"));
        Ok(())
    }

    /// All answers of the run, in their order: each names the one before.
    pub(super) fn chain(&mut self) {
        let mut before: Option<(u64, String)> = None;
        let mut came = Ok(0);
        for call in self.lab.line.calls(0, "POST", RESPONSES) {
            let text = call.sent("response");
            let (response, h) = (members(&text), hash(&text));
            let ctr = response["ctr"].as_u64().unwrap_or_default();
            let prev = response["prev"].as_str().unwrap_or_default();
            let fits = match &before {
                Some((last, hash)) if h == *hash => ctr == *last,
                Some((last, hash)) => ctr == last + 1 && prev == hash,
                None => ctr == 1 && prev.is_empty(),
            };
            if !fits {
                came = Err(format!("ctr {ctr}"));
                break;
            }
            before = Some((ctr, h));
            came = Ok(ctr);
        }
        let said = came.map(|ctr| format!("{ctr} answers"));
        self.report.judge("answer.chain", said);
    }
}
