//! The story that the tests and the demo tell: a person is invited, enrols a phone, and signs in with it.

use super::{
    ADMIN, Browser, During, Form, Outcome, PATIENCE, Page, Phone, Result, Running, Sp, SpOptions,
    Trouble, Watch, World,
};
use serde_json::Value;
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at a page that answered at once instead of waiting.
const BREATH: Duration = Duration::from_millis(50);

/// Told as it happens, a sentence at a time.
pub type Tell<'a> = &'a mut dyn FnMut(&str);

/// For tests that only want the end.
pub fn silently(_sentence: &str) {}

/// The page where an invitation was made, open in somebody's browser.
pub struct Invitation {
    /// The link for the phone.
    pub link: String,
    page: Page,
}

impl Invitation {
    /// Opens the page the server's administrator sent, and presses its button.
    pub fn make(world: &World, browser: &mut Browser, account: &str) -> Result<Self> {
        Self::open(browser, &world.server.invite(account)?)
    }

    /// Opens the page that a letter leads to, and presses its button.
    pub fn open(browser: &mut Browser, page: &str) -> Result<Self> {
        let page = browser.open(page)?;
        let page = browser.submit(&page.form_with("csrf")?)?;
        let link = page
            .link_with("/e#")?
            .ok_or_else(|| page.lacks("an invitation link"))?;
        Ok(Self { link, page })
    }

    /// Types the digits that the phone shows, if the page asks for them; gives what it says then.
    pub fn type_digits(&self, browser: &mut Browser, digits: &str) -> Result<Page> {
        let page = browser.open(self.page.url.as_str())?;
        match page.find_form_with("digits")? {
            Some(form) => browser.submit(&form.with("digits", digits)),
            None => Ok(page),
        }
    }
}

/// Runs `enrol` or `resume` on a phone while a person types its digits into the browser, to whatever end it comes.
pub fn enrol_with(
    phone: &Phone,
    args: &[&str],
    invitation: &Invitation,
    browser: &mut Browser,
    tell: Tell<'_>,
) -> Result<Outcome> {
    follow(phone.start(args)?, invitation, browser, tell)
}

/// The same with a phone that runs already.
pub fn follow(
    mut running: Running,
    invitation: &Invitation,
    browser: &mut Browser,
    tell: Tell<'_>,
) -> Result<Outcome> {
    let events = running.events(|event| {
        if event["event"] == "review" {
            let (host, account) = (word(event, "host"), word(event, "account"));
            tell(&format!(
                "The phone shows the server's host, {host}, and the account, {account}."
            ));
        }
        if let Some(digits) = event["digits"].as_str() {
            tell(&format!(
                "The phone shows six digits, {digits}; the person types them into the browser."
            ));
            let page = invitation.type_digits(browser, digits)?;
            if page.status >= 500 {
                return Err(page.lacks("an answer to the digits"));
            }
        }
        Ok(())
    })?;
    Outcome::of(running, events)
}

/// Invites a person and enrols a phone for them.
pub fn enrol(world: &World, phone: &Phone, account: &str, tell: Tell<'_>) -> Result<()> {
    enrol_by(world, phone, account, &[], tell)
}

/// The same with more words on the phone's command line.
pub fn enrol_by(
    world: &World,
    phone: &Phone,
    account: &str,
    more: &[&str],
    tell: Tell<'_>,
) -> Result<()> {
    let mut browser = world.browser()?;
    let invitation = Invitation::make(world, &mut browser, account)?;
    tell(&format!(
        "The administrator invites {account}; the person opens the page and makes the invitation."
    ));
    let mut args = vec!["enrol", &invitation.link];
    args.extend(more);
    let outcome = enrol_with(phone, &args, &invitation, &mut browser, tell)?;
    let active = outcome
        .event("active")
        .ok_or_else(|| outcome.trouble(&args))?;
    if !outcome.status.success() || active["account"] != account {
        return Err(outcome.trouble(&args));
    }
    tell(&format!("The ID of {account} is on the phone."));
    Ok(())
}

