//! A page as a person without script sees it: its forms, its links, its texts.

use super::{During, Result, Trouble};
use scraper::{ElementRef, Html, Selector};
use url::Url;

/// What an address answered, after all redirects.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it was in the end.
    pub url: Url,
    /// The HTTP status.
    pub status: u16,
    /// The Content-Security-Policy, or nothing.
    pub policy: String,
    /// The body.
    pub body: String,
}

/// What a page's script asks for while the page is open.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The address that tells the next phase.
    pub address: Url,
    /// The phase that the page shows.
    pub phase: String,
    /// The phases that the page has words for; any other makes it load itself again.
    pub known: Vec<String>,
}

/// A form of a page, with what it already holds.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it goes.
    pub action: Url,
    /// Whether it is sent in the body.
    pub post: bool,
    /// Its fields in the order of the page.
    pub fields: Vec<(String, String)>,
    /// The page it stands on.
    pub page: Url,
    /// The policy of that page.
    pub policy: String,
}

impl Page {
    /// Its forms, in order.
    pub fn forms(&self) -> Result<Vec<Form>> {
        let form = selector("form")?;
        Html::parse_document(&self.body)
            .select(&form)
            .map(|element| self.form(element))
            .collect()
    }

    /// The first form that has this field.
    pub fn form_with(&self, field: &str) -> Result<Form> {
        self.find_form_with(field)?
            .ok_or_else(|| self.lacks(&format!("a form with `{field}`")))
    }

    /// The first form that has this field, where there is one.
    pub fn find_form_with(&self, field: &str) -> Result<Option<Form>> {
        Ok(self
            .forms()?
            .into_iter()
            .find(|form| form.value(field).is_some()))
    }

    /// The form that goes to an address with this end.
    pub fn form_to(&self, end: &str) -> Result<Form> {
        let mut forms = self.forms()?.into_iter();
        forms
            .find(|form| form.action.path().ends_with(end))
            .ok_or_else(|| self.lacks(&format!("a form to {end}")))
    }

    /// The text of the first element that this CSS selector finds, where there is one.
    pub fn text_at(&self, css: &str) -> Result<Option<String>> {
        let wanted = selector(css)?;
        Ok(Html::parse_document(&self.body)
            .select(&wanted)
            .next()
            .map(words))
    }

    /// What the page's script is told to watch, where it is told so.
    pub fn watch(&self) -> Result<Option<Watch>> {
        let watched = selector("[data-wait][data-phase]")?;
        let page = Html::parse_document(&self.body);
        let Some(element) = page.select(&watched).next() else {
            return Ok(None);
        };
        let wait = element.attr("data-wait").unwrap_or_default();
        Ok(Some(Watch {
            address: self.url.join(wait).during(format!("the address {wait}"))?,
            phase: element.attr("data-phase").unwrap_or_default().to_owned(),
            known: element
                .value()
                .attrs()
                .filter_map(|(name, _)| name.strip_prefix("data-line-"))
                .map(str::to_owned)
                .collect(),
        }))
    }

    /// The target of the first link that contains `part`, where there is one.
    pub fn link_with(&self, part: &str) -> Result<Option<String>> {
        let links = selector("a[href]")?;
        let page = Html::parse_document(&self.body);
        Ok(page
            .select(&links)
            .filter_map(|link| link.attr("href"))
            .find(|href| href.contains(part))
            .map(str::to_owned))
    }

    /// What a person reads on it.
    pub fn text(&self) -> Result<String> {
        let body = selector("body")?;
        let page = Html::parse_document(&self.body);
        Ok(page.select(&body).next().map(words).unwrap_or_default())
    }

    /// The trouble of a page that should have had something.
    pub fn lacks(&self, what: &str) -> Trouble {
        let text = self.text().unwrap_or_default();
        Trouble::new(format!(
            "{} ({}) lacks {what}; it says: {text}",
            self.url.path(),
            self.status
        ))
    }

