//! Tells waiting pages and phones that something happened, in this process.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};

/// What somebody waits for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// A challenge or a state for a credential.
    Credential(String),
    /// A login went on.
    Login(String),
    /// What an application asked was answered.
    Ask(String),
    /// The invitation of a page went on (by the page's hash).
    Page(String),
}

pub(crate) struct Wake {
    sender: broadcast::Sender<Topic>,
    /// The newest poll of each credential; an older one ends when it is not the newest any more.
    polls: Mutex<HashMap<String, u64>>,
}

impl Wake {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::channel(1024).0,
            polls: Mutex::default(),
        }
    }

    pub(crate) fn tell(&self, topic: Topic) {
        // Nobody listening is no error.
        let _ = self.sender.send(topic);
    }

    /// Listen first, then look, then wait: nothing is missed in between.
    pub(crate) fn listen(&self, topic: Topic, longest: Duration) -> Listener {
        Listener {
            receiver: self.sender.subscribe(),
            topic,
            deadline: Instant::now() + longest,
        }
    }

    /// Begins a poll of a credential and ends the one before.
    pub(crate) fn begin_poll(&self, credential: &str) -> u64 {
        let mut polls = self
            .polls
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let turn = polls.entry(credential.to_owned()).or_insert(0);
        *turn += 1;
        let mine = *turn;
        drop(polls);
        self.tell(Topic::Credential(credential.to_owned()));
        mine
    }

    pub(crate) fn is_newest_poll(&self, credential: &str, turn: u64) -> bool {
        let polls = self
            .polls
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        polls.get(credential) == Some(&turn)
    }
}

pub(crate) struct Listener {
    receiver: broadcast::Receiver<Topic>,
    topic: Topic,
    deadline: Instant,
}

impl Listener {
    /// `true` when it is worth looking again, `false` when the time is over.
    pub(crate) async fn wait(&mut self) -> bool {
        loop {
            match timeout_at(self.deadline, self.receiver.recv()).await {
                Ok(Ok(topic)) if topic == self.topic => return true,
                Ok(Ok(_)) => {}
                // So much happened that something may have been missed.
                Ok(Err(RecvError::Lagged(_))) => return true,
                Ok(Err(RecvError::Closed)) | Err(_) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str) -> Topic {
        Topic::Login(name.into())
    }

    #[tokio::test]
    async fn what_is_told_between_listening_and_waiting_is_not_missed() {
        let wake = Wake::new();
        let mut listener = wake.listen(topic("a"), Duration::from_secs(60));
        wake.tell(topic("b"));
        wake.tell(topic("a"));
        assert!(listener.wait().await);
    }

    #[tokio::test]
    async fn other_topics_do_not_wake() {
        let wake = Wake::new();
        let mut listener = wake.listen(topic("a"), Duration::ZERO);
        wake.tell(topic("b"));
        assert!(!listener.wait().await);
    }

    #[test]
    fn a_newer_poll_ends_the_older() {
        let wake = Wake::new();
        let first = wake.begin_poll("c");
        assert!(wake.is_newest_poll("c", first));
        let other = wake.begin_poll("d");
        let second = wake.begin_poll("c");
        assert!(!wake.is_newest_poll("c", first));
        assert!(wake.is_newest_poll("c", second) && wake.is_newest_poll("d", other));
    }
}
