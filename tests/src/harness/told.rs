//! A login that came to its end at a service provider, and that provider's opinion of the response once somebody meddled with it.

use super::story::{self, SignedIn, silently};
use super::{ADMIN, Case, During, Judge, Result, Sp, SpOptions, Trouble, World};
use serde_json::json;

const PHONE_CONTEXT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// What a service provider may give along, and must get back to the byte.
pub const RELAY: &str = "/wiki?page=1&title=<b>\"A\" + 'B'</b>; é";

/// The service provider let Anna in.
pub struct Told {
    /// Where it happened.
    pub world: World,
    /// Who let her in.
    pub sp: Sp,
    /// What it believes, and why.
    pub signed_in: SignedIn,
    relay: String,
}

impl Told {
    /// Anna enrols a phone and signs in with it, at an application that gives `relay` along.
    ///
    /// # Errors
    /// Something on the way went wrong.
    pub fn tell(options: SpOptions, relay: &str) -> Result<Self> {
        let world = World::start()?;
        let sp = world.application("wiki", "Example Wiki", options)?;
        let phone = world.phone("anna")?;
        story::enrol(&world, &phone, ADMIN, &mut silently)?;
        let mut browser = world.browser()?;
        let signed_in = story::sign_in(&mut browser, &sp, &phone, ADMIN, relay, &mut silently)?;
        Ok(Self {
            world,
            sp,
            signed_in,
            relay: relay.to_owned(),
        })
    }

    /// That the service provider believes what is true: who it was, by what, and where she wanted to go.
    ///
    /// # Errors
    /// It says which claim is another.
    pub fn is_anna(&self) -> Result<()> {
        let claims = &self.signed_in.claims;
        let right = [
            ("name_id", json!(ADMIN)),
            ("name_id_format", json!(EMAIL)),
            ("authn_context", json!(PHONE_CONTEXT)),
            ("relay_state", json!(self.relay)),
            ("errors", json!([])),
        ];
        if let Some((claim, wanted)) = right.iter().find(|(claim, is)| claims[claim] != *is) {
            let gave = &claims[claim];
            return Err(Trouble::new(format!("{claim}: {gave} instead of {wanted}")));
        }
        match claims["session_index"].as_str() {
            Some(index) if !index.is_empty() => Ok(()),
            _ => Err(Trouble::new(format!("no session index: {claims}"))),
        }
    }

    /// The service provider's opinions from here on, and the response as it came.
    ///
    /// # Errors
    /// It doesn't believe even that: then no refusal would say anything.
    pub fn judge(&self) -> Result<(Judge, Case)> {
        let judge = self.world.judge(&self.sp)?;
        let form = &self.signed_in.form;
        let response = form.value("SAMLResponse").during("the form's response")?;
        let good = Case::of_form(response)?;
        let said = judge.judge(&[&good])?.remove(0);
        if said.accepted {
            return Ok((judge, good));
        }
        Err(Trouble::new(format!(
            "the untouched response is refused: {}",
            said.reason
        )))
    }
}
