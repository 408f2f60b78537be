//! A sign-in on the phone itself: a browser that waits for the app, and the app that leads a browser back.

use super::{Browser, Form, Page, Phone, Result, Sp, story};
use serde_json::Value;

/// A browser that waits for the app of its own device.
pub struct OnThisPhone {
    /// Opens the request in the app.
    pub link: String,
    page: Page,
}

impl OnThisPhone {
    /// Begins at the service provider, names the account, and presses [Open on this phone] where that has to be pressed.
    pub fn begin(browser: &mut Browser, sp: &Sp, account: &str) -> Result<Self> {
        let page = story::arrive(browser, sp, "/")?;
        let mut page = browser.submit(&page.form_with("account")?.with("account", account))?;
        if page.text_at("p.number")?.is_some() {
            page = browser.submit(&page.form_to("/same")?)?;
        }
        let link = page.link_with("/c#")?.ok_or_else(|| page.lacks("a link"))?;
        Ok(Self { link, page })
    }

    /// What the page says now.
    pub fn look(&self, browser: &mut Browser) -> Result<Page> {
        browser.open(self.page.url.as_str())
    }

    /// Presses the button whose form goes there, as if the page had it now.
    pub fn press(&self, browser: &mut Browser, button: &str) -> Result<Page> {
        let mut form = self.page.form_to("/cancel")?;
        let path = form.action.path().replace("/cancel", button);
        form.action.set_path(&path);
        browser.submit(&form)
    }
}

/// The person opens a link in the app and approves what it shows; where the app leads its browser.
pub fn approve(phone: &Phone, link: &str) -> Result<String> {
    let opened = phone.ask(&["open", link])?;
    let id = opened.iter().find_map(|event| event["id"].as_str());
    let id = id.unwrap_or_default();
    let said = phone.ask(&["approve", id])?;
    let back = said.iter().find_map(|event| event["return"].as_str());
    Ok(back.unwrap_or_default().to_owned())
}

/// The form that carries the response to the service provider, if this page has it.
pub fn response(page: &Page) -> Result<Option<Form>> {
    page.find_form_with("SAMLResponse")
}

/// Opens the way back in this browser; what the service provider then says.
pub fn come_back(browser: &mut Browser, back: &str) -> Result<Value> {
    let page = browser.open(back)?;
    let form = response(&page)?.ok_or_else(|| page.lacks("a response"))?;
    story::hand_over(browser, &form)
}
