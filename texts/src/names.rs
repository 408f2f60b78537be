//! Names of the protocol → names of texts: the kinds of a request and the rows of its view (protocol, section 6).

use crate::Id;

/// The title of a request of this kind; `id` is the name of the ID it is about. None for a kind that the protocol does not have.
pub fn request_title<'a>(kind: &str, id: &'a str) -> Option<Id<'a>> {
    Some(match kind {
        "login" => Id::AskLogin,
        "stepup" => Id::AskStepup,
        "transaction" => Id::AskTransaction,
        "add-phone" => Id::AskAddPhone,
        "remove-phone" => Id::AskRemovePhone,
        "pin-set" => Id::AskPinSet,
        "replace-uv" => Id::AskReplaceUv,
        "recovery-codes" => Id::AskRecoveryCodes,
        "unfreeze" => Id::AskUnfreeze { id },
        "policy" => Id::AskPolicy,
        _ => return None,
    })
}

/// What a notice of this event says. None for an event that the protocol does not have.
pub fn notice_title(event: &str) -> Option<Id<'static>> {
    Some(match event {
        "phone_added" => Id::NoticePhoneAdded,
        "phone_removed" => Id::NoticePhoneRemoved,
        "phone_renewed" => Id::NoticePhoneRenewed,
        "pin_changed" => Id::NoticePinChanged,
        "recovery_made" => Id::NoticeRecoveryMade,
        "recovery_used" => Id::NoticeRecoveryUsed,
        "policy_changed" => Id::NoticePolicyChanged,
        "keys_changed" => Id::NoticeKeysChanged,
        "paused" => Id::NoticePaused,
        "unpaused" => Id::NoticeUnpaused,
        "suspended" => Id::NoticeSuspended,
        "admin_enrolled" => Id::NoticeAdminEnrolled,
        _ => return None,
    })
}

/// The caption of a view row by its id. None for `label.N` and `value.N`, which are words of the service, and for unknown ids.
pub fn row_label(view_id: &str) -> Option<Id<'static>> {
    Some(match view_id {
        "kind" => Id::RowKind,
        "mode" => Id::RowMode,
        "service" => Id::RowService,
        "host" => Id::RowHost,
        "account" => Id::RowAccount,
        "device" => Id::RowDevice,
        "policy.min" => Id::RowPolicyMin,
        "policy.match" => Id::RowPolicyMatch,
        "policy.max_life" => Id::RowPolicyMaxLife,
        "policy.pin" => Id::RowPolicyPin,
        "policy.offline" => Id::RowPolicyOffline,
        "browser" => Id::RowBrowser,
        "known" => Id::RowKnown,
        "place" => Id::RowPlace,
        "ip" => Id::RowIp,
        "zone" => Id::RowZone,
        "match" => Id::RowMatch,
        "phones" => Id::RowPhones,
        _ => return None,
    })
}

/// Words for a row whose value is one of a few of the protocol's own. None for every other row: its value is shown as it is.
pub fn row_value(view_id: &str, value: &str) -> Option<Id<'static>> {
    Some(match (view_id, value) {
        ("known", "yes") => Id::ValueKnownYes,
        ("known", "no") => Id::ValueKnownNo,
        ("mode", "remote") => Id::ValueModeRemote,
        ("mode", "same") => Id::ValueModeSame,
        ("mode", "offline") => Id::ValueModeOffline,
        ("mode", "app") => Id::ValueModeApp,
        ("zone", "inside") => Id::ValueZoneInside,
        ("zone", "outside") => Id::ValueZoneOutside,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Lang, text};

    #[test]
    fn every_kind_has_a_title() {
        for (kind, title) in [
            ("login", "Sign in?"),
            ("stepup", "Confirm again?"),
            ("transaction", "Confirm this?"),
            ("add-phone", "Add a phone?"),
            ("remove-phone", "Remove a phone?"),
            ("pin-set", "Change your PIN?"),
            ("replace-uv", "Renew fingerprint or face?"),
            ("recovery-codes", "Make new recovery codes?"),
            ("unfreeze", "Reactivate Acme?"),
            ("policy", "Change how you confirm?"),
        ] {
            let found = request_title(kind, "Acme").map(|id| text(Lang::En, id).text);
            assert_eq!(found.as_deref(), Some(title), "{kind}");
        }
    }

    #[test]
    fn every_row_of_the_view_has_a_caption() {
        let rows = "kind mode service host account device policy.min policy.match policy.max_life policy.pin policy.offline \
                    browser known place ip zone match phones";
        for row in rows.split_whitespace() {
            let id = row_label(row).map(|id| text(Lang::De, id).id);
            assert_eq!(id, Some(format!("row.{row}").as_str()), "{row}");
        }
    }

    #[test]
    fn words_of_the_service_and_unknown_names_get_none_of_ours() {
        for row in ["label.1", "value.1", "row.kind", "Kind", "", "kind "] {
            assert_eq!(
                row_label(row).map(|id| text(Lang::En, id).id),
                None,
                "{row:?}"
            );
        }
        assert!(request_title("Login", "x").is_none());
        assert!(row_value("known", "maybe").is_none());
        assert!(row_value("account", "yes").is_none());
    }

    #[test]
    fn a_new_browser_is_named() {
        let value = row_value("known", "no").map(|id| text(Lang::En, id).text);
        assert_eq!(value.as_deref(), Some("No, new browser"));
    }
}