/// An administrator adds a phone for a person, also a further one, by the digits that the person reads out. The phone's
/// process is ended while it waits, and learns the rest when it starts again.
pub fn enrol_by_admin(world: &World, phone: &Phone, account: &str) -> Result<()> {
    let said = world.server.command(&["phone", "add", account])?;
    let link = word(&said, "invitation");
    let mut running = phone.start(&["enrol", link, "--yes"])?;
    let digits = running.await_event("digits")?;
    if digits["via"] != "admin" {
        return Err(Trouble::new("the phone does not say who types the digits"));
    }
    let digits = word(&digits, "digits");
    world
        .server
        .command(&["phone", "confirm", account, digits])?;
    running.kill()?;
    phone.ask(&["resume"]).map(drop)
}

/// A server, an application, and a phone with the administrator's ID.
pub fn ready() -> Result<(World, Sp, Phone)> {
    ready_on("sled")
}

/// The same with a phone on this engine.
pub fn ready_on(engine: &str) -> Result<(World, Sp, Phone)> {
    let world = World::start()?;
    let sp = world.application("wiki", "Example Wiki", SpOptions::default())?;
    let phone = world.phone("anna")?.kept_by(engine);
    enrol(&world, &phone, ADMIN, &mut silently)?;
    Ok((world, sp, phone))
}

/// A browser that waits for the phone.
pub struct Waiting {
    /// The number to type on the phone.
    pub number: String,
    page: Page,
}

/// How the wait ended.
pub enum Ending {
    /// With the form that carries the response to the service provider.
    Response(Form),
    /// Without, and this is what the page says.
    Over(Page),
}

impl Waiting {
    /// Begins at the service provider and names the account at the server.
    pub fn begin(browser: &mut Browser, sp: &Sp, account: &str, relay: &str) -> Result<Self> {
        let page = arrive(browser, sp, relay)?;
        let page = browser.submit(&page.form_with("account")?.with("account", account))?;
        let number = page
            .text_at("p.number")?
            .ok_or_else(|| page.lacks("the number"))?;
        Ok(Self { number, page })
    }

    /// A page that waits for a phone, if this is one.
    pub fn at(page: Page) -> Result<Option<Self>> {
        if page.watch()?.is_none() {
            return Ok(None);
        }
        // A request that is opened on this device has none.
        let number = page.text_at("p.number")?.unwrap_or_default();
        Ok(Some(Self { number, page }))
    }

    /// The address of the waiting page.
    pub fn address(&self) -> &str {
        self.page.url.as_str()
    }

    /// Presses [Cancel].
    pub fn cancel(&self, browser: &mut Browser) -> Result<Page> {
        self.press(browser, "cancel")
    }

    /// Presses the button whose form ends so.
    pub fn press(&self, browser: &mut Browser, button: &str) -> Result<Page> {
        browser.submit(&self.page.form_to(&format!("/{button}"))?)
    }

    /// Follows the page as its script does: one long poll after the other, then the page again, until it ends.
    pub fn end(&self, browser: &mut Browser) -> Result<Ending> {
        let mut page = self.page.clone();
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(form) = page.find_form_with("SAMLResponse")? {
                return Ok(Ending::Response(form));
            }
            let Some(mut watch) = page.watch()? else {
                return Ok(Ending::Over(page));
            };
            while next_phase(browser, &mut watch)? {
                thread::sleep(BREATH);
            }
            page = browser.open(self.page.url.as_str())?;
        }
        Err(Trouble::new("the waiting page waits for ever"))
    }

    /// The form with the response, where nothing else is expected.
    pub fn response(&self, browser: &mut Browser) -> Result<Form> {
        match self.end(browser)? {
            Ending::Response(form) => Ok(form),
            Ending::Over(page) => Err(page.lacks("a response")),
        }
    }
}