    fn form(&self, element: ElementRef<'_>) -> Result<Form> {
        let action = element.attr("action").unwrap_or_default();
        let mut fields = Vec::new();
        for input in element.select(&selector("input[name], textarea[name]")?) {
            let kind = input.attr("type").unwrap_or("text");
            let unchosen = matches!(kind, "checkbox" | "radio") && input.attr("checked").is_none();
            if !unchosen && !matches!(kind, "submit" | "button" | "image" | "reset") {
                let typed = input
                    .attr("value")
                    .map(str::to_owned)
                    .unwrap_or_else(|| input.text().collect());
                fields.push((input.attr("name").unwrap_or_default().to_owned(), typed));
            }
        }
        // Pressing a button sends its own value too; a person presses the first.
        if let Some(button) = element
            .select(&selector("button, input[type=submit]")?)
            .next()
            && let Some(name) = button.attr("name")
        {
            fields.push((
                name.to_owned(),
                button.attr("value").unwrap_or_default().to_owned(),
            ));
        }
        Ok(Form {
            action: self
                .url
                .join(action)
                .during(format!("the form's action {action}"))?,
            post: element
                .attr("method")
                .is_some_and(|method| method.eq_ignore_ascii_case("post")),
            fields,
            page: self.url.clone(),
            policy: self.policy.clone(),
        })
    }
}

impl Form {
    /// What a field holds.
    pub fn value(&self, field: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, value)| value.as_str())
    }

    /// The form with a field filled in.
    pub fn with(mut self, field: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(name, _)| name == field) {
            Some((_, held)) => *held = value.to_owned(),
            None => self.fields.push((field.to_owned(), value.to_owned())),
        }
        self
    }
}

fn selector(css: &str) -> Result<Selector> {
    Selector::parse(css).during(format!("the selector {css}"))
}

fn words(element: ElementRef<'_>) -> String {
    element
        .text()
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Page {
        let url = Url::parse("https://localhost:1/login/abc?x=1").unwrap();
        Page {
            url,
            status: 200,
            policy: String::new(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn a_form_keeps_hidden_fields_resolves_its_action_and_decodes_entities() {
        let page = page(
            r#"<form method="POST" action="next?a=1&amp;b=2"><input type=hidden name=csrf value="&quot;t&quot;">
            <input name=account><button name=go value=yes>Go</button><button name=no>No</button></form>"#,
        );
        let form = page.form_with("account").unwrap().with("account", "anna");
        assert_eq!(
            form.action.as_str(),
            "https://localhost:1/login/next?a=1&b=2"
        );
        assert!(form.post);
        assert_eq!(form.value("csrf"), Some("\"t\""));
        assert_eq!(form.value("account"), Some("anna"));
        assert_eq!((form.value("go"), form.value("no")), (Some("yes"), None));
    }

    #[test]
    fn a_form_without_action_goes_to_its_own_page() {
        let form = page("<form method=post><input name=digits></form>")
            .form_with("digits")
            .unwrap();
        assert_eq!(form.action.as_str(), "https://localhost:1/login/abc?x=1");
    }

    #[test]
    fn what_the_script_would_watch_is_known() {
        let page = page(
            "<p data-wait='/login/abc/wait' data-phase=told data-line-told=a data-line-seen=b>a</p>",
        );
        let watch = page.watch().unwrap().unwrap();
        assert_eq!(watch.address.as_str(), "https://localhost:1/login/abc/wait");
        assert_eq!(watch.phase, "told");
        assert!(watch.known.contains(&"seen".to_owned()) && watch.known.len() == 2);
    }

    #[test]
    fn texts_and_links_are_found_and_what_is_missing_is_told() {
        let page = page("<p class=number> 47 </p><a href='https://localhost:1/e#abc'>Open</a>");
        assert_eq!(page.text_at("p.number").unwrap().as_deref(), Some("47"));
        assert_eq!(
            page.link_with("/e#").unwrap().as_deref(),
            Some("https://localhost:1/e#abc")
        );
        assert_eq!(page.text_at("p.other").unwrap(), None);
        assert!(
            page.form_with("digits")
                .unwrap_err()
                .to_string()
                .contains("a form with `digits`")
        );
    }
}
