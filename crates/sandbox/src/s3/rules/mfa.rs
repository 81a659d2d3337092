//! MFA Delete: who has shown a code of a device.

use crate::authority::Caller;

/// What S3 says where a code is needed.
pub(crate) const NO_MFA: &str = "Mfa Authentication must be used for this request";

/// Says whether a header `x-amz-mfa` is one of the account's root: serial number, space, code. Only the root can enable
/// MFA Delete, and delete with it (UG:MultiFactorAuthenticationDelete).
pub(crate) fn is_mfa_of_root(caller: &Caller, mfa: Option<&str>) -> bool {
    let whole = mfa
        .and_then(|mfa| mfa.trim().split_once(' '))
        .is_some_and(|(serial, code)| !serial.is_empty() && !code.trim().is_empty());
    caller.is_root && whole
}
