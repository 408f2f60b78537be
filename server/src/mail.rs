//! Letters: what only whoever reads the mail of an address shall know (protocol sections 5 and 11).
//!
//! In: the address that somebody named, who may be anybody. Out: at the most one letter, sent after whoever asked was
//! answered: neither the answer nor its time tells whether there is an ID. Never: a letter to an address outside the
//! operator's domains, more than three in an hour to one that lead on, a way for others to use those three up by what leads nowhere.

use crate::app::{App, Shared};
use crate::config;
use crate::error::Fault;
use crate::limits::Per;
use crate::recovery;
use crate::signer::{StartError, hidden};
use crate::store::invitations::{self, Page};
use crate::store::recovery as codes;
use crate::store::{credentials, users};
use countersign_protocol::Id as Token;
use countersign_texts::{Id, Lang, text};
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

/// Letters with a page to one address …
const MOST: u32 = 3;

/// … and letters that only say why there is none, which anybody can ask for …
const MOST_WITHOUT: u32 = 1;

/// … in so many seconds.
const IN: u64 = 3600;

/// How long the address in a letter can be used, seconds.
const PAGE_LIFE: u64 = 3600;

pub(crate) struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    domains: Vec<String>,
    /// Whether IDs may be begun in the app.
    pub(crate) begin_in_app: bool,
    sent: Per<String>,
    sent_without: Per<String>,
}

/// What somebody asked for.
#[derive(Clone, Copy)]
pub(crate) enum Wish {
    /// An ID begun in the app.
    Begin,
    /// A phone in place of a lost one.
    Recover,
}

/// What a letter says.
enum Letter {
    Begin { page: String },
    HasPhone,
    Recover { page: String, left: i64 },
    NoCodes,
}

impl Mail {
    pub(crate) fn new(
        settings: &config::Mail,
        config: &config::Config,
    ) -> Result<Self, StartError> {
        let bad = |_| {
            StartError::said(
                "mail.smtp cannot be used; it is smtps://user:password@host, or smtp://host?tls=required",
            )
        };
        let mut transport =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.smtp).map_err(bad)?;
        if let Some(roots) = &settings.roots {
            let pem = std::fs::read(config.path(roots))?;
            let root = Certificate::from_pem(&pem);
            let root =
                root.map_err(|_| StartError::said("mail.roots is no readable PEM certificate"))?;
            let host = settings.host().unwrap_or_default();
            let tls = TlsParameters::builder(host)
                .add_root_certificate(root)
                .build();
            let tls = tls.map_err(|_| StartError::said("mail.roots cannot be used"))?;
            transport = transport.tls(match settings.smtp.starts_with("smtps:") {
                true => Tls::Wrapper(tls),
                false => Tls::Required(tls),
            });
        }
        let from = settings.from.parse();
        Ok(Self {
            transport: transport.build(),
            from: from.map_err(|_| StartError::said("mail.from is no address"))?,
            domains: settings.domains.clone(),
            begin_in_app: settings.begin_in_app,
            sent: Per::new(MOST, IN),
            sent_without: Per::new(MOST_WITHOUT, IN),
        })
    }

    /// Where a letter to an account goes, if its domain is the operator's.
    fn address_of(&self, account: &str) -> Option<Mailbox> {
        let (_, domain) = account.rsplit_once('@')?;
        let ours = self.domains.iter().any(|ours| ours == domain);
        let address: Address = account.parse().ok()?;
        ours.then(|| Mailbox::new(None, address))
    }

    async fn send(&self, to: Mailbox, subject: String, body: String) -> Result<(), &'static str> {
        let letter = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(|_| "it can't be written")?;
        let sent = self.transport.send(letter).await;
        sent.map(drop).map_err(|error| match error.is_permanent() {
            true => "the mail server refuses it",
            false => "the mail server can't be reached",
        })
    }
}

