//! What an approval brings: K_pin under a new PIN, another K_uv, or recovery codes. New keys lie beside the old ones
//! from the moment the approval is signed until the server has said which of them it takes (protocol
//! section 7); codes lie unseen as long.

use super::verify::Refusal;
use crate::account::{Account, MadeUv, NextUv};
use crate::core::Core;
use crate::error::Fault;
use crate::vault::Blob;
use countersign_protocol::agreement::{Agreement, Purpose};
use countersign_protocol::crypto::AgreementSecret;
use countersign_protocol::jose::Draft;
use countersign_protocol::pin::Pin;
use countersign_protocol::recovery::RecoveryCode;
use countersign_protocol::statement::{Response, UvInput};

/// What an approval brings beside the decision.
pub(super) enum Brought<'a> {
    Nothing,
    Pin(Pin<'a>),
    Uv(&'a MadeUv),
    Codes,
}

impl Brought<'_> {
    /// Whether the response has a `dh` for it, with a PIN or without.
    fn agrees(&self) -> bool {
        matches!(self, Self::Pin(_) | Self::Codes)
    }
}

impl Core {
    /// Completes an approval: `dh`, the PIN proof, and what it brings: the hidden K_pin or the codes are given, wrapped, to be
    /// kept; the account gets another K_uv beside the old one. What they were derived from is wiped when it returns.
    pub(super) fn complete(
        &self,
        account: &mut Account,
        mut response: Response,
        pin: Option<&Pin<'_>>,
        brought: &Brought<'_>,
        key: &countersign_protocol::crypto::PublicKey,
    ) -> Result<(Draft<Response>, Option<Blob>), Fault> {
        if pin.is_none() && !brought.agrees() {
            return Ok((Draft::new(response, key)?, None));
        }
        let theirs = account.dh.ok_or(Refusal::Factors)?;
        let secret = AgreementSecret::make()?;
        response.dh = Some(secret.public());
        let agreement = Agreement::new(&secret, &theirs, &response.challenge)?;
        if let Brought::Uv(made) = brought {
            response.input = Some(UvInput {
                uv: made.uv.key,
                uvc: made.uv.class,
                uv_proof: made.proof.compact().to_owned(),
            });
        }
        if let Some(pin) = pin {
            self.keys
                .prove_pin(account, pin, &agreement, &mut response)?;
        }
        let draft = Draft::new(response, key)?;
        let derive = |purpose| agreement.derive(purpose, &draft.hash());
        let kept = match brought {
            Brought::Nothing => None,
            Brought::Pin(new) => {
                let (j, clock) = (draft.body().jti, &*self.clock);
                let k_pin = derive(Purpose::Pin);
                Some(self.keys.hide_pin(&account.owner, &k_pin, new, j, clock)?)
            }
            Brought::Uv(made) => {
                let k_off = self.keys.wrap_asked(&made.uv, &derive(Purpose::Off))?;
                let uv = made.uv.clone();
                account.next_uv = Some(Box::new(NextUv { uv, k_off }));
                None
            }
            Brought::Codes => {
                let codes = RecoveryCode::derive_all(&agreement, &draft.hash());
                Some(self.keys.wrap_codes(&account.owner, &codes)?)
            }
        };
        Ok((draft, kept))
    }
}
