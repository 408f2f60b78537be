//! What happens to an ID beside requests: states, keys, nonces, unsigned answers, time (protocol sections 4, 5, 10 and 12).

use super::forge::make;
use super::kit::{Kit, PIN, Step};
use super::lab::LIFE;
use super::line::{CREDENTIALS, KEYS, LIST, Trick};
use countersign_protocol::problem::Code;
use serde_json::{Value, json};

impl Kit {
    pub(super) async fn life(&mut self) -> Step<()> {
        self.stale_nonce().await?;
        self.unsigned().await?;
        self.false_states().await?;
        self.suspended().await?;
        self.rotated().await?;
        self.late().await?;
        self.chain();
        let acks = self.lab.line.calls(0, "POST", "/cs/v1/acks");
        let good = acks.iter().filter(|call| call.status == 204).count();
        self.judge("others.acknowledged", good > 0, format!("{good} times"));
        self.revoked().await
    }

    /// A nonce that ran out while the phone slept.
    async fn stale_nonce(&mut self) -> Step<()> {
        let old = self
            .lab
            .app
            .signer
            .nonce(self.lab.now().saturating_sub(400));
        self.lab.line.plan("GET", LIST, Trick::Nonce(old));
        self.look()?;
        let since = self.lab.line.count();
        let done = self.lab.line.is_done();
        self.look()?;
        let calls = self.lab.line.calls(since, "GET", "/cs/v1/");
        let asked: Vec<u16> = calls.iter().map(|call| call.status).collect();
        let repeated = asked.windows(2).any(|two| two == [401, 200]);
        let said = format!("{asked:?}");
        self.judge("nonce.stale", done && repeated, said);
        Ok(())
    }

    /// Problems are nobody's word: the ID stays what it was.
    async fn unsigned(&mut self) -> Step<()> {
        for (id, code) in [
            ("problem.not_found", Code::NotFound),
            ("problem.gone", Code::Gone),
            ("problem.bad_proof", Code::BadProof),
            ("problem.not_active", Code::NotActive),
            ("problem.fault", Code::Fault),
        ] {
            self.lab.line.plan("GET", LIST, Trick::Problem(code));
            self.look()?;
            if self.lab.line.is_done() {
                self.is_alive(id).await?;
            } else {
                self.judge(id, false, "the phone did not ask for its list");
            }
        }
        Ok(())
    }

    /// A state that must not be taken, which the list's `sn` announces.
    async fn false_state(&mut self, id: &str, state: String) -> Step<()> {
        self.list(Vec::new(), Vec::new(), 1);
        self.lab.line.change("GET", CREDENTIALS, move |mut answer| {
            answer["state"] = state.into();
            answer
        });
        self.look()?;
        if !self.lab.line.is_done() {
            self.judge(id, false, "the phone did not fetch its state");
            return Ok(());
        }
        // At once: one that believed it is over asks again, and hears what is true (section 11).
        let standing = self.standing()?;
        self.judge(id, standing == "active", standing);
        self.is_alive(id).await
    }

    /// A state that says that all is over.
    fn over(&self, sn: u64) -> Value {
        let mut state = self.state.clone();
        if let Some(members) = state.as_object_mut() {
            members.remove("wake");
            members.remove("push_id");
        }
        state["state"] = json!("revoked");
        state["reason"] = json!("removed");
        state["sn"] = json!(state["sn"].as_u64().unwrap_or_default() + sn);
        state["iat"] = json!(self.lab.now());
        state
    }

    async fn false_states(&mut self) -> Step<()> {
        let forged = make(&self.lab.stranger, "cs1-state", &self.over(1)).unwrap_or_default();
        self.false_state("state.key", forged).await?;
        let old = self.lab.sign("cs1-state", &self.over(0));
        self.false_state("state.old", old).await?;
        for (id, member) in [("state.registration", "registration"), ("state.dev", "dev")] {
            let mut other = self.over(1);
            other[member] = json!(super::forge::hash("another.value."));
            let other = self.lab.sign("cs1-state", &other);
            self.false_state(id, other).await?;
        }
        let mut other = self.over(1);
        other["aud"] = json!("AAAAAAAAAAAAAAAAAAAAAA");
        let other = self.lab.sign("cs1-state", &other);
        self.false_state("state.aud", other).await?;
        self.weaker().await
    }