/// Opens an address of a service provider, and sends on what its script would: a request by POST.
fn open_and_send(browser: &mut Browser, address: &str) -> Result<Page> {
    let page = browser.open(address)?;
    match page.find_form_with("SAMLRequest")? {
        Some(form) => browser.submit(&form),
        None => Ok(page),
    }
}

/// Begins a login at the service provider; gives the page of the server where the browser ends.
pub fn arrive(browser: &mut Browser, sp: &Sp, relay: &str) -> Result<Page> {
    open_and_send(browser, &sp.login_url(relay))
}

/// Asks the server, without showing anything, whether somebody is signed in already.
pub fn ask_passively(browser: &mut Browser, sp: &Sp) -> Result<Form> {
    open_and_send(browser, &sp.passive_url())?.form_with("SAMLResponse")
}

/// Asks for the next phase; says whether the page stays as it is but for its status line.
fn next_phase(browser: &mut Browser, watch: &mut Watch) -> Result<bool> {
    let mut address = watch.address.clone();
    address.query_pairs_mut().append_pair("phase", &watch.phase);
    let answer = browser.open(address.as_str())?;
    match answer.status {
        204 => Ok(true),
        200 if watch.known.contains(&answer.body) => {
            watch.phase = answer.body;
            Ok(true)
        }
        200 | 404 | 410 => Ok(false),
        _ => Err(answer.lacks("a phase")),
    }
}

/// Waits, as a person does who looks at the phone, until it shows a request; gives it.
pub fn await_prompt(phone: &Phone) -> Result<Value> {
    let mut listening = phone.start(&["listen"])?;
    let prompt = listening.await_event("prompt")?;
    // One process at a time has the phone's store.
    listening.kill()?;
    Ok(prompt)
}

/// What the service provider says of a response that was handed to it.
pub fn hand_over(browser: &mut Browser, form: &Form) -> Result<Value> {
    let page = browser.submit_for(form, "application/json")?;
    serde_json::from_str(&page.body).during(format!(
        "the service provider said no JSON ({})",
        page.status
    ))
}

/// A login that came to its good end.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// What the service provider believes.
    pub claims: Value,
    /// The form that carried the response there.
    pub form: Form,
    /// From the person's "approve" to the service provider's "signed in".
    pub took: Duration,
}

/// Signs a person in to a service provider with their phone.
pub fn sign_in(
    browser: &mut Browser,
    sp: &Sp,
    phone: &Phone,
    account: &str,
    relay: &str,
    tell: Tell<'_>,
) -> Result<SignedIn> {
    let waiting = Waiting::begin(browser, sp, account, relay)?;
    let name = &sp.application.name;
    tell(&format!(
        "{name} sends the browser to the server; the person names {account}."
    ));
    tell(&format!(
        "The browser shows the number {} and waits for the phone.",
        waiting.number
    ));
    let prompt = await_prompt(phone)?;
    tell("The phone shows what is asked:");
    for line in phone.in_words(&["show", word(&prompt, "id")])?.lines() {
        tell(&format!("    {}", line.trim()));
    }
    let begin = Instant::now();
    let args = ["approve", word(&prompt, "id"), "--number", &waiting.number];
    let mut approving = phone.start(&args)?;
    let form = waiting.response(browser)?;
    let claims = hand_over(browser, &form)?;
    let took = begin.elapsed();
    tell(
        "The person types the number and approves; the phone signs and delivers; the browser goes on.",
    );
    let mut events = Vec::new();
    while let Some(event) = approving.next_event()? {
        events.push(event);
    }
    let outcome = Outcome::of(approving, events)?;
    if !outcome.status.success() {
        return Err(outcome.trouble(&args));
    }
    if claims["errors"] != Value::Array(Vec::new()) {
        return Err(Trouble::new(format!(
            "{name} refuses the response: {claims}"
        )));
    }
    Ok(SignedIn { claims, form, took })
}

/// A member that is text, or nothing.
fn word<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_default()
}
