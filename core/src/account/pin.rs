//! K_pin, hidden under the person's PIN (protocol section 3). Nothing here can tell whether a PIN is the
//! right one, and nothing may: only the server can, and it counts.

use super::keyring::Keyring;
use super::record::Account;
use crate::challenge::Refusal;
use crate::error::Fault;
use crate::ports::Clock;
use crate::vault::{self, Blob};
use countersign_protocol::agreement::Agreement;
use countersign_protocol::crypto::{Cost, Secret, make_random, stretch};
use countersign_protocol::pin::{self, HiddenKey, Pin};
use countersign_protocol::statement::Response;
use countersign_protocol::{Id, json};
use zeroize::Zeroizing;

impl Keyring {
    /// Hides one K_pin under one PIN; what is kept is wrapped by the hardware besides. `j` is the `jti`
    /// of the statement that K_pin comes from.
    pub(crate) fn hide_pin(
        &self,
        owner: &Id,
        k_pin: &Secret,
        pin: &Pin<'_>,
        j: Id,
        clock: &dyn Clock,
    ) -> Result<Blob, Fault> {
        let salt = make_random()?;
        let pepper = self.pepper(owner, &salt)?;
        let hidden = HiddenKey::hide(k_pin, pin, salt, &pepper, j, measure(clock)?)?;
        let text = Zeroizing::new(json::write(&hidden)?);
        self.wrap_bytes(owner, text.as_bytes())
    }

    /// Adds the PIN proof to an approval that has everything else; `agreement` is that of its `dh`. What the
    /// proof was made of is wiped when it returns.
    pub(crate) fn prove_pin(
        &self,
        account: &Account,
        pin: &Pin<'_>,
        agreement: &Agreement,
        response: &mut Response,
    ) -> Result<(), Fault> {
        let kept = account.pin.as_ref().ok_or(Refusal::Factors)?;
        let text = self.unwrap_bytes(&account.owner, kept)?;
        let hidden: HiddenKey = json::parse(&text).map_err(|_| vault::Fault::Damaged)?;
        let pepper = self.pepper(&account.owner, hidden.salt())?;
        let k_pin = hidden.open(pin, &pepper)?;
        response.pin = Some(pin::prove(agreement, &k_pin, response)?);
        Ok(())
    }
}

/// What this device can bear. Measured on bytes that are nobody's.
fn measure(clock: &dyn Clock) -> Result<Cost, Fault> {
    let (nothing, salt) = (make_random::<32>()?, make_random()?);
    let begin = clock.now().ms;
    stretch(&nothing, &salt, &nothing, b"", Cost::LEAST)?;
    Ok(Cost::for_device(clock.now().ms.saturating_sub(begin)))
}