    /// Less is asked, and nobody agreed to it on the phone.
    async fn weaker(&mut self) -> Step<()> {
        let mut state = self.state.clone();
        let n = state["policy"]["n"].as_u64().unwrap_or_default() + 1;
        state["policy"]["n"] = json!(n);
        state["policy"]["min"] = json!([["dev"]]);
        state["sn"] = json!(state["sn"].as_u64().unwrap_or_default() + 1);
        state["iat"] = json!(self.lab.now());
        let state = self.lab.sign("cs1-state", &state);
        let mut challenge = self.challenge();
        challenge["policy"] = json!(n);
        challenge["factors"] = json!([["dev"]]);
        let challenge = self.lab.sign("cs1-challenge", &challenge);
        self.list(vec![challenge], Vec::new(), 1);
        self.lab.line.change("GET", CREDENTIALS, move |mut answer| {
            answer["state"] = state.into();
            answer
        });
        let shown = self.look()?;
        let asked = self.lab.line.is_done();
        let said = if asked {
            format!("{shown} shown")
        } else {
            "the phone did not fetch its state".to_owned()
        };
        self.judge("policy.weaker", asked && shown == "0", said);
        if shown != "0" {
            self.deny()?;
        }
        Ok(())
    }

    async fn suspended(&mut self) -> Step<()> {
        let credential = self.credential.clone();
        let since = self.lab.line.count();
        self.lab.command(&["phone", "suspend", &credential]).await?;
        self.look()?;
        self.learned("state.suspended", since, "suspended")?;
        let since = self.lab.line.count();
        self.lab.command(&["phone", "resume", &credential]).await?;
        self.look()?;
        self.learned("state.resumed", since, "active")?;
        self.is_alive("state.resumed").await
    }

    /// Another S signs, and then only another one.
    async fn rotated(&mut self) -> Step<()> {
        self.wait_a_minute()?;
        let since = self.lab.line.count();
        self.lab.rotate(false).await?;
        self.is_alive("keys.rotated").await?;
        let fetched = self.lab.line.calls(since, "GET", KEYS).len();
        self.judge(
            "keys.rotated",
            fetched > 0,
            format!("fetched {fetched} times"),
        );
        self.wait_a_minute()?;
        let since = self.lab.line.count();
        self.lab.rotate(true).await?;
        self.is_alive("keys.newest").await?;
        let fetched = self.lab.line.calls(since, "GET", KEYS).len();
        self.judge(
            "keys.newest",
            fetched > 0,
            format!("fetched {fetched} times"),
        );
        let old = self.challenge();
        let old = self.lab.sign("cs1-challenge", &old);
        self.not_shown("keys.withdrawn", old)
    }

    /// The person answers too late, as only the server knows.
    async fn late(&mut self) -> Step<()> {
        let number = self.asked("time.late").await?;
        let since = self.lab.line.count();
        self.lab.pass(LIFE + 1);
        self.approve(&number, PIN)?;
        let code = self.newest_verdict(since);
        self.judge("time.late", code == "expired", code);
        let shown = self.look()?;
        self.judge("time.late", shown == "0", format!("expired, {shown} shown"));
        // The verdict told the phone what time it is.
        self.is_alive("time.after").await
    }

    async fn revoked(&mut self) -> Step<()> {
        let credential = self.credential.clone();
        let since = self.lab.line.count();
        self.lab.command(&["phone", "revoke", &credential]).await?;
        self.look()?;
        self.learned("state.revoked", since, "revoked")?;
        Ok(())
    }
}
