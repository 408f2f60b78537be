//! A mail server that takes every letter (RFC 5321, as far as a client needs it), and the reader of its letters.

use super::World;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

#[derive(Clone)]
pub(crate) struct Letters {
    all: Arc<Mutex<Vec<Letter>>>,
    came: Arc<Notify>,
    port: u16,
}

#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) to: String,
    pub(crate) text: String,
}

impl Letters {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let letters = Self {
            all: Arc::default(),
            came: Arc::default(),
            port: listener.local_addr().unwrap().port(),
        };
        let into = letters.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let into = into.clone();
                tokio::spawn(async move { into.take(stream).await });
            }
        });
        letters
    }

    /// The settings of a server that writes by it.
    pub(crate) fn settings(&self, text: &str, begin_in_app: bool) -> String {
        format!(
            "{text}\n[mail]\nsmtp = \"smtp://127.0.0.1:{}\"\nfrom = \"Example ID <id@example.com>\"\n\
             domains = [\"example.com\"]\nbegin_in_app = {begin_in_app}\n",
            self.port
        )
    }

    async fn take(&self, stream: TcpStream) {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let (mut to, mut text, mut in_text) = (String::new(), String::new(), false);
        write.write_all(b"220 test\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            if in_text {
                if line == "." {
                    in_text = false;
                    let (to, text) = (std::mem::take(&mut to), std::mem::take(&mut text));
                    self.all.lock().unwrap().push(Letter { to, text });
                    self.came.notify_waiters();
                    write.write_all(b"250 ok\r\n").await.unwrap();
                } else {
                    // Quoted-printable and its soft line ends.
                    match line.strip_suffix('=') {
                        Some(part) => text.push_str(part),
                        None => text.push_str(&(line + "\n")),
                    }
                }
                continue;
            }
            if let Some(rest) = line.strip_prefix("RCPT TO:<") {
                to = rest.trim_end_matches('>').to_owned();
            }
            in_text = line == "DATA";
            let answer: &[u8] = match in_text {
                true => b"354 go on\r\n",
                false => b"250 ok\r\n",
            };
            write.write_all(answer).await.unwrap();
        }
    }

    pub(crate) fn all(&self) -> Vec<Letter> {
        self.all.lock().unwrap().clone()
    }

    /// The n-th letter, once it has come.
    pub(crate) async fn number(&self, n: usize) -> Letter {
        loop {
            let came = self.came.notified();
            if let Some(letter) = self.all().get(n - 1) {
                return letter.clone();
            }
            came.await;
        }
    }
}

impl Letter {
    /// The path of the page that it leads to, if it does.
    pub(crate) fn page(&self) -> Option<String> {
        let (_, rest) = self.text.split_once(&format!("{}/i/", super::ORIGIN))?;
        let token: String = rest.chars().take(22).collect();
        Some(format!("/i/{token}"))
    }
}

impl World {
    /// A world that writes letters.
    pub(crate) async fn with_letters(begin_in_app: bool) -> (Self, Letters) {
        let letters = Letters::open().await;
        let world = Self::with_settings(|text| letters.settings(&text, begin_in_app)).await;
        (world, letters)
    }
}