/// Sees to a wish, once whoever has it was answered.
pub(crate) fn see_to(app: &Shared, account: String, lang: Lang, wish: Wish) {
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(fault) = write_to(&app, &account, lang, wish).await {
            fault.log();
        }
    });
}

/// Writes the letter, where one is due.
async fn write_to(app: &App, account: &str, lang: Lang, wish: Wish) -> Result<(), Fault> {
    let Some(mail) = &app.mail else {
        return Ok(());
    };
    let address = mail.address_of(account);
    let user = users::by_account(&mut *app.store.read().await?, account).await?;
    let (Some(address), Some(user)) = (address, user) else {
        return Ok(());
    };
    let Some(letter) = letter(app, mail, &user.id, wish).await? else {
        return Ok(());
    };
    let (subject, body) = words(app, lang, account, &letter);
    let outcome = mail.send(address, subject, body).await;
    app.metrics.letter(outcome.is_ok());
    if let Err(why) = outcome {
        tracing::error!(why, "a letter was not sent");
    }
    Ok(())
}

/// None where there were enough of its kind.
async fn letter(app: &App, mail: &Mail, user: &str, wish: Wish) -> Result<Option<Letter>, Fault> {
    let mut tx = app.store.write().await?;
    let has_phone = !credentials::of_user(&mut tx, user, &["active", "suspended"])
        .await?
        .is_empty();
    let possible = match wish {
        Wish::Begin => !has_phone,
        Wish::Recover => recovery::is_possible(&mut tx, user).await?,
    };
    let sent = match possible {
        true => &mail.sent,
        false => &mail.sent_without,
    };
    if sent.blocked(&user.to_owned(), app.now()).is_some() {
        return Ok(None);
    }
    sent.count(user.to_owned(), app.now());
    if !possible {
        return Ok(Some(match wish {
            Wish::Begin => Letter::HasPhone,
            Wish::Recover => Letter::NoCodes,
        }));
    }
    let token = Token::make()?.to_string();
    let page = Page {
        token_hash: hidden(&token),
        user: user.to_owned(),
        expires: (app.now() + PAGE_LIFE) as i64,
        made: 0,
        recovery: matches!(wish, Wish::Recover),
    };
    invitations::insert_page(&mut tx, &page).await?;
    let left = codes::left(&mut tx, user).await?;
    app.audit(&mut tx, "invitation", user, "page mailed")
        .await?;
    tx.commit().await?;
    let page = format!("{}/i/{token}", app.signer.origin);
    Ok(Some(match wish {
        Wish::Begin => Letter::Begin { page },
        Wish::Recover => Letter::Recover { page, left },
    }))
}

fn words(app: &App, lang: Lang, account: &str, letter: &Letter) -> (String, String) {
    let (server, host) = (app.config.name.as_str(), app.signer.origin.host());
    let authenticator = app.config.authenticator();
    let left = match letter {
        Letter::Recover { left, .. } => left.to_string(),
        _ => String::new(),
    };
    let say = |id: Id<'_>| text(lang, id).text;
    let subject = match letter {
        Letter::Begin { .. } | Letter::HasPhone => Id::MailAddTitle { server },
        Letter::Recover { .. } | Letter::NoCodes => Id::MailRecoverTitle { server },
    };
    let asked = say(Id::MailAsked { account, host });
    let (what, page) = match letter {
        Letter::Begin { page } => (say(Id::MailAdd { app: authenticator }), Some(page)),
        Letter::HasPhone => (say(Id::MailHas { app: authenticator }), None),
        Letter::Recover { page, .. } => {
            let recover = Id::MailRecover {
                app: authenticator,
                n: &left,
            };
            (say(recover), Some(page))
        }
        Letter::NoCodes => (say(Id::MailNone), None),
    };
    let mut lines = vec![asked, what];
    lines.extend(page.cloned());
    lines.push(say(Id::MailNot));
    (say(subject), lines.join("\n\n"))
}
