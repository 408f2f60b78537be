//! Our own server in a world of its own, with an application that others wrote.

use super::applications::Applications;
use super::play::{MakePhone, text};
use super::script::{Settings, Step};
use super::stage::{Stage, unknown};
use crate::harness::story::{self, Ending, Invitation, Waiting, hand_over};
use crate::harness::{
    ADMIN, Browser, Page, Phone, Result, ServerOptions, Sp, SpOptions, Trouble, World,
};
use std::collections::BTreeMap;

/// A browser, and where it is.
struct Seat {
    browser: Browser,
    waiting: Option<Waiting>,
}

pub(super) struct Ours<'a> {
    world: World,
    sp: Sp,
    make: MakePhone<'a>,
    invitation: Option<(Invitation, Browser)>,
    seats: BTreeMap<String, Seat>,
    applications: Applications,
}

impl<'a> Ours<'a> {
    pub(super) fn of(settings: &Settings, make: MakePhone<'a>) -> Result<Self> {
        let options = ServerOptions {
            pin: settings.pin,
            gesture: settings.gesture,
            life: settings.life,
            ..ServerOptions::default()
        };
        let world = World::with(&options)?;
        let sp = world.application("wiki", "Example Wiki", SpOptions::default())?;
        Ok(Self {
            world,
            sp,
            make,
            invitation: None,
            seats: BTreeMap::new(),
            applications: Applications::default(),
        })
    }

    fn waiting(&mut self, name: &str) -> Result<(&mut Browser, &Waiting)> {
        let seat = self.seats.get_mut(name);
        let seat = seat.ok_or_else(|| Trouble::new(format!("no browser `{name}` has begun")))?;
        match &seat.waiting {
            Some(waiting) => Ok((&mut seat.browser, waiting)),
            None => Err(Trouble::new(format!("`{name}` waits for nothing"))),
        }
    }

    fn begin(&mut self, name: &str) -> Result<String> {
        if !self.seats.contains_key(name) {
            let browser = self.world.browser()?;
            let waiting = None;
            let seat = Seat { browser, waiting };
            self.seats.insert(name.to_owned(), seat);
        }
        let seat = self.seats.get_mut(name).ok_or_else(|| unknown(name))?;
        let page = story::arrive(&mut seat.browser, &self.sp, "/")?;
        let form = page.form_with("account")?.with("account", ADMIN);
        let page = seat.browser.submit(&form)?;
        seat.waiting = Waiting::at(page.clone())?;
        heading(&page, seat.waiting.is_some())
    }

    fn press(&mut self, name: &str, button: &str) -> Result<String> {
        let (browser, waiting) = self.waiting(name)?;
        let page = waiting.press(browser, button)?;
        let waiting = Waiting::at(page.clone())?;
        let waits = waiting.is_some();
        if let (Some(seat), true) = (self.seats.get_mut(name), waits) {
            seat.waiting = waiting;
        }
        heading(&page, waits)
    }

    fn end(&mut self, name: &str) -> Result<String> {
        let (browser, waiting) = self.waiting(name)?;
        match waiting.end(browser)? {
            Ending::Response(form) => {
                let claims = hand_over(browser, &form)?;
                let who = text(Some(&claims), "name_id")?;
                Ok(if who == ADMIN {
                    "signed_in".to_owned()
                } else {
                    who
                })
            }
            Ending::Over(page) => heading(&page, false),
        }
    }

    /// A command line with `{root}`, the root key's file, and `{PHONE}`, that phone's id at the server.
    fn filled_in(&self, line: &str) -> Result<Vec<String>> {
        let phones = self.world.server.list(&["phone", "list", ADMIN])?;
        line.split(' ')
            .map(|word| {
                match word
                    .strip_prefix('{')
                    .and_then(|word| word.strip_suffix('}'))
                {
                    Some("root") => Ok(self.world.server.root_key().display().to_string()),
                    Some(name) => {
                        let named = phones.iter().find(|phone| phone["device"] == name);
                        text(named, "id")
                    }
                    None => Ok(word.to_owned()),
                }
            })
            .collect()
    }
}

impl Stage for Ours<'_> {
    fn phone(&mut self, name: &str) -> Result<Phone> {
        (self.make)(&self.world, name)
    }

    fn invite(&mut self) -> Result<String> {
        let mut browser = self.world.browser()?;
        let invitation = Invitation::make(&self.world, &mut browser, ADMIN)?;
        let link = invitation.link.clone();
        self.invitation = Some((invitation, browser));
        Ok(link)
    }

    fn type_digits(&mut self, digits: &str) -> Result<()> {
        let Some((invitation, browser)) = &mut self.invitation else {
            return Err(Trouble::new("no invitation is shown"));
        };
        let page = invitation.type_digits(browser, digits)?;
        if page.status >= 500 {
            return Err(page.lacks("an answer to the digits"));
        }
        Ok(())
    }

    fn browser(&mut self, name: &str, step: &Step) -> Result<String> {
        match step.what.as_str() {
            "begin" => self.begin(name),
            "press" => self.press(name, step.button()?),
            "open" => {
                let (browser, waiting) = self.waiting(name)?;
                let page = browser.open(waiting.address())?;
                let waits = Waiting::at(page.clone())?.is_some();
                heading(&page, waits)
            }
            "end" => self.end(name),
            "close" => {
                let seat = self.seats.get_mut(name).ok_or_else(|| unknown(name))?;
                seat.browser.restart();
                Ok("ok".to_owned())
            }
            other => Err(unknown(other)),
        }
    }

    fn link(&mut self, name: &str) -> Result<String> {
        let (browser, waiting) = self.waiting(name)?;
        let page = browser.open(waiting.address())?;
        page.link_with("/c#")?.ok_or_else(|| page.lacks("the link"))
    }

    fn back(&mut self, name: &str, address: &str) -> Result<String> {
        let (browser, _) = self.waiting(name)?;
        let page = browser.open(address)?;
        match page.find_form_with("SAMLResponse")? {
            Some(form) => {
                let claims = hand_over(browser, &form)?;
                text(Some(&claims), "name_id").map(|_| "signed_in".to_owned())
            }
            None => heading(&page, false),
        }
    }

    fn service(&mut self, name: &str, step: &Step) -> Result<String> {
        self.applications.step(&self.world, name, step)
    }

    fn server(&mut self, what: &str) -> Result<()> {
        match what {
            "stop" => self.world.server.kill(),
            "start" => self.world.server.restart(&self.world.ca),
            other => Err(unknown(other)),
        }
    }

    fn admin(&mut self, line: &str) -> Result<()> {
        let words = self.filled_in(line)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.world.server.list(&words).map(drop)
    }

    fn number(&mut self, shown_by: &str) -> Result<String> {
        match self.applications.number(shown_by) {
            Some(number) => Ok(number.to_owned()),
            None => Ok(self.waiting(shown_by)?.1.number.clone()),
        }
    }

    fn numbers(&self) -> Vec<String> {
        let shown = self.seats.values().filter_map(|seat| seat.waiting.as_ref());
        let shown = shown.map(|waiting| waiting.number.as_str());
        let shown = shown.chain(self.applications.numbers());
        shown.map(str::to_owned).collect()
    }
}

fn heading(page: &Page, waits: bool) -> Result<String> {
    if waits {
        return Ok("wait".to_owned());
    }
    let heading = page.text_at("h1")?;
    heading.ok_or_else(|| page.lacks("a heading"))
}
