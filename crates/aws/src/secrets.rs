//! The one door for text of the SDK, of AWS and of the machine on its way into an error: what is secret here does not pass.
//!
//! Errors of the SDK quote what they were about: requests with a web identity token, the output of a credential process, an address with
//! a password. Whatever this process knows as a secret is kept in mind where it comes in, and struck out of every message.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

/// Shorter ones would strike out parts of other words; no token, key or session is as short.
const SHORTEST: usize = 8;

/// The longest message that is told; AWS's longest words are some hundred characters, and a body can be megabytes.
const LONGEST: usize = 2000;

/// What stands where a secret stood.
const STRUCK_OUT: &str = "(secret)";

/// Variables that hold a secret (SDK reference guide, "Environment variables").
const VARIABLES: [&str; 4] = [
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_BEARER_TOKEN",
];

/// Variables that hold the path of one.
const FILES: [&str; 2] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// A token has a few kilobytes.
const LONGEST_TOKEN: u64 = 64 << 10;

static KNOWN: RwLock<BTreeSet<String>> = RwLock::new(BTreeSet::new());

/// Keeps a secret in mind.
pub(crate) fn keep(secret: &str) {
    let secret = secret.trim();
    if secret.len() >= SHORTEST && !known(|all| all.contains(secret)) {
        let mut all = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(secret.to_owned());
    }
}

/// Keeps the password of an address in mind, also where the address is none.
pub(crate) fn keep_password(address: &str) {
    let authority = address.split_once("://").map_or(address, |(_, rest)| rest);
    if let Some((_, password)) = authority
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'))
    {
        keep(password);
    }
}

/// Keeps what the environment holds in mind.
pub(crate) fn keep_environment(addresses: &[&str]) {
    let value = |name: &str| std::env::var(name).ok();
    VARIABLES
        .into_iter()
        .filter_map(value)
        .for_each(|secret| keep(&secret));
    let addresses = addresses.iter().copied().filter_map(value);
    addresses.for_each(|address| keep_password(&address));
    FILES
        .into_iter()
        .filter_map(value)
        .filter_map(|path| token(&path))
        .for_each(|secret| keep(&secret));
}

/// The token in a file; of a regular one, as a pipe gives its content once, and the SDK needs it.
fn token(path: &str) -> Option<String> {
    let found = std::fs::metadata(path).ok()?;
    let fits = found.is_file() && found.len() <= LONGEST_TOKEN;
    fits.then(|| std::fs::read_to_string(path).ok()).flatten()
}

/// A text as it may be told: without secrets, and not longer than people read.
pub(crate) fn told(text: &str) -> String {
    let text = known(|all| {
        let holds = |secret: &&String| text.contains(secret.as_str());
        all.iter()
            .filter(holds)
            .fold(text.to_owned(), |text, secret| {
                text.replace(secret.as_str(), STRUCK_OUT)
            })
    });
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => {
            let more = text[end..].chars().count();
            format!("{}… ({more} more)", &text[..end])
        }
    }
}

fn known<T>(ask: impl FnOnce(&BTreeSet<String>) -> T) -> T {
    ask(&KNOWN.read().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_as_a_secret_is_struck_out_wherever_it_stands() {
        keep("planted-session-token\n");
        keep_password("https://user:planted-password@host:1/x");
        keep_password("user:planted-of-no-scheme@");
        keep("short");
        let text = "a planted-session-token, planted-password planted-of-no-scheme short";
        assert_eq!(told(text), "a (secret), (secret) (secret) short");
    }

    #[test]
    fn a_long_message_is_cut_and_what_is_cut_is_counted() {
        let text = "é".repeat(LONGEST);
        assert_eq!(told(&text), text);
        let told = told(&format!("{text}abc"));
        assert!(told.ends_with("é… (3 more)"), "{told}");
    }
}
